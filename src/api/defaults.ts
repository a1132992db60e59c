import { defaultsOf } from './generated/index.ts';

/** The default values of a schema: of the field and of its properties. Items of lists have no defaults. */
interface DefaultsTree {
  readonly default?: unknown;
  readonly properties?: Readonly<Record<string, DefaultsTree>>;
}

const trees = new Map<string, DefaultsTree>(Object.entries(defaultsOf));

/**
 * Returns the object with the defaults of the schema of its kind, as the API server fills them in on each read and
 * write. Objects that no API server has read (examples in tests) need the defaults to satisfy the generated types. The
 * function does not change its argument.
 */
export function withDefaults<T extends { readonly kind: string }>(object: T): T {
  const tree = trees.get(object.kind);
  return tree === undefined ? object : (fill(object, tree) as T);
}

function fill(value: unknown, tree: DefaultsTree): unknown {
  // The API server drops null before it fills in defaults, for fields that are not nullable.
  const filled = value === undefined || value === null ? structuredClone(tree.default) : value;
  if (typeof filled !== 'object' || filled === null || tree.properties === undefined) return filled;
  const result: Record<string, unknown> = { ...filled };
  for (const [name, below] of Object.entries(tree.properties)) {
    const field = fill(result[name], below);
    if (field !== undefined) result[name] = field;
  }
  return result;
}
