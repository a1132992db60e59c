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
  it('does not include the writes of the applier', async () => {
    const { drift, applier } = await running();
    await applier.apply(port, portState(port, { addresses: ['x'] }));
    await applier.remove(port);
    expect(drift).toEqual([]);
  });

  it.each<[string, string[], (database: FakeDatabase) => void]>([
    [
      'a changed column',
      ['vm-1'],
      (db) => db.elsewhere(updateRow('Logical_Switch_Port', lsp, { addresses: new Set(['x']) })),
    ],
    [
      'a value in a column that the plan does not set',
      ['vm-1'],
      (db) => db.elsewhere(updateRow('Logical_Switch_Port', lsp, { type: 'router' })),
    ],
    [
      'a changed map',
      ['web'],
      (db) => db.elsewhere(updateRow('Logical_Switch', switchUuid(), { other_config: new Map() })),
    ],
    [
      'removed marks',
      ['vm-1'],
      (db) => db.elsewhere(updateRow('Logical_Switch_Port', lsp, { external_ids: new Map() })),
    ],
    [
      'changed marks',
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
      'a deleted row',
      ['vm-1'],
      (db) =>
        db.elsewhere(
          deleteRow('Logical_Switch_Port', lsp),
          mutateReferences('Logical_Switch', switchUuid(), 'ports', { remove: [lsp], add: [] }),
        ),
    ],
    [
      'a row removed from its only strong set',
      ['vm-1'],
      (db) =>
        db.elsewhere(mutateReferences('Logical_Switch', switchUuid(), 'ports', { remove: [lsp], add: [] })),
    ],
    [
      'a removed membership',
      ['vm-1'],
      (db) => db.elsewhere(mutateReferences('Port_Group', groupUuid(), 'ports', { remove: [lsp], add: [] })),
    ],
    [
      'an added membership',
      ['vm-2'],
      (db) =>
        db.elsewhere(
          mutateReferences('Port_Group', groupUuid(), 'ports', { remove: [], add: [lspUuid(other)] }),
        ),
    ],
    ['a changed ACL', ['frontend'], (db) => db.elsewhere(updateRow('ACL', acl, { match: '1' }))],
    [
      'a deleted port group',
      ['frontend', 'vm-1'],
      (db) => db.elsewhere(deleteRow('Port_Group', groupUuid())),
    ],
    [
      'a deleted switch with its ports',
      ['vm-1', 'vm-2', 'web'],
      (db) => db.elsewhere(deleteRow('Logical_Switch', switchUuid())),
    ],
    [
      'deleted DHCP options',
      ['vm-1', 'vm-2', 'web'],
      (db) => db.elsewhere(deleteRow('DHCP_Options', rowUuid(subnet.uid, 'dhcp'))),
    ],
  ])('includes %s: the applier reports the owners, and apply repairs the rows', async (_, owners, change) => {
    const { database, drift, repair, applier } = await running();
    const before = database.dump();
    change(database);
    expect([...drift].sort()).toEqual(owners);
    await repair();
    expect(database.dump()).toEqual(before);
    await repair();
    expect(applier.ownedBy(port.uid)).toHaveLength(1);
  });

  it.each<[string, (database: FakeDatabase) => void]>([
    [
      'a key of another client in external_ids',
      (db) => db.elsewhere(mutateExternalIds('Logical_Switch_Port', lsp, { put: new Map([['admin', 'x']]) })),
    ],
    [
      'rows of another client',
      (db) =>
        db.elsewhere(
          insertRow('Logical_Switch', foreign, { name: 'x' }),
          updateRow('Logical_Switch', foreign, { name: 'y' }),
          deleteRow('Logical_Switch', foreign),
        ),
    ],
    [
      'elements of another client in sets of this cluster',
      (db) =>
        db.elsewhere(
          insertRow('ACL', foreign, {}),
          mutateReferences('Logical_Switch', switchUuid(), 'acls', { remove: [], add: [foreign] }),
        ),
    ],
    [
      'elements of this cluster in sets of another client',
      (db) => db.elsewhere(insertRow('Port_Group', foreign, { name: 'x', ports: new Set([lsp]) })),
    ],
  ])('does not include %s', async (_, change) => {
    const { database, drift, repair } = await running();
    change(database);
    expect(drift).toEqual([]);
    await repair();
    expect(database.transactions).toEqual([]);
  });

  it('is detected when the server reports it together with a transaction of the applier', async () => {
    const { database, drift, applier } = await running();
    let isChanged = false;
    const { elsewhere } = database;
    database.elsewhere = (...operations) => {
      const more = isChanged
        ? []
        : [
            updateRow('Logical_Switch_Port', lsp, { addresses: new Set(['foreign']) }),
            updateRow('Logical_Switch_Port', lspUuid(other), { enabled: new Set([false]) }),
          ];
      isChanged = true;
      elsewhere.call(database, ...operations, ...more);
    };
    await applier.apply(port, portState(port, { addresses: ['wanted'] }));
    expect(drift).toEqual(['vm-1', 'vm-2']);
    expect(database.replica.get('Logical_Switch_Port', lsp)?.['addresses']).toEqual(new Set(['wanted']));
  });

  it('does not include a write of the applier whose reply was lost', async () => {
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

  it('is not reported to a removed listener', async () => {
    const { database, applier } = await running();
    const heard: string[] = [];
    const leave = applier.onDrift(({ name }) => heard.push(name));
    leave();
    database.elsewhere(updateRow('Logical_Switch_Port', lsp, { type: 'x' }));
    expect(heard).toEqual([]);
  });
});

describe('a new applier on an existing database', () => {
  it('knows the rows and memberships of all owners', async () => {
    const { database, applier } = await running();
    const again = await operator({ database });
    expect([...again.applier.owners()].map(({ uid }) => uid).sort()).toEqual(
      [...applier.owners()].map(({ uid }) => uid).sort(),
    );
    for (const { uid } of applier.owners())
      expect(again.applier.ownedBy(uid)).toHaveLength(applier.ownedBy(uid).length);
    await again.applier.apply(port, inGroup(port, portState(port)));
    await again.applier.apply(group, groupState(1));
    expect(database.transactions).toEqual([]);
    await again.applier.remove(port);
    expect(again.applier.ownedBy(port.uid)).toEqual([]);
  });
});
