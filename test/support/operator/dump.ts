/** Functions that compare two states of the Northbound database. */
import type { NbRow, Plain } from './northbound.ts';

const clusterMark = 'overlay-network/cluster';
const ownerMark = 'overlay-network/owner';

/** Columns that ovn-northd, ovn-nbctl or the fence write at any time. */
const volatileColumns: Readonly<Record<string, readonly string[]>> = {
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

/** The value of a mark of the operator on a row. */
export const markOf = (row: NbRow, mark: 'owner' | 'uid' | 'cluster'): string | undefined =>
  externalIds(row)[`overlay-network/${mark}`] as string | undefined;

/** The rows with the mark of this cluster. */
export const managedRows = (rows: readonly NbRow[], cluster = 'default'): NbRow[] =>
  rows.filter((row) => externalIds(row)[clusterMark] === cluster);

/** The rows without the mark of this cluster, except for the shared table `NB_Global`. */
export const foreignRows = (rows: readonly NbRow[], cluster = 'default'): NbRow[] =>
  rows.filter((row) => externalIds(row)[clusterMark] !== cluster && row.table !== 'NB_Global');

/** The rows without versions and volatile columns. Two dumps are equal when the databases have the same content. */
export function stableContent(rows: readonly NbRow[]): Omit<NbRow, 'version'>[] {
  return rows.map(({ table, uuid, columns }) => ({
    table,
    uuid,
    columns: Object.fromEntries(
      Object.entries(columns).filter(([column]) => !volatileColumns[table]?.includes(column)),
    ),
  }));
}

/** A name for each UUID, so that two runs with different UIDs can be compared. */
export type Names = ReadonlyMap<string, string>;

/**
 * Assigns each row a name that depends on its content: the table, the owner, and the index among the owner's rows of the
 * table, sorted by content. `objectNames` contains the names of UIDs and of values that are computed from UIDs.
 */
export function rowNames(rows: readonly NbRow[], objectNames: Names): Names {
  const known = new Set(rows.map(({ uuid }) => uuid));
  const groups = new Map<string, { uuid: string; content: string }[]>();
  for (const row of stableContent(rows)) {
    const owner = (row.columns['external_ids'] as Record<string, Plain> | undefined)?.[ownerMark];
    const group = `${row.table} of ${typeof owner === 'string' ? owner : 'no owner'}`;
    const content = withNames(
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

/** UUIDs (with dashes, or with underscores as in OVN's names) and MAC addresses. */
const identifiers =
  /[0-9a-f]{8}([-_])(?:[0-9a-f]{4}\1){3}[0-9a-f]{12}|(?<![0-9a-f:])(?:[0-9a-f]{2}:){5}[0-9a-f]{2}(?![0-9a-f:])/g;

/** The text with a name in place of each UUID and MAC address that has a name. */
export function withNames(text: string, names: Names): string {
  return text.replace(identifiers, (found) => names.get(found.replaceAll('_', '-')) ?? found);
}
