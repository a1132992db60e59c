import { describe, expect, it } from '@jest/globals';
import {
  deleteRow,
  insertRow,
  mutateExternalIds,
  mutateReferences,
  updateRow,
} from '../../../src/ovn/apply/operations.ts';
import { rowUuid } from '../../../src/ovn/index.ts';
import type { FakeDatabase } from './fake-database.ts';
import {
  group,
  groupState,
  groupUuid,
  inGroup,
  lspUuid,
  operator,
  owner,
  portState,
  subnet,
  subnetState,
  switchUuid,
  until,
} from './scenario.ts';

const port = owner('Port', 'vm-1');
const other = owner('Port', 'vm-2');
const foreign = 'aaaaaaaa-0000-4000-8000-000000000001';

async function running() {
  const it = await operator();
  await it.applier.apply(subnet, subnetState());
  await it.applier.apply(group, groupState(1));
  await it.applier.apply(port, inGroup(port, portState(port)));
  await it.applier.apply(other, portState(other));
  it.database.transactions.length = 0;
  const repair = async (): Promise<void> => {
    await it.applier.apply(subnet, subnetState());
    await it.applier.apply(group, groupState(1));
    await it.applier.apply(port, inGroup(port, portState(port)));
    await it.applier.apply(other, portState(other));
  };
  return { ...it, repair };
}

const lsp = lspUuid(port);
const acl = rowUuid(group.uid, 'acl/0');

describe('drift', () => {
  it('is not what we write ourselves', async () => {
    const { drift, applier } = await running();
    await applier.apply(port, portState(port, { addresses: ['x'] }));
    await applier.remove(port);
    expect(drift).toEqual([]);
  });

  it.each<[string, string[], (database: FakeDatabase) => void]>([
    [
      'a column changed',
      ['vm-1'],
      (db) => db.elsewhere(updateRow('Logical_Switch_Port', lsp, { addresses: new Set(['x']) })),
    ],
    [
      'a column set that the plan leaves unset',
      ['vm-1'],
      (db) => db.elsewhere(updateRow('Logical_Switch_Port', lsp, { type: 'router' })),
    ],
    [
      'a map changed',
      ['web'],
      (db) => db.elsewhere(updateRow('Logical_Switch', switchUuid(), { other_config: new Map() })),
    ],
    [
      'the marks stripped',
      ['vm-1'],
      (db) => db.elsewhere(updateRow('Logical_Switch_Port', lsp, { external_ids: new Map() })),
    ],
    [
      'the marks forged',
      ['vm-1'],
      (db) =>
        db.elsewhere(
          mutateExternalIds('Logical_Switch_Port', lsp, {
            put: new Map([
              ['overlay-network/uid', 'x'],
              ['overlay-network/cluster', 'beta'],
            ]),
          }),
        ),
    ],
    [
      'a row deleted',
      ['vm-1'],
      (db) =>
        db.elsewhere(
          deleteRow('Logical_Switch_Port', lsp),
          mutateReferences('Logical_Switch', switchUuid(), 'ports', { remove: [lsp], add: [] }),
        ),
    ],
    [
      'a row dropped from its only strong set',
      ['vm-1'],
      (db) =>
        db.elsewhere(mutateReferences('Logical_Switch', switchUuid(), 'ports', { remove: [lsp], add: [] })),
    ],
    [
      'a membership removed',
      ['vm-1'],
      (db) => db.elsewhere(mutateReferences('Port_Group', groupUuid(), 'ports', { remove: [lsp], add: [] })),
    ],
    [
      'a membership added',
      ['vm-2'],
      (db) =>
        db.elsewhere(
          mutateReferences('Port_Group', groupUuid(), 'ports', { remove: [], add: [lspUuid(other)] }),
        ),
    ],
    ['an ACL rewritten', ['frontend'], (db) => db.elsewhere(updateRow('ACL', acl, { match: '1' }))],
    [
      'a port group deleted',
      ['frontend', 'vm-1'],
      (db) => db.elsewhere(deleteRow('Port_Group', groupUuid())),
    ],
    [
      'a switch deleted, and its ports with it',
      ['vm-1', 'vm-2', 'web'],
      (db) => db.elsewhere(deleteRow('Logical_Switch', switchUuid())),
    ],
    [
      'DHCP options deleted',
      ['vm-1', 'vm-2', 'web'],
      (db) => db.elsewhere(deleteRow('DHCP_Options', rowUuid(subnet.uid, 'dhcp'))),
    ],
  ])('is %s: the owners are told, and applying repairs it', async (_, owners, meddle) => {
    const { database, drift, repair, applier } = await running();
    const before = database.dump();
    meddle(database);
    expect([...drift].sort()).toEqual(owners);
    await repair();
    expect(database.dump()).toEqual(before);
    await repair();
    expect(applier.ownedBy(port.uid)).toHaveLength(1);
  });

  it.each<[string, (database: FakeDatabase) => void]>([
    [
      'what northd writes',
      (db) =>
        db.elsewhere(
          updateRow('Logical_Switch_Port', lsp, { up: new Set([true]), dynamic_addresses: new Set(['x']) }),
        ),
    ],
    [
      "another's key in external_ids",
      (db) => db.elsewhere(mutateExternalIds('Logical_Switch_Port', lsp, { put: new Map([['admin', 'x']]) })),
    ],
    [
      "another's rows",
      (db) =>
        db.elsewhere(
          insertRow('Logical_Switch', foreign, { name: 'x' }),
          updateRow('Logical_Switch', foreign, { name: 'y' }),
          deleteRow('Logical_Switch', foreign),
        ),
    ],
    [
      "another's elements in our sets",
      (db) =>
        db.elsewhere(
          insertRow('ACL', foreign, {}),
          mutateReferences('Logical_Switch', switchUuid(), 'acls', { remove: [], add: [foreign] }),
        ),
    ],
    [
      "our elements in another's sets",
      (db) => db.elsewhere(insertRow('Port_Group', foreign, { name: 'x', ports: new Set([lsp]) })),
    ],
  ])('is not %s', async (_, meddle) => {
    const { database, drift, repair } = await running();
    meddle(database);
    expect(drift).toEqual([]);
    await repair();
    expect(database.transactions).toEqual([]);
  });

  it('is noticed although our own transaction is in flight and the server tells both at once', async () => {
    const { database, drift, applier } = await running();
    let meddled = false;
    const { elsewhere } = database;
    database.elsewhere = (...operations) => {
      const more = meddled
        ? []
        : [
            updateRow('Logical_Switch_Port', lsp, { addresses: new Set(['meddled']) }),
            updateRow('Logical_Switch_Port', lspUuid(other), { enabled: new Set([false]) }),
          ];
      meddled = true;
      elsewhere.call(database, ...operations, ...more);
    };
    await applier.apply(port, portState(port, { addresses: ['wanted'] }));
    expect(drift).toEqual(['vm-1', 'vm-2']);
    expect(database.replica.get('Logical_Switch_Port', lsp)?.['addresses']).toEqual(new Set(['wanted']));
  });

  it('is not the echo of our own write after its reply was lost', async () => {
    const { database, drift, applier } = await running();
    const { elsewhere } = database;
    let late: (() => void) | undefined;
    database.elsewhere = (...operations) => {
      late = () => elsewhere.call(database, ...operations);
      database.elsewhere = elsewhere;
      database.setConnected(false);
      throw Object.assign(new Error('lost'), {});
    };
    const { OvsdbError } = await import('../../../src/ovn/ovsdb/index.ts');
    const lost = database.elsewhere;
    database.elsewhere = (...operations) => {
      try {
        lost.call(database, ...operations);
      } catch {
        throw new OvsdbError('CONNECTION_LOST', 'no reply', { outcomeUnknown: true });
      }
    };
    const call = applier.apply(port, portState(port, { addresses: ['wanted'] }));
    await until(() => late !== undefined);
    late?.();
    database.setConnected(true);
    await call;
    expect(drift).toEqual([]);
    expect(database.transactions).toHaveLength(1);
  });

  it('reaches no listener that has left', async () => {
    const { database, applier } = await running();
    const heard: string[] = [];
    const leave = applier.onDrift(({ name }) => heard.push(name));
    leave();
    database.elsewhere(updateRow('Logical_Switch_Port', lsp, { type: 'x' }));
    expect(heard).toEqual([]);
  });
});

describe('a column that others write', () => {
  it('is reported with its owner when it changes in a row of ours, and in no other', async () => {
    const { database, applier } = await running();
    const heard: unknown[] = [];
    applier.onColumn('Logical_Switch_Port', 'up', (of, row, value) =>
      heard.push([of.name, row['name'], [...(value as ReadonlySet<boolean>)]]),
    );
    database.elsewhere(
      insertRow('Logical_Switch', foreign, {
        name: 'x',
        ports: new Set(['aaaaaaaa-0000-4000-8000-000000000009']),
      }),
      insertRow('Logical_Switch_Port', 'aaaaaaaa-0000-4000-8000-000000000009', {
        name: 'x',
        up: new Set([true]),
      }),
      updateRow('Logical_Switch_Port', lsp, { up: new Set([true]) }),
    );
    database.elsewhere(updateRow('Logical_Switch_Port', lsp, { up: new Set([false]) }));
    expect(heard).toEqual([
      ['vm-1', 'uid-vm-1', [true]],
      ['vm-1', 'uid-vm-1', [false]],
    ]);
    expect(() => applier.onColumn('Logical_Switch_Port', 'colour', () => undefined)).toThrow(RangeError);
  });
});

describe('after a restart', () => {
  it('the index knows the rows and memberships that are there', async () => {
    const { database, applier } = await running();
    const again = await operator({ database });
    expect([...again.applier.owners()].map(({ uid }) => uid).sort()).toEqual(
      [...applier.owners()].map(({ uid }) => uid).sort(),
    );
    expect(again.applier.ownedRows).toBe(applier.ownedRows);
    await again.applier.apply(port, inGroup(port, portState(port)));
    await again.applier.apply(group, groupState(1));
    expect(database.transactions).toEqual([]);
    await again.applier.remove(port);
    expect(again.applier.ownedBy(port.uid)).toEqual([]);
  });
});
