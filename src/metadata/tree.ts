/** The node at a path of the metadata service. */
export type Node = Leaf | Directory | Unavailable;

/** A document. */
export interface Leaf {
  readonly kind: 'leaf';
  readonly type: string;
  readonly body: string | Buffer;
}

/** A directory. Its document is the list of its entries. */
export interface Directory {
  readonly kind: 'directory';
  readonly entries: ReadonlyMap<string, Node>;
  readonly label: Label;
}

/**
 * A document that cannot be read now. Lists omit it, so that clients that read all listed documents get the others.
 */
export interface Unavailable {
  readonly kind: 'unavailable';
}

/** Formats an entry in a list. */
type Label = (name: string, entry: Node) => string;

/**
 * Returns a directory without the undefined entries. By default, lists have a slash after the names of directories,
 * as in EC2.
 */
export function directory(
  entries: Readonly<Record<string, Node | undefined>>,
  label: Label = (name, { kind }) => (kind === 'directory' ? `${name}/` : name),
): Directory {
  const present = Object.entries(entries).filter((entry): entry is [string, Node] => entry[1] !== undefined);
  return { kind: 'directory', entries: new Map(present), label };
}

/** Returns a plain text document. */
export const text = (body: string): Leaf => ({ kind: 'leaf', type: 'text/plain; charset=utf-8', body });

/** Returns a JSON document. */
export const json = (value: unknown): Leaf => ({
  kind: 'leaf',
  type: 'application/json',
  body: JSON.stringify(value),
});

/** Returns a binary document. */
export const bytes = (body: Buffer): Leaf => ({ kind: 'leaf', type: 'application/octet-stream', body });

export const unavailable: Unavailable = { kind: 'unavailable' };

/** Returns the node at a path below a node, or undefined. An empty path returns the node itself. */
export function find(from: Node, path: readonly string[]): Node | undefined {
  const [name, ...rest] = path;
  if (name === undefined) return from;
  if (from.kind === 'unavailable') return from;
  const next = from.kind === 'directory' ? from.entries.get(name) : undefined;
  return next === undefined ? undefined : find(next, rest);
}

/** Returns the list of a directory, one entry on each line. */
export function listing({ entries, label }: Directory): Leaf {
  const shown = [...entries].filter(([, { kind }]) => kind !== 'unavailable');
  return text(shown.map(([name, entry]) => label(name, entry)).join('\n'));
}
