import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { NbTable } from '../../../src/ovn/index.ts';
import { deleteRow, mutateReferences, updateRow } from '../../../src/ovn/apply/operations.ts';
import { nbTables } from '../../../src/ovn/model/tables.ts';
import type { ColumnSpec } from '../../../src/ovn/model/tables.ts';
import type { OvsdbClient } from '../../../src/ovn/ovsdb/index.ts';
import { Cleanup, connect, connectOther, ownerOf, plain, startNb, until } from './support.ts';
import type { Operator } from './support.ts';
import { everyTable, everything, otherValue, uuidIn } from './everything.ts';

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
  await until(() => everyTable.every((table) => other.replica.count(table) === 1));
});
beforeEach(() => void (operator.drift.length = 0));
afterAll(() => cleanup.run());

const columnsOf = (table: NbTable): [string, ColumnSpec][] =>
  Object.entries<ColumnSpec>(nbTables[table].columns);
/** Those of the columns known here that the installed OVN has. */
const everyColumn = everyTable.flatMap((table) =>
  columnsOf(table)
    .filter(([column]) => installed.tables[table]?.columns[column] !== undefined)
    .map(([column, spec]) => ({ table, column, spec })),
);
const managed = everyColumn.filter(({ spec }) => !spec.shared && !spec.volatile);
const shared = everyColumn.filter(({ spec }) => spec.shared);
const volatile = everyColumn.filter(({ spec }) => spec.volatile);

/** All rows of the owner as somebody else sees them. */
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

describe('somebody else', () => {
  it.each(managed)(
    'changes $table $column: the owner is told, and applying again repairs it',
    async ({ table, column }) => {
      const before = seen();
      await other.transact([
        updateRow(table, uuidIn(all, table), { [column]: otherValue(all, table, column) }),
      ]);
      expect(seen()).not.toEqual(before);
      await repaired(before);
    },
  );

  it.each(shared)('takes our row out of $table $column: it comes back', async ({ table, column, spec }) => {
    const before = seen();
    const element = uuidIn(all, spec.refTable as NbTable);
    await other.transact([
      mutateReferences(table, uuidIn(all, table), column, { remove: [element], add: [] }),
    ]);
    await repaired(before);
  });

  it.each(everyTable.map((table) => ({ table })))(
    'deletes our row of $table: it comes back',
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

  it.each(volatile)(
    'writes $table $column, as northd does: nobody is told, and nothing is written',
    async ({ table, column }) => {
      const heard: unknown[] = [];
      const leave = operator.applier.onColumn(table, column, (of) => heard.push(of));
      await other.transact([
        updateRow(table, uuidIn(all, table), { [column]: otherValue(all, table, column) }),
      ]);
      await until(() => heard.length === 1);
      leave();
      expect(heard).toEqual([all]);
      expect(operator.drift).toEqual([]);
      expect(await operator.applier.apply(all, state)).toMatchObject({ changed: false });
    },
  );
});
