import { defaultsOf } from './generated/index.ts';

/** Default values of a schema: of the field itself, then of its properties. Lists have none inside. */
export interface DefaultsTree {
  readonly default?: unknown;
  readonly properties?: Readonly<Record<string, DefaultsTree>>;
}

const trees = new Map<string, DefaultsTree>(Object.entries(defaultsOf));

/**
 * The object with the defaults of its kind's schema filled in, as the API server does on every read and write. For
 * objects that did not come from one (examples in tests), so that generated types hold. The argument is not changed.
 */
export function withDefaults<T extends { readonly kind: string }>(object: T): T {
  const tree = trees.get(object.kind);
  return tree === undefined ? object : (fill(object, tree) as T);
}

function fill(value: unknown, tree: DefaultsTree): unknown {
  // null is dropped before defaulting, as the API server does for fields that are not nullable.
  const filled = value === undefined || value === null ? structuredClone(tree.default) : value;
  if (typeof filled !== 'object' || filled === null || tree.properties === undefined) return filled;
  const result: Record<string, unknown> = { ...filled };
  for (const [name, below] of Object.entries(tree.properties)) {
    const field = fill(result[name], below);
    if (field !== undefined) result[name] = field;
  }
  return result;
}
