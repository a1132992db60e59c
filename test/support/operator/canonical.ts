/** One text for what a cluster has come to, in which nothing is left of what the server chose. */
import { computeMac } from '../../../src/api/index.ts';
import { markOf, renamed, rowNames, settled } from './dump.ts';
import type { NbRow } from './northbound.ts';
import { fateOf, type Seen } from './objects.ts';

/**
 * Statuses and rows as text: UIDs, and what is computed from them, have the names of their objects; with
 * `maskAllocated` so have the addresses that Ports did not ask for.
 */
export function canonical(
  objects: ReadonlyMap<string, Seen>,
  rows: readonly NbRow[],
  { maskAllocated }: { readonly maskAllocated: boolean },
): string {
  const names = new Map(
    [...objects].flatMap(
      ([
        id,
        {
          metadata: { uid },
        },
      ]) => namesOf(id, uid),
    ),
  );
  // Rows of objects that are gone should not be there, and must not look like others.
  for (const row of rows) {
    const uid = markOf(row, 'uid') ?? '';
    if (!names.has(uid)) for (const [value, name] of namesOf('gone', uid)) names.set(value, name);
  }
  const state = {
    statuses: Object.fromEntries([...objects].map(([id, object]) => [id, fateOf(object)])),
    rows: settled(rows),
  };
  const text = renamed(JSON.stringify(state), new Map([...names, ...rowNames(rows, names)]));
  return inOrder(maskAllocated ? withoutAllocated(text, objects) : text);
}

/** Names of an object's UID and of the MAC addresses that are computed from it. */
function namesOf(id: string, uid: string): (readonly [string, string])[] {
  return [
    [uid, `<${id}>`],
    [computeMac(uid, 'lsp'), `<mac of ${id}>`],
    [computeMac(uid, 'gateway'), `<gateway's mac of ${id}>`],
    [computeMac(uid, 'metadata'), `<metadata service's mac of ${id}>`],
  ];
}

/** The text with the addresses of Ports that name none in their spec taken out. */
function withoutAllocated(text: string, objects: ReadonlyMap<string, Seen>): string {
  const allocated = [...objects].flatMap(([id, { kind, spec, status }]) =>
    kind === 'Port' && spec['ipAddress'] === undefined && typeof status?.['ipAddress'] === 'string'
      ? [[status['ipAddress'], `<address of ${id}>`] as const]
      : [],
  );
  return allocated.reduce(
    (result, [address, name]) =>
      result.replace(new RegExp(`(?<![\\d.])${address.replaceAll('.', '\\.')}(?!\\d)`, 'g'), name),
    text,
  );
}

/** JSON with sorted sets and rows, one a line, since names sort otherwise than what they stand for. */
function inOrder(json: string): string {
  const { statuses, rows } = JSON.parse(json, (_key, value: unknown) => {
    if (Array.isArray(value)) {
      const items: readonly unknown[] = value;
      return items.every((item) => typeof item === 'string') ? items.toSorted() : items;
    }
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
  }) as { statuses: Record<string, unknown>; rows: { uuid: string }[] };
  const lines = rows.toSorted((a, b) => (a.uuid < b.uuid ? -1 : 1)).map((row) => JSON.stringify(row));
  const objects = Object.entries(statuses).map(([id, fate]) => `${id}: ${JSON.stringify(fate)}`);
  return [...objects, ...lines].join('\n');
}
