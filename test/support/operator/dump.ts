/** What of the Northbound database counts when two of its states are compared. */
import type { NbRow, Plain } from './northbound.ts';

const clusterMark = 'overlay-network/cluster';
const ownerMark = 'overlay-network/owner';
const uidMark = 'overlay-network/uid';

/** Columns that ovn-northd, ovn-nbctl or the fence write at times of their own. */
const ownLife: Readonly<Record<string, readonly string[]>> = {
  NB_Global: [
    'nb_cfg',
    'nb_cfg_timestamp',
    'sb_cfg',
    'sb_cfg_timestamp',
    'hv_cfg',
    'hv_cfg_timestamp',
    'options',
    'external_ids',
  ],
  Logical_Switch_Port: ['up', 'dynamic_addresses', 'tag'],
  Logical_Router_Port: ['ipv6_prefix', 'status'],
};

const externalIds = ({ columns }: NbRow): Readonly<Record<string, Plain>> =>
  (columns['external_ids'] ?? {}) as Readonly<Record<string, Plain>>;

/** The value of one of our marks on a row. */
export const markOf = (row: NbRow, mark: 'owner' | 'uid' | 'cluster'): string | undefined =>
  externalIds(row)[`overlay-network/${mark}`] as string | undefined;

/** Rows with this cluster's mark. */
export const ours = (rows: readonly NbRow[], cluster = 'default'): NbRow[] =>
  rows.filter((row) => externalIds(row)[clusterMark] === cluster);

/** Rows of everybody else. `NB_Global`, which belongs to all, is not among them. */
export const foreign = (rows: readonly NbRow[], cluster = 'default'): NbRow[] =>
  rows.filter((row) => externalIds(row)[clusterMark] !== cluster && row.table !== 'NB_Global');

/** The rows without what changes by itself: two dumps are equal when the databases say the same. */
export function settled(rows: readonly NbRow[]): Omit<NbRow, 'version'>[] {
  return rows.map(({ table, uuid, columns }) => ({
    table,
    uuid,
    columns: Object.fromEntries(
      Object.entries(columns).filter(([column]) => !ownLife[table]?.includes(column)),
    ),
  }));
}

/** A name for each UUID, so that two runs in which the server chose other UIDs can be compared. */
export type Names = ReadonlyMap<string, string>;

/**
 * Gives rows names by what they say: table, owner, and their place among the owner's rows of that table when sorted
 * by content. `objectNames` has the names of UIDs, and of whatever else is computed from them.
 */
export function rowNames(rows: readonly NbRow[], objectNames: Names): Names {
  const known = new Set(rows.map(({ uuid }) => uuid));
  const groups = new Map<string, { uuid: string; content: string }[]>();
  for (const row of settled(rows)) {
    const owner = (row.columns['external_ids'] as Record<string, Plain> | undefined)?.[ownerMark];
    const group = `${row.table} of ${typeof owner === 'string' ? owner : 'nobody'}`;
    const content = renamed(
      JSON.stringify(row.columns, (_key, value: unknown) => (known.has(value as string) ? '-' : value)),
      objectNames,
    );
    groups.set(group, [...(groups.get(group) ?? []), { uuid: row.uuid, content }]);
  }
  return new Map(
    [...groups].flatMap(([group, members]) =>
      members
        .sort((a, b) => (a.content < b.content ? -1 : 1))
        .map(({ uuid }, index) => [uuid, `<${group}, ${index}>`] as const),
    ),
  );
}

/** UUIDs, also as they stand in OVN's names, with underscores; and MAC addresses. */
const identifiers =
  /[0-9a-f]{8}([-_])(?:[0-9a-f]{4}\1){3}[0-9a-f]{12}|(?<![0-9a-f:])(?:[0-9a-f]{2}:){5}[0-9a-f]{2}(?![0-9a-f:])/g;

/** The text with every name in place of the UUID or MAC address that has one. */
export function renamed(text: string, names: Names): string {
  return text.replace(identifiers, (found) => names.get(found.replaceAll('_', '-')) ?? found);
}

export const marks = { clusterMark, ownerMark, uidMark };
