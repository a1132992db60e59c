import { tableSpec } from '../model/tables.ts';
import type { ColumnSpec } from '../model/tables.ts';
import type { Atom, Operation, Uuid, Value } from '../ovsdb/index.ts';

/** Columns with values in the shape that `fitValue` returns. */
type Columns = Readonly<Record<string, Value>>;

const globalColumns: Readonly<Record<string, ColumnSpec>> = { external_ids: { kind: 'map', of: 'string' } };

/**
 * Inserts a row (RFC 7047 §5.2.1) with a UUID that the client chooses (ovsdb-server(7)). The server rejects a
 * repeated insert.
 */
export function insertRow(table: string, uuid: Uuid, columns: Columns): Operation {
  return { op: 'insert', table, uuid, row: wireRow(table, columns) };
}

/** Replaces columns of a row (RFC 7047 §5.2.3). */
export function updateRow(table: string, uuid: Uuid, columns: Columns): Operation {
  return { op: 'update', table, where: whereUuid(uuid), row: wireRow(table, columns) };
}

/** Deletes a row (RFC 7047 §5.2.5). A missing row is not an error. */
export function deleteRow(table: string, uuid: Uuid): Operation {
  return { op: 'delete', table, where: whereUuid(uuid) };
}

/**
 * Removes and adds elements of a set of references (RFC 7047 §5.2.4). The other elements stay. A missing row
 * is not an error, so the caller must add {@link requireRow} if the row must exist.
 */
export function mutateReferences(
  table: string,
  uuid: Uuid,
  column: string,
  change: { readonly remove: Iterable<Uuid>; readonly add: Iterable<Uuid> },
): Operation {
  const remove = Array.from(change.remove, wireUuid);
  const add = Array.from(change.add, wireUuid);
  const mutations: unknown[] = [];
  if (remove.length > 0) mutations.push([column, 'delete', ['set', remove]]);
  if (add.length > 0) mutations.push([column, 'insert', ['set', add]]);
  return { op: 'mutate', table, where: whereUuid(uuid), mutations };
}

/**
 * Sets and removes entries of `external_ids`. The other entries stay. The mutation `insert` never overwrites
 * an entry of a map (RFC 7047 §5.1), so the operation first deletes the keys to set.
 */
export function mutateExternalIds(
  table: string,
  uuid: Uuid,
  change: { readonly remove?: Iterable<string>; readonly put: ReadonlyMap<string, string> },
): Operation {
  const keys = new Set([...(change.remove ?? []), ...change.put.keys()]);
  const mutations = [
    ['external_ids', 'delete', ['set', [...keys]]],
    ['external_ids', 'insert', ['map', [...change.put]]],
  ];
  return { op: 'mutate', table, where: whereUuid(uuid), mutations };
}

/** Fails the transaction at once unless the row exists and its `external_ids` contain these entries. */
export function requireRow(table: string, uuid: Uuid, externalIds?: ReadonlyMap<string, string>): Operation {
  const where = whereUuid(uuid);
  if (externalIds !== undefined) where.push(['external_ids', 'includes', ['map', [...externalIds]]]);
  return {
    op: 'wait',
    table,
    timeout: 0,
    where,
    columns: ['_uuid'],
    until: '==',
    rows: [{ _uuid: wireUuid(uuid) }],
  };
}

/** Fails the transaction at once unless these columns of the row have exactly these values. */
export function requireColumns(table: string, uuid: Uuid, columns: Columns): Operation {
  return {
    op: 'wait',
    table,
    timeout: 0,
    where: whereUuid(uuid),
    columns: Object.keys(columns),
    until: '==',
    rows: [wireRow(table, columns)],
  };
}

/** Asks northd and the hosts to report when they have processed the database (ovn-nb(5), NB_Global nb_cfg). */
export const requestProgress: Operation = {
  op: 'mutate',
  table: 'NB_Global',
  where: [],
  mutations: [['nb_cfg', '+=', 1]],
};

function whereUuid(uuid: Uuid): unknown[] {
  return [['_uuid', '==', wireUuid(uuid)]];
}

function wireUuid(uuid: Atom): unknown {
  return ['uuid', uuid];
}

function wireRow(table: string, columns: Columns): Readonly<Record<string, unknown>> {
  const specs = tableSpec(table)?.columns ?? globalColumns;
  return Object.fromEntries(
    Object.entries(columns).map(([name, value]) => [name, wireValue(specs[name], value)]),
  );
}

/** Returns a value in the notation of RFC 7047 §5.1. */
function wireValue(spec: ColumnSpec | undefined, value: Value): unknown {
  const atom = (one: Atom): unknown => (spec?.of === 'uuid' ? wireUuid(one) : one);
  if (value instanceof Map)
    return ['map', [...(value as ReadonlyMap<Atom, Atom>)].map(([key, one]) => [key, atom(one)])];
  if (value instanceof Set) return ['set', Array.from(value as ReadonlySet<Atom>, atom)];
  return atom(value as Atom);
}
