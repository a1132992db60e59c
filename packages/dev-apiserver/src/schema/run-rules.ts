/**
 * Runs the CEL rules of a schema on objects that are valid otherwise.
 * Source: apiextensions-apiserver/pkg/apiserver/schema/cel/validation.go.
 */
import type { CompiledExpression, Interned } from '../cel/index.ts';
import { cause, duplicate, forbidden, invalid, OMITTED, required, type StatusCause } from './field-error.ts';
import { deepEqual, get, isObject, type Json } from './json.ts';
import type { FieldPath } from './path.ts';
import type { RuleTree } from './rules.ts';
import type { RuleSpec, SchemaNode } from './structural.ts';
import { correlatedItems } from './validate.ts';

/**
 * Runs the rules on a value and on everything below it.
 *
 * @param old the value before an update. Transition rules run only when it exists
 * @param unchanged the value is unchanged, or is part of an unchanged value. Then only transition rules can
 * fail
 */
export function runRules(
  value: Json,
  tree: RuleTree,
  old: Json | undefined,
  unchanged: boolean,
  path: FieldPath,
  causes: StatusCause[],
): void {
  if (value === null) return;
  const previous = old ?? undefined;
  if (tree.rules.length > 0) runOwn(value, tree, previous, unchanged, path, causes);
  if (Array.isArray(value)) {
    const { items } = tree;
    if (items === undefined) return;
    const correlate = correlatedItems(tree.node, previous);
    value.forEach((item, index) => {
      const before = correlate(item);
      runRules(item, items, before, isUnchanged(item, before, unchanged), path.key(index), causes);
      path.up();
    });
  } else if (isObject(value)) {
    for (const [key, inner] of Object.entries(value)) {
      const property = tree.properties.get(key);
      const below = property ?? tree.additionalProperties;
      if (below === undefined) continue;
      const before = isObject(previous) ? get(previous, key) : undefined;
      if (property === undefined) path.key(key);
      else path.child(key);
      runRules(inner, below, before, isUnchanged(inner, before, unchanged), path, causes);
      path.up();
    }
  }
}

const isUnchanged = (value: Json, old: Json | undefined, parentUnchanged: boolean): boolean =>
  parentUnchanged || (old !== undefined && deepEqual(value, old));

function runOwn(
  value: Json,
  tree: RuleTree,
  old: Json | undefined,
  unchanged: boolean,
  path: FieldPath,
  causes: StatusCause[],
): void {
  const interned: Interned = new Map();
  const self = tree.type.convert(value, interned);
  const oldSelf = old === undefined ? undefined : tree.type.convert(old, interned);
  for (const { spec, program, message } of tree.rules) {
    if (program.usesOldSelf && oldSelf === undefined && spec.optionalOldSelf !== true) continue;
    try {
      if (program.evaluate(self, oldSelf) === true) continue;
    } catch (error) {
      const detail = evaluationFailure(error instanceof Error ? error.message : String(error), spec);
      causes.push(invalid(path.toString(), tree.node.type, detail));
      continue;
    }
    if (unchanged && !program.usesOldSelf) continue;
    causes.push(failure(spec, messageOf(spec, message, self, oldSelf), value, tree.node, path));
  }
}

function evaluationFailure(message: string, spec: RuleSpec): string {
  if (!message.startsWith('no such overload')) return `${message} evaluating rule: ${ruleName(spec)}`;
  const explanation = 'call arguments did not match a supported operator, function or macro signature';
  return `'${message}': ${explanation} for rule: ${ruleName(spec)}`;
}

/** Returns the name of a rule in messages: its message, or the rule itself. */
const ruleName = (spec: RuleSpec): string => (spec.message ?? spec.rule).trim();

function messageOf(
  spec: RuleSpec,
  expression: CompiledExpression | undefined,
  self: unknown,
  oldSelf: unknown,
): string {
  if (expression !== undefined) {
    try {
      const text = expression.evaluate(self, oldSelf);
      const trimmed = typeof text === 'string' ? text.trim() : '';
      if (trimmed !== '' && trimmed.length <= 5120 && !trimmed.includes('\n')) return trimmed;
    } catch {
      // A real server also falls back to the plain message.
    }
  }
  return spec.message === undefined || spec.message === ''
    ? `failed rule: ${spec.rule.trim()}`
    : spec.message.trim();
}

function failure(
  spec: RuleSpec,
  detail: string,
  value: Json,
  node: SchemaNode,
  path: FieldPath,
): StatusCause {
  const field = joinFieldPath(path.toString(), spec.fieldPath);
  const shown = node.type === 'object' || node.type === 'array' ? OMITTED : value;
  switch (spec.reason) {
    case 'FieldValueForbidden':
      return forbidden(field, detail);
    case 'FieldValueRequired':
      return required(field, detail);
    case 'FieldValueDuplicate':
      return duplicate(field, shown);
    default:
      return cause('FieldValueInvalid', field, shown, detail);
  }
}

/** Joins paths as a real server does: `.a['b.c']` below `spec` is `spec.a[b.c]`. */
function joinFieldPath(base: string, fieldPath: string | undefined): string {
  if (fieldPath === undefined || fieldPath === '') return base;
  const below = fieldPath.replace(
    /\['((?:[^'\\]|\\.)*)'\]/g,
    (_match, key: string) => `.${key.replace(/\\(.)/g, '$1')}`,
  );
  return `${base}${below}`.replace(/^\./, '');
}
