/**
 * The only file that uses the CEL library (@marcbachmann/cel-js): environments with the functions of
 * Kubernetes and the types of a schema, and compiled expressions.
 *
 * Source of the features of CRD rules: Kubernetes documentation, "Common Expression Language in Kubernetes",
 * and k8s.io/apiserver/pkg/cel. Features that the library lacks (two-variable comprehensions, quantities,
 * URLs) are rejected when a CRD is written. They are never evaluated differently.
 */
import {
  Environment,
  EvaluationError,
  Optional,
  ParseError,
  TypeError as CelTypeError,
  type ASTNode,
} from '@marcbachmann/cel-js';
import { goRegExp } from '../schema/go-regexp.ts';
import {
  Cidr,
  celFunctions,
  Ip,
  IpNamespace,
  ipNamespace,
  JOIN_ITEMS,
  RE2_MATCHES,
  STRICT_INT,
} from './functions.ts';
import { celEquals } from './values.ts';

/**
 * An expression does not compile or cannot be evaluated. The message is that of cel-go where clients depend
 * on it.
 */
export class CelError extends Error {
  readonly code = 'CEL';
}

/** A compiled expression over `self` and `oldSelf`. */
export interface CompiledExpression {
  readonly usesOldSelf: boolean;
  /**
   * @param oldSelf undefined when there is no old value. An optional expression then sees `optional.none()`
   * @throws CelError when evaluation fails (`no such key: x`)
   */
  evaluate(self: unknown, oldSelf: unknown): unknown;
}

/** The values of an object type: a map from (escaped) field names to values. Absent fields have no entry. */
export type ObjectValue = Map<string, unknown>;

const base = baseEnvironment();

function baseEnvironment(): Environment {
  const env = new Environment({ enableOptionalTypes: true, homogeneousAggregateLiterals: true });
  env.registerType('net.IP', { ctor: Ip, fields: {} });
  env.registerType('net.CIDR', { ctor: Cidr, fields: {} });
  env.registerType('IpNamespace', { ctor: IpNamespace, fields: {} });
  env.registerConstant('ip', 'IpNamespace', ipNamespace);
  for (const [signature, handler] of celFunctions) env.registerFunction(signature, handler, { async: false });
  for (const type of ['net.IP', 'net.CIDR']) env.registerOperator(`${type} == ${type}`, celEquals);
  return env;
}

/** The types of one schema, and the expressions that are compiled with them. */
export class CelScope {
  readonly #types = base.clone();
  readonly #fields = new Map<string, ReadonlyMap<string, string>>();
  readonly #environments = new Map<string, Environment>();

  /**
   * Declares an object type. All types must be declared before the first expression is compiled.
   *
   * @param fields the CEL types by escaped field name
   * @returns the name of the type and the class of its values
   */
  declareObject(fields: ReadonlyMap<string, string>): { name: string; Value: new () => ObjectValue } {
    const name = `Object${this.#fields.size}`;
    const Value = class extends Map<string, unknown> {};
    this.#types.registerType(name, { ctor: Value, fields: Object.fromEntries(fields) });
    this.#types.registerOperator(`${name} == ${name}`, celEquals);
    this.#fields.set(name, fields);
    return { name, Value };
  }

  /**
   * Compiles an expression whose `self` and `oldSelf` have the type `selfType`.
   *
   * @param result the required type of the result
   * @param optionalOldSelf true when `oldSelf` is an optional
   * @throws CelError with the error of the compiler
   */
  compile(
    expression: string,
    selfType: string,
    result: 'bool' | 'string',
    optionalOldSelf = false,
  ): CompiledExpression {
    try {
      const parsed = this.#environment(selfType, optionalOldSelf).parse(expression);
      let usesOldSelf = false;
      walk(parsed.ast, (node) => {
        if (node.op === 'id' && node.args === 'oldSelf') usesOldSelf = true;
        if (node.op === 'call' && node.args[0] === 'has') this.#checkHas(node.args[1][0], selfType);
        if (node.op === 'call' && node.args[0] === 'int') node.args[0] = STRICT_INT;
        if (node.op === 'rcall') adaptMethod(node.args);
      });
      const checked = parsed.check();
      if (!checked.valid) throw checked.error ?? new CelError('the expression does not type-check');
      if (checked.type !== result && checked.type !== 'dyn') {
        throw new CelError(`must evaluate to a ${result}`);
      }
      return { usesOldSelf, evaluate: (self, oldSelf) => evaluate(parsed, self, oldSelf, optionalOldSelf) };
    } catch (error) {
      throw asCelError(error);
    }
  }

  #environment(selfType: string, optionalOldSelf: boolean): Environment {
    const key = `${optionalOldSelf ? 'optional ' : ''}${selfType}`;
    let env = this.#environments.get(key);
    if (env === undefined) {
      env = this.#types.clone();
      env.registerVariable('self', selfType);
      env.registerVariable('oldSelf', optionalOldSelf ? `optional<${selfType}>` : selfType);
      this.#environments.set(key, env);
    }
    return env;
  }

  /**
   * Checks the argument of has(), because the library accepts any name. A field of `self` that the schema
   * does not have is an error in the rule.
   *
   * @returns the type of the selected field, or undefined when the type is unknown (iteration variables,
   * maps)
   */
  #checkHas(selected: ASTNode | undefined, selfType: string): string | undefined {
    if (selected?.op === 'id')
      return selected.args === 'self' || selected.args === 'oldSelf' ? selfType : undefined;
    if (selected?.op !== '.') return undefined;
    const [target, field] = selected.args;
    const owner = this.#checkHas(target, selfType);
    const fields = owner === undefined ? undefined : this.#fields.get(owner);
    if (fields?.has(field) === false) throw new CelError(`undefined field '${field}'`);
    return fields?.get(field);
  }
}

type Parsed = ReturnType<Environment['parse']>;

function evaluate(parsed: Parsed, self: unknown, oldSelf: unknown, optionalOldSelf: boolean): unknown {
  try {
    const old = optionalOldSelf ? (oldSelf === undefined ? Optional.none() : Optional.of(oldSelf)) : oldSelf;
    return parsed({ self, oldSelf: old });
  } catch (error) {
    throw asCelError(error);
  }
}

/** Converts a method call to the dialect of Kubernetes before the type check. */
function adaptMethod(call: [method: string, receiver: ASTNode, args: ASTNode[]]): void {
  const [method, receiver, args] = call;
  if (method === 'bind' && receiver.op === 'id' && receiver.args === 'cel') {
    throw new CelError("undeclared reference to 'cel' (in container '')");
  }
  if (method === 'join') call[0] = JOIN_ITEMS;
  if (method !== 'matches') return;
  call[0] = RE2_MATCHES;
  const pattern = args[0];
  if (pattern?.op !== 'value' || typeof pattern.args !== 'string') return;
  try {
    goRegExp(pattern.args);
  } catch (error) {
    throw new CelError('invalid matches argument', { cause: error });
  }
}

/** Visits every node of an expression once. */
function walk(node: unknown, visit: (node: ASTNode) => void): void {
  if (Array.isArray(node)) {
    for (const item of node) walk(item, visit);
  } else if (typeof node === 'object' && node !== null && 'op' in node && 'args' in node) {
    visit(node as ASTNode);
    walk(node.args, visit);
  }
}

/** Converts an error of the library to the message of cel-go, for common errors. */
function asCelError(error: unknown): CelError {
  if (error instanceof CelError) return error;
  if (!(error instanceof ParseError || error instanceof CelTypeError || error instanceof EvaluationError)) {
    return new CelError(error instanceof Error ? error.message : String(error), { cause: error });
  }
  const text = error.summary;
  const known = /^(No such key|Unknown variable): (.*)$/s.exec(text);
  const name = known?.[2] ?? '';
  const index = /^index out of bounds, index (-?\d+)/.exec(name)?.[1];
  let message = text;
  if (known?.[1] === 'Unknown variable') message = `undeclared reference to '${name}' (in container '')`;
  else if (index !== undefined) message = `index out of bounds: ${index}`;
  else if (known !== null)
    message = error instanceof CelTypeError ? `undefined field '${name}'` : `no such key: ${name}`;
  return new CelError(message, { cause: error });
}
