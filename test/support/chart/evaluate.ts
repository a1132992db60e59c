/** Evaluates parsed templates. */
import type { Node, Operand, Pipeline } from './template.ts';

/** The functions that templates may call, with the same arguments as in Go. */
export type Functions = Readonly<Record<string, (...args: unknown[]) => unknown>>;

type Scope = Map<string, unknown>;

/** Whether Go treats a value as true, that is, as not empty. */
export const isTrue = (value: unknown): boolean =>
  Array.isArray(value)
    ? value.length > 0
    : typeof value === 'object' && value !== null
      ? Object.keys(value).length > 0
      : Boolean(value);

/**
 * Evaluates `nodes` with `root` as the dot and returns the text.
 * @throws Error for a value that cannot be printed or called
 */
export function evaluate(nodes: readonly Node[], root: unknown, functions: Functions): string {
  return new Evaluation(functions).nodes(nodes, root, new Map([['$', root]]));
}

class Evaluation {
  readonly #functions: Functions;

  constructor(functions: Functions) {
    this.#functions = functions;
  }

  nodes(nodes: readonly Node[], dot: unknown, scope: Scope): string {
    return nodes.map((node) => this.#node(node, dot, scope)).join('');
  }

  #node(node: Node, dot: unknown, scope: Scope): string {
    if (node.type === 'text') return node.text;
    if (node.type === 'range') return this.#range(node, dot, scope);
    const value = this.#pipeline(node.pipeline, dot, scope);
    if (node.type === 'print') return node.pipeline.assign === undefined ? print(value) : '';
    const inner = new Map(scope);
    if (!isTrue(value)) return this.nodes(node.other, dot, inner);
    return this.nodes(node.body, node.type === 'with' ? value : dot, inner);
  }

  #range(node: Node & { type: 'range' }, dot: unknown, scope: Scope): string {
    const value = this.#pipeline(node.pipeline, dot, scope);
    if (!isTrue(value)) return this.nodes(node.other, dot, new Map(scope));
    const entries = Object.entries(value as object);
    // Go iterates over the keys of a map in sorted order.
    if (!Array.isArray(value)) entries.sort(([a], [b]) => (a < b ? -1 : 1));
    return entries
      .map(([key, element]) => {
        const inner = new Map(scope);
        const values =
          node.variables.length === 2 ? [Array.isArray(value) ? Number(key) : key, element] : [element];
        for (const [index, name] of node.variables.entries()) inner.set(name, values[index]);
        return this.nodes(node.body, element, inner);
      })
      .join('');
  }

  #pipeline({ commands, assign }: Pipeline, dot: unknown, scope: Scope): unknown {
    let result: unknown;
    for (const [index, command] of commands.entries())
      result = this.#command(command, index === 0 ? [] : [result], dot, scope);
    if (assign !== undefined) scope.set(assign, result);
    return result;
  }

  #command(
    [callee, ...operands]: readonly Operand[],
    last: readonly unknown[],
    dot: unknown,
    scope: Scope,
  ): unknown {
    const args = [...operands.map((operand) => this.#operand(operand, [], dot, scope)), ...last];
    return this.#operand(callee!, args, dot, scope);
  }

  #operand(operand: Operand, args: readonly unknown[], dot: unknown, scope: Scope): unknown {
    if (operand.type === 'function') {
      const called = Object.hasOwn(this.#functions, operand.name) ? this.#functions[operand.name] : undefined;
      if (called === undefined) throw new Error(`the function ${operand.name} is not in the chart's subset`);
      return called(...args);
    }
    let value = this.#start(operand, dot, scope);
    for (const name of operand.path) value = fieldOf(value, name);
    if (typeof value === 'function') return (value as (...args: readonly unknown[]) => unknown)(...args);
    if (args.length > 0) throw new Error(`.${operand.path.join('.')} is not a function`);
    return value;
  }

  #start(operand: Exclude<Operand, { type: 'function' }>, dot: unknown, scope: Scope): unknown {
    switch (operand.type) {
      case 'dot':
        return dot;
      case 'literal':
        return operand.value;
      case 'group':
        return this.#pipeline(operand.pipeline, dot, scope);
      case 'variable':
        if (!scope.has(operand.name)) throw new Error(`${operand.name} is not defined`);
        return scope.get(operand.name);
    }
  }
}

function fieldOf(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null) throw new Error(`.${name}: the value has no fields`);
  return Object.hasOwn(value, name) ? (value as Record<string, unknown>)[name] : undefined;
}

function print(value: unknown): string {
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean')
    return String(value);
  throw new Error(`cannot print a value that is missing or not a scalar: ${JSON.stringify(value)}`);
}
