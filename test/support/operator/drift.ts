/** Manual changes of managed rows, which the operator must repair. */
import { nbTables, type NbTable } from '../../../src/ovn/model/tables.ts';
import {
  isRow,
  uuidRef,
  wireMap,
  wireSet,
  type ColumnType,
  type NbRow,
  type NorthboundView,
  type Plain,
  type WireOperation,
} from './northbound.ts';

interface Column {
  readonly kind: string;
  readonly shared?: true;
  readonly refTable?: string;
}

const columnsOf = (table: string): [string, Column][] =>
  Object.entries<Column>(nbTables[table as NbTable].columns);

/** A manual change and its description. */
export interface Drift {
  readonly what: string;
  readonly operation: WireOperation;
}

/**
 * One change per managed column of the row, according to the schema of the connected database. References are set to a
 * row of `foreign`, or removed.
 */
export async function columnDrifts(
  nb: NorthboundView,
  row: NbRow,
  foreign: readonly NbRow[],
): Promise<Drift[]> {
  const schema = (await nb.schema()).get(row.table)!;
  return columnsOf(row.table).flatMap(([name, spec]) => {
    const type = schema.get(name);
    if (type === undefined || spec.shared || name === 'external_ids' || isFixed(type)) return [];
    const value = otherValue(type, row.columns[name], foreign);
    return [
      {
        what: `${row.table}.${name} = ${JSON.stringify(value)}`,
        operation: { op: 'update', table: row.table, where: isRow(row.uuid), row: { [name]: value } },
      },
    ];
  });
}

/** Changes and removals of the operator's marks on a row. */
export function markDrifts(row: NbRow): Drift[] {
  const ids = row.columns['external_ids'] as Readonly<Record<string, string>>;
  const marks = Object.keys(ids).filter((key) => key.startsWith('overlay-network/'));
  const without = marks.map((key): readonly unknown[] => ['external_ids', 'delete', wireSet([key])]);
  const mutate = (what: string, mutations: readonly unknown[]): Drift => ({
    what: `${row.table}.external_ids ${what}`,
    operation: { op: 'mutate', table: row.table, where: isRow(row.uuid), mutations },
  });
  return [
    ...marks.flatMap((key) => [
      mutate(`without ${key}`, [['external_ids', 'delete', wireSet([key])]]),
      mutate(`${key} = other`, [
        ['external_ids', 'delete', wireSet([key])],
        ['external_ids', 'insert', wireMap({ [key]: 'other' })],
      ]),
    ]),
    mutate('without any mark', without),
    mutate('with an unknown mark', [
      ['external_ids', 'insert', wireMap({ 'overlay-network/colour': 'red' })],
    ]),
  ];
}

/** The removal of each managed element from the row's sets. OVSDB deletes an element that no other row references. */
export function membershipDrifts(row: NbRow, managed: ReadonlySet<string>): Drift[] {
  return columnsOf(row.table).flatMap(([name, spec]) => {
    if (!spec.shared) return [];
    const value = row.columns[name];
    const elements = (Array.isArray(value) ? value : [value]) as readonly string[];
    return elements
      .filter((element) => managed.has(element))
      .map((element) => ({
        what: `${row.table}.${name} without a row of ${spec.refTable ?? ''}`,
        operation: {
          op: 'mutate',
          table: row.table,
          where: isRow(row.uuid),
          mutations: [[name, 'delete', wireSet([uuidRef(element)])]],
        },
      }));
  });
}

/** The deletion of a row of a root table. Other rows cannot be deleted while a row references them. */
export const deletionDrifts = (row: NbRow): Drift[] =>
  nbTables[row.table as NbTable].root
    ? [
        {
          what: `${row.table} deleted`,
          operation: { op: 'delete', table: row.table, where: isRow(row.uuid) },
        },
      ]
    : [];

/** Whether no other value is valid: a column with one choice, or a set of references that must not be empty. */
const isFixed = ({ key, min }: ColumnType): boolean =>
  enumOf(key).length === 1 || (key.refTable !== undefined && min !== 0);

/** Another value, in wire format, that the schema accepts. */
function otherValue(type: ColumnType, current: Plain | undefined, foreign: readonly NbRow[]): unknown {
  if (type.value !== undefined) {
    const [key = 'by-hand'] = enumOf(type.key) as readonly string[];
    return wireMap({ [key]: type.value.type === 'integer' ? 7 : 'yes' });
  }
  const isEmpty = Array.isArray(current) && current.length === 0;
  if (type.key.refTable !== undefined) {
    const foreignRow = foreign.find(({ table }) => table === type.key.refTable);
    return isEmpty && foreignRow !== undefined ? uuidRef(foreignRow.uuid) : wireSet([]);
  }
  if (type.min === 0 && !isEmpty) return wireSet([]);
  return otherAtom(type, isEmpty ? undefined : current);
}

function otherAtom({ key }: ColumnType, current: Plain | undefined): unknown {
  const choices = enumOf(key);
  if (choices.length > 0) return choices.find((choice) => choice !== current);
  if (key.type === 'boolean') return current !== true;
  if (key.type === 'integer') return typeof current === 'number' && current > 1 ? current - 1 : 2;
  return 'by-hand';
}

function enumOf({ enum: choices }: ColumnType['key']): readonly unknown[] {
  if (choices === undefined) return [];
  // A set with one element is encoded as the element.
  return Array.isArray(choices) ? (choices[1] as readonly unknown[]) : [choices];
}
