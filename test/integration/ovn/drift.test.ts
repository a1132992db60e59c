import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { deleteRow, insertRow, mutateReferences, updateRow } from '../../../src/ovn/apply/operations.ts';
import { nbTables } from '../../../src/ovn/model/tables.ts';
import type { ColumnSpec, NbTable } from '../../../src/ovn/model/tables.ts';
import type { OvsdbClient } from '../../../src/ovn/ovsdb/index.ts';
import { Cleanup, connect, connectOther, ownerOf, plain, startNb, until } from './support.ts';
import type { Operator } from './support.ts';
import { addressSetUuid, everyTable, everything, otherValue, uuidIn } from './everything.ts';

interface SchemaFile {
  readonly tables: Readonly<Record<string, { readonly columns: Readonly<Record<string, unknown>> }>>;
}
const installed = JSON.parse(readFileSync('/usr/share/ovn/ovn-nb.ovsschema', 'utf8')) as SchemaFile;

const cleanup = new Cleanup();
const all = ownerOf('Test', 'all');
const state = everything(all);
let operator: Operator;
let other: OvsdbClient;

beforeAll(async () => {
  const nb = await startNb(cleanup);
  operator = await connect(cleanup, nb.remote);
  other = await connectOther(cleanup, nb.remote);
  await operator.applier.apply(all, state);
  await other.transact([insertRow('Address_Set', addressSetUuid, { name: 'foreign' })]);
  await until(() => everyTable.every((table) => other.replica.count(table) === 1));
});
beforeEach(() => void (operator.drift.length = 0));
afterAll(() => cleanup.run());

const columnsOf = (table: NbTable): [string, ColumnSpec][] =>
  Object.entries<ColumnSpec>(nbTables[table].columns);
/** The managed columns that the installed OVN has. */
const everyColumn = everyTable.flatMap((table) =>
  columnsOf(table)
    .filter(([column]) => installed.tables[table]?.columns[column] !== undefined)
    .map(([column, spec]) => ({ table, column, spec })),
);
/** Columns with only one valid value: a meter needs its band, and the only action of a band is `drop`. */
const fixed = ['Meter.bands', 'Meter_Band.action'];
const managed = everyColumn.filter(
  ({ table, column, spec }) => !spec.shared && !fixed.includes(`${table}.${column}`),
);
const shared = everyColumn.filter(({ spec }) => spec.shared);
/** Columns that ovn-northd writes. The operator does not replicate them. */
const northdColumns = [
  { table: 'Logical_Switch_Port', column: 'up', value: new Set([true]) },
  { table: 'Logical_Switch_Port', column: 'tag', value: new Set([7]) },
  { table: 'Logical_Switch_Port', column: 'dynamic_addresses', value: new Set(['dynamic']) },
  { table: 'Logical_Router_Port', column: 'ipv6_prefix', value: new Set(['fd00::/64']) },
] as const;

/** Returns all rows of the owner from the replica of another client. */
function seen(): unknown {
  return everyTable.map((table) => plain(other.replica.get(table, uuidIn(all, table))));
}

async function repaired(before: unknown): Promise<void> {
  await until(() => operator.drift.length > 0);
  expect(operator.drift).toContainEqual(all);
  expect(await operator.applier.apply(all, state)).toMatchObject({ changed: true });
  await until(() => JSON.stringify(seen()) === JSON.stringify(before)).catch(() =>
    expect(seen()).toEqual(before),
  );
}

describe('a change of another client', () => {
  it.each(managed)(
    'to $table $column is reported, and the next apply repairs it',
    async ({ table, column }) => {
      const before = seen();
      await other.transact([
        updateRow(table, uuidIn(all, table), { [column]: otherValue(all, table, column) }),
      ]);
      expect(seen()).not.toEqual(before);
      await repaired(before);
    },
  );

  it.each(shared)(
    'that removes an element from $table $column is reported, and the next apply repairs it',
    async ({ table, column, spec }) => {
      const before = seen();
      const element = uuidIn(all, spec.refTable as NbTable);
      await other.transact([
        mutateReferences(table, uuidIn(all, table), column, { remove: [element], add: [] }),
      ]);
      await repaired(before);
    },
  );

  it.each(everyTable.map((table) => ({ table })))(
    'that deletes a row of $table is reported, and the next apply repairs it',
    async ({ table }) => {
      const before = seen();
      const uuid = uuidIn(all, table);
      const places = state.memberships.filter(({ element }) => element === uuid);
      const references =
        table === 'HA_Chassis_Group'
          ? [
              updateRow('Logical_Router_Port', uuidIn(all, 'Logical_Router_Port'), {
                ha_chassis_group: new Set(),
              }),
            ]
          : table === 'Meter_Band'
            ? [deleteRow('Meter', uuidIn(all, 'Meter'))]
            : [];
      await other.transact([
        ...places.map((place) =>
          mutateReferences(place.table, place.row, place.column, { remove: [uuid], add: [] }),
        ),
        ...references,
        deleteRow(table, uuid),
      ]);
      await repaired(before);
    },
  );

  it.each(northdColumns)('to $table $column is not drift', async ({ table, column, value }) => {
    await other.transact([updateRow(table, uuidIn(all, table), { [column]: value })]);
    const later = randomUUID();
    await other.transact([insertRow('Logical_Switch', later, { name: 'later' })]);
    await until(() => operator.client.replica.get('Logical_Switch', later) !== undefined);
    expect(operator.drift).toEqual([]);
    expect(await operator.applier.apply(all, state)).toMatchObject({ changed: false });
    await other.transact([deleteRow('Logical_Switch', later)]);
  });
});
