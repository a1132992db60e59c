/** One text for what a cluster has come to, in which nothing is left of what the server chose. */
import { computeMac, firstAddress, formatAddress, mustParseCidr } from '../../../src/api/index.ts';
import { markOf, renamed, rowNames, settled } from './dump.ts';
import type { NbRow } from './northbound.ts';
import { fateOf, type Seen } from './objects.ts';

/**
 * Statuses and rows as text: UIDs, and what is computed from them, have the names of their objects; with
 * `maskAllocated` so have the addresses that nobody asked for by name.
 */
export function canonical(
  objects: ReadonlyMap<string, Seen>,
  allRows: readonly NbRow[],
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
  const rows = allRows.map(withoutRank);
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
  const addresses = [...objects].flatMap(([id, object]) => [
    ...linkOf(object),
    ...(maskAllocated ? allocatedTo(id, object) : []),
  ]);
  return inOrder(addresses.reduce(masked, text));
}

/** The row without the rank of a chassis, which is a hash of a UID. */
function withoutRank(row: NbRow): NbRow {
  return row.table === 'HA_Chassis' ? { ...row, columns: { ...row.columns, priority: '<rank>' } } : row;
}

/** Names of an object's UID and of the MAC addresses that are computed from it. */
function namesOf(id: string, uid: string): (readonly [string, string])[] {
  return [
    [uid, `<${id}>`],
    [computeMac(uid, 'lsp'), `<mac of ${id}>`],
    [computeMac(uid, 'gateway'), `<gateway's mac of ${id}>`],
    [computeMac(uid, 'metadata'), `<metadata service's mac of ${id}>`],
    [computeMac(uid, 'external'), `<mac of ${id} outside>`],
    [computeMac(uid, 'peer'), `<mac of ${id} on its link>`],
  ];
}

/** What stands in place of an address, or of a network. */
type Mask = readonly [text: string, name: string];

/** The two addresses on a peering's link: who has which goes by UIDs. */
function linkOf({ status }: Seen): Mask[] {
  const link = status?.['linkCIDR'];
  if (typeof link !== 'string') return [];
  const { family, value } = firstAddress(mustParseCidr(link));
  return [1n, 2n].map((nth) => [formatAddress({ family, value: value + nth }), '<address on a link>']);
}

/** What an object was given that it did not ask for by name: which of those that are free goes by the order of events. */
function allocatedTo(id: string, { kind, spec, status }: Seen): Mask[] {
  const [gatewayIP] = (status?.['gatewayIPs'] ?? []) as readonly string[];
  const given: Readonly<Record<string, unknown>> = {
    Port: spec['ipAddress'] === undefined ? status?.['ipAddress'] : undefined,
    FloatingIP: spec['address'] === undefined ? status?.['address'] : undefined,
    VPC: gatewayIP,
    VPCPeering: status?.['linkCIDR'],
  };
  const text = given[kind];
  if (typeof text !== 'string') return [];
  return [[text, kind === 'VPCPeering' ? '<link>' : `<address of ${id}>`]];
}

/** Whole addresses only: not 10.0.0.1 in 10.0.0.10. */
const masked = (text: string, [address, name]: Mask): string =>
  text.replace(new RegExp(`(?<![\\d.])${address.replaceAll('.', '\\.')}(?!\\d)`, 'g'), name);

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
