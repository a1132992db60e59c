/** The state of a cluster as text without values that the API server chose, so that two runs can be compared. */
import { computeMac, firstAddress, formatAddress, mustParseCidr } from '../../../src/api/index.ts';
import { markOf, withNames, rowNames, stableContent } from './dump.ts';
import type { NbRow } from './northbound.ts';
import { outcomeOf, type TestObject } from './objects.ts';

/**
 * Formats statuses and rows as text. UIDs, and values that are computed from UIDs, are replaced by names of their
 * objects. With `maskAllocated`, allocated addresses are replaced too.
 */
export function canonical(
  objects: ReadonlyMap<string, TestObject>,
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
  // Rows of deleted objects must not exist. A name of their own distinguishes them from other rows.
  for (const row of rows) {
    const uid = markOf(row, 'uid') ?? '';
    if (!names.has(uid)) for (const [value, name] of namesOf('gone', uid)) names.set(value, name);
  }
  const state = {
    statuses: Object.fromEntries([...objects].map(([id, object]) => [id, outcomeOf(object)])),
    rows: stableContent(rows),
  };
  const text = withNames(JSON.stringify(state), new Map([...names, ...rowNames(rows, names)]));
  const addresses = [...objects].flatMap(([id, object]) => [
    ...linkOf(object),
    ...(maskAllocated ? allocatedTo(id, object) : []),
  ]);
  return inOrder(addresses.reduce(masked, text));
}

/** The row without the priority of a chassis, which is a hash of a UID. */
function withoutRank(row: NbRow): NbRow {
  return row.table === 'HA_Chassis' ? { ...row, columns: { ...row.columns, priority: '<rank>' } } : row;
}

/** The names for an object's UID and for the MAC addresses that are computed from the UID. */
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

/** An address or a network, and the text that replaces it. */
type Mask = readonly [text: string, name: string];

/** Masks the two addresses on the link of a peering. The UIDs determine which side has which address. */
function linkOf({ status }: TestObject): Mask[] {
  const link = status?.['linkCIDR'];
  if (typeof link !== 'string') return [];
  const { family, value } = firstAddress(mustParseCidr(link));
  return [1n, 2n].map((nth) => [formatAddress({ family, value: value + nth }), '<address on a link>']);
}

/** Masks an address that was allocated, not specified. The order of events determines which free address is allocated. */
function allocatedTo(id: string, { kind, spec, status }: TestObject): Mask[] {
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

/** Replaces complete addresses only, not 10.0.0.1 in 10.0.0.10. */
const masked = (text: string, [address, name]: Mask): string =>
  text.replace(new RegExp(`(?<![\\d.])${address.replaceAll('.', '\\.')}(?!\\d)`, 'g'), name);

/** Formats JSON with one row per line, and sorts sets and rows again, because names have another order than UIDs. */
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
