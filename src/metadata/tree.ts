/** What a path of the metadata service leads to. */
export type Node = Leaf | Directory | Unavailable;

/** A document. */
export interface Leaf {
  readonly kind: 'leaf';
  readonly type: string;
  readonly body: string | Buffer;
}

/** Its document is the list of its entries. */
export interface Directory {
  readonly kind: 'directory';
  readonly entries: ReadonlyMap<string, Node>;
  readonly label: Label;
}

/** What is there but cannot be told now. No list has it, so that whoever reads all that is listed gets the rest. */
export interface Unavailable {
  readonly kind: 'unavailable';
}

/** How a list writes an entry. */
export type Label = (name: string, entry: Node) => string;

/** A directory; entries that are undefined are left out. Lists write other directories with a slash, as EC2 does. */
export function directory(
  entries: Readonly<Record<string, Node | undefined>>,
  label: Label = (name, { kind }) => (kind === 'directory' ? `${name}/` : name),
): Directory {
  const present = Object.entries(entries).filter((entry): entry is [string, Node] => entry[1] !== undefined);
  return { kind: 'directory', entries: new Map(present), label };
}

/** A document of plain text. */
export const text = (body: string): Leaf => ({ kind: 'leaf', type: 'text/plain; charset=utf-8', body });

/** A document in JSON. */
export const json = (value: unknown): Leaf => ({
  kind: 'leaf',
  type: 'application/json',
  body: JSON.stringify(value),
});

/** A document of which nothing is known but its bytes. */
export const bytes = (body: Buffer): Leaf => ({ kind: 'leaf', type: 'application/octet-stream', body });

export const unavailable: Unavailable = { kind: 'unavailable' };

/** What is at the path below a directory; undefined when nothing is. An empty path is the directory itself. */
export function find(from: Node, path: readonly string[]): Node | undefined {
  const [name, ...rest] = path;
  if (name === undefined) return from;
  if (from.kind === 'unavailable') return from;
  const next = from.kind === 'directory' ? from.entries.get(name) : undefined;
  return next === undefined ? undefined : find(next, rest);
}

/** The names in a directory, one a line. */
export function listing({ entries, label }: Directory): Leaf {
  const shown = [...entries].filter(([, { kind }]) => kind !== 'unavailable');
  return text(shown.map(([name, entry]) => label(name, entry)).join('\n'));
}
