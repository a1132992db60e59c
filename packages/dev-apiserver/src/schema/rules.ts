/**
 * Compiles the CEL rules (`x-kubernetes-validations`) of a schema. run-rules.ts runs them.
 * Source: apiextensions-apiserver/pkg/apiserver/schema/cel/compilation.go.
 */
import { celType, CelError, CelScope, type CelType, type CompiledExpression } from '../cel/index.ts';
import { escapeJson, invalid, Printed, type StatusCause } from './field-error.ts';
import type { FieldPath } from './path.ts';
import type { RuleSpec, SchemaNode } from './structural.ts';

/** The rules of a schema node and of the nodes below it. */
export interface RuleTree {
  readonly node: SchemaNode;
  readonly type: CelType;
  readonly rules: readonly CompiledRule[];
  readonly properties: ReadonlyMap<string, RuleTree>;
  readonly additionalProperties: RuleTree | undefined;
  readonly items: RuleTree | undefined;
}

/** A rule with its compiled expressions. */
export interface CompiledRule {
  readonly spec: RuleSpec;
  readonly program: CompiledExpression;
  readonly message: CompiledExpression | undefined;
}

/**
 * Compiles every rule of a schema.
 *
 * @param path the path of the schema in the CRD, for the causes
 * @param causes receives the errors
 */
export function compileRules(root: SchemaNode, path: FieldPath, causes: StatusCause[]): RuleTree | undefined {
  if (!hasRules(root)) return undefined;
  const scope = new CelScope();
  const planned: (() => void)[] = [];
  const tree = plan(root, true, undefined, { scope, path, causes, planned });
  // All types of the scope are declared at this point.
  for (const compile of planned) compile();
  return tree;
}

function hasRules(node: SchemaNode | true | undefined): boolean {
  if (node === undefined || node === true) return false;
  return (
    node.rules.length > 0 ||
    hasRules(node.items) ||
    hasRules(node.additionalProperties) ||
    [...node.properties.values()].some(hasRules)
  );
}

interface Planning {
  readonly scope: CelScope;
  readonly path: FieldPath;
  readonly causes: StatusCause[];
  readonly planned: (() => void)[];
}

/** @param uncorrelatable the nearest ancestor whose old and new values cannot be matched, if there is one */
function plan(
  node: SchemaNode,
  isResource: boolean,
  uncorrelatable: string | undefined,
  planning: Planning,
): RuleTree | undefined {
  const { scope, path, causes, planned } = planning;
  if (!hasRules(node)) return undefined;
  const type: CelType = celType(node, scope, isResource);
  const rules: CompiledRule[] = [];
  node.rules.forEach((spec, index) => {
    const where = path.child('x-kubernetes-validations').key(index).toString();
    path.up();
    path.up();
    planned.push(() => {
      const rule = compileRule(spec, type.name, scope, where, causes);
      if (rule === undefined) return;
      if (rule.program.usesOldSelf && uncorrelatable !== undefined) {
        const detail = `oldSelf cannot be used on the uncorrelatable portion of the schema within ${uncorrelatable}`;
        causes.push(invalid(`${where}.rule`, spec.rule, detail));
      }
      rules.push(rule);
    });
  });
  const here = path.toString();
  const opaque = uncorrelatable ?? (isCorrelatable(node) ? undefined : here);
  const below = (child: SchemaNode, ...steps: string[]): RuleTree | undefined => {
    const [name = '', key] = steps;
    path.child(name);
    if (key !== undefined) path.key(key);
    const tree = plan(child, child.embeddedResource, opaque, planning);
    for (const _step of steps) path.up();
    return tree;
  };
  const properties = new Map<string, RuleTree>();
  for (const [name, property] of node.properties) {
    const tree = below(property, 'properties', name);
    if (tree !== undefined) properties.set(name, tree);
  }
  const additional = typeof node.additionalProperties === 'object' ? node.additionalProperties : undefined;
  return {
    node,
    type,
    rules,
    properties,
    additionalProperties: additional && below(additional, 'additionalProperties'),
    items: node.items && below(node.items, 'items'),
  };
}

/**
 * Returns true when the old and new members of a value can be matched: items of map lists by their keys, and
 * members of objects that are not atomic.
 */
const isCorrelatable = (node: SchemaNode): boolean =>
  node.type === 'array' ? node.listType === 'map' : node.mapType !== 'atomic';

function compileRule(
  spec: RuleSpec,
  selfType: string,
  scope: CelScope,
  where: string,
  causes: StatusCause[],
): CompiledRule | undefined {
  const compile = (
    part: 'rule' | 'messageExpression',
    result: 'bool' | 'string',
  ): CompiledExpression | undefined => {
    try {
      return scope.compile(spec[part] ?? '', selfType, result, spec.optionalOldSelf === true);
    } catch (error) {
      if (!(error instanceof CelError)) throw error;
      causes.push(invalid(`${where}.${part}`, printRule(spec), compilerMessage(part, error.message)));
      return undefined;
    }
  };
  const program = compile('rule', 'bool');
  const message = spec.messageExpression === undefined ? undefined : compile('messageExpression', 'string');
  if (program === undefined) return undefined;
  if (!program.usesOldSelf && spec.optionalOldSelf !== undefined) {
    const detail = 'may not be set if oldSelf is not used in rule';
    causes.push(invalid(`${where}.optionalOldSelf`, spec.optionalOldSelf, detail));
  }
  return { spec, program, message };
}

function compilerMessage(part: 'rule' | 'messageExpression', message: string): string {
  const subject = part === 'rule' ? 'cel expression' : part;
  if (message.startsWith('must evaluate')) return `${subject} ${message}`;
  return `${part === 'rule' ? '' : `${part} `}compilation failed: ${message}`;
}

/** Formats a rule as a real server prints the Go struct. */
function printRule(spec: RuleSpec): Printed {
  const {
    rule,
    message = '',
    messageExpression = '',
    reason = null,
    fieldPath = '',
    optionalOldSelf = null,
  } = spec;
  const fields = [rule, message, messageExpression, reason, fieldPath, optionalOldSelf];
  const names = ['Rule', 'Message', 'MessageExpression', 'Reason', 'FieldPath', 'OptionalOldSelf'];
  return new Printed(
    escapeJson(JSON.stringify(Object.fromEntries(names.map((name, index) => [name, fields[index]])))),
  );
}
