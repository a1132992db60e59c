import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { ApplyError, member, nothing, row, rowUuid } from '../../../src/ovn/index.ts';
import type { DesiredRow, DesiredState, Membership, Owner } from '../../../src/ovn/index.ts';
import { insertRow, mutateReferences, updateRow } from '../../../src/ovn/apply/operations.ts';
import { nbTables } from '../../../src/ovn/model/tables.ts';
import { FakeDatabase } from './fake-database.ts';
import {
  group,
  groupState,
  groupUuid,
  inGroup,
  lspUuid,
  operationsOf,
  operator,
  owner,
  portState,
  subnet,
  subnetState,
  switchUuid,
} from './scenario.ts';

const seed = 20260103;
const port = owner('Port', 'vm-1');

async function withSubnet(options: Parameters<typeof operator>[0] = {}) {
  const ready = await operator(options);
  await ready.applier.apply(subnet, subnetState());
  ready.database.transactions.length = 0;
  return ready;
}

async function rejection(promise: Promise<unknown>): Promise<ApplyError> {
  const error: unknown = await promise.then(
    () => undefined,
    (caught: unknown) => caught,
  );
  expect(error).toBeInstanceOf(ApplyError);
  return error as ApplyError;
}

describe('apply', () => {
  it('inserts rows with computed UUIDs and marks, guards and memberships in one transaction', async () => {
    const { database, applier } = await withSubnet();
    expect(await applier.apply(port, portState(port))).toMatchObject({ changed: true });
    expect(database.transactions.map(operationsOf)).toEqual([['insert', 'wait', 'wait', 'mutate']]);
    const lsp = database.replica.get('Logical_Switch_Port', lspUuid(port));
    expect(lsp?.['external_ids']).toEqual(
      new Map([
        ['overlay-network/cluster', 'alpha'],
        ['overlay-network/owner', 'Port/shop/vm-1'],
        ['overlay-network/uid', 'uid-vm-1'],
      ]),
    );
    expect(database.replica.get('Logical_Switch', switchUuid())?.['ports']).toEqual(new Set([lspUuid(port)]));
  });

  it('sends nothing when the rows are already as desired', async () => {
    const { database, applier } = await withSubnet();
    await applier.apply(port, portState(port));
    const sent = database.transactions.length;
    expect(await applier.apply(port, portState(port))).toMatchObject({ changed: false });
    expect(database.transactions).toHaveLength(sent);
  });

  it('writes only the columns that differ, and resets columns that the plan no longer sets', async () => {
    const { database, applier } = await withSubnet();
    await applier.apply(port, portState(port, { options: { 'requested-chassis': 'a' } }));
    database.transactions.length = 0;
    await applier.apply(port, portState(port, { addresses: ['0a:00:00:00:00:02 10.0.0.5'] }));
    const [, update, ...rest] = database.transactions[0]!;
    expect(rest).toEqual([]);
    expect(update).toMatchObject({
      op: 'update',
      row: { options: ['map', []], addresses: ['set', ['0a:00:00:00:00:02 10.0.0.5']] },
    });
    expect(Object.keys(update!['row'] as object).sort()).toEqual(['addresses', 'options']);
  });

  it('leaves the control-plane protection of an administrator in a row whose plan sets none', async () => {
    const { database, applier } = await withSubnet();
    const policy = rowUuid('administrator', 'copp');
    database.elsewhere(
      insertRow('Copp', policy, { name: 'administrator' }),
      updateRow('Logical_Switch', switchUuid(), { copp: new Set([policy]) }),
    );
    expect(await applier.apply(subnet, subnetState())).toMatchObject({ changed: false });
  });

  it('inserts a row that only a reference of another row holds', async () => {
    const { database, applier } = await withSubnet();
    const band = row('Meter_Band', rowUuid(port.uid, 'band'), { action: 'drop', rate: 5 });
    const meter = row('Meter', rowUuid(port.uid, 'meter'), { name: 'm', unit: 'pktps', bands: [band.uuid] });
    await applier.apply(port, { rows: [meter, band], memberships: [] });
    expect(database.replica.get('Meter', meter.uuid)?.['bands']).toEqual(new Set([band.uuid]));
    await expect(applier.apply(port, { rows: [band], memberships: [] })).rejects.toMatchObject({
      code: 'INVALID_ROW',
    });
  });

  it('adds no guard for a parent that the same transaction inserts', async () => {
    const { database, applier } = await operator();
    await applier.apply(group, groupState(2));
    expect(database.transactions.map(operationsOf)).toEqual([['insert', 'insert', 'insert', 'mutate']]);
  });

  it('moves a row from one set to another in one transaction', async () => {
    const { database, applier } = await withSubnet();
    const other = owner('Subnet', 'db');
    await applier.apply(other, subnetState(other));
    await applier.apply(port, portState(port));
    database.transactions.length = 0;
    const moved = {
      ...portState(port),
      memberships: [member('Logical_Switch', switchUuid(other), 'ports', lspUuid(port))],
    };
    await applier.apply(port, moved);
    expect(database.transactions).toHaveLength(1);
    expect(database.replica.get('Logical_Switch', switchUuid())?.['ports']).toEqual(new Set());
    expect(database.replica.get('Logical_Switch', switchUuid(other))?.['ports']).toEqual(
      new Set([lspUuid(port)]),
    );
  });

  it('removes a row and its elements in strong sets', async () => {
    const { database, applier } = await withSubnet();
    await applier.apply(group, groupState(1));
    await applier.apply(port, inGroup(port, portState(port)));
    database.transactions.length = 0;
    await applier.remove(port);
    expect(database.transactions.map(operationsOf)).toEqual([['mutate', 'delete']]);
    expect(database.replica.count('Logical_Switch_Port')).toBe(0);
    expect(database.replica.get('Port_Group', groupUuid())?.['ports']).toEqual(new Set());
    await applier.remove(group);
    expect(operationsOf(database.transactions.at(-1))).toEqual(['delete', 'delete']);
    expect(database.replica.count('ACL')).toBe(0);
  });

  it('skips columns that the connected schema lacks', async () => {
    const database = new FakeDatabase();
    database.lacking.add('ACL.tier');
    const { applier } = await operator({ database });
    const uuid = rowUuid(group.uid, 'acl');
    const state: DesiredState = {
      rows: [
        row('Port_Group', groupUuid(), { name: 'pg' }),
        row('ACL', uuid, { priority: 1, direction: 'to-lport', action: 'drop', match: '0', tier: 2 }),
      ],
      memberships: [member('Port_Group', groupUuid(), 'acls', uuid)],
    };
    await applier.apply(group, state);
    expect(JSON.stringify(database.transactions)).not.toContain('tier');
    expect(await applier.apply(group, state)).toMatchObject({ changed: false });
  });
});

describe('apply rejects a state', () => {
  it('while the parent is missing, and reports the owner when the parent appears', async () => {
    const { applier, drift, database } = await operator();
    const error = await rejection(applier.apply(port, portState(port)));
    expect([error.code, error.retry, error.row?.table]).toEqual(['PARENT_MISSING', 'wait', 'DHCP_Options']);
    expect(database.transactions).toEqual([]);
    await applier.apply(subnet, subnetState());
    expect(drift).toEqual(['vm-1']);
    expect(await applier.apply(port, portState(port))).toMatchObject({ changed: true });
  });

  it('when the parent does not belong to this cluster', async () => {
    const { applier, database, drift } = await withSubnet();
    const foreign = 'aaaaaaaa-0000-4000-8000-000000000001';
    database.elsewhere(insertRow('Logical_Switch', foreign, { name: 'neutron-net' }));
    const state = {
      ...portState(port),
      memberships: [member('Logical_Switch', foreign, 'ports', lspUuid(port))],
    };
    const error = await rejection(applier.apply(port, state));
    expect([error.code, error.retry]).toEqual(['FOREIGN_PARENT', 'wait']);
    expect(drift).toEqual([]);
  });

  it('when the row belongs to another owner or cluster', async () => {
    const { applier, database } = await withSubnet();
    const beta = new Map([['overlay-network/cluster', 'beta']]);
    database.elsewhere(insertRow('Logical_Switch', switchUuid(port), { name: 'theirs', external_ids: beta }));
    const before = database.dump();
    const theirs = { rows: [row('Logical_Switch', switchUuid(port), { name: 'ours' })], memberships: [] };
    expect((await rejection(applier.apply(port, theirs))).code).toBe('ROW_NOT_OURS');
    const taken = { rows: [row('Logical_Switch', switchUuid(), { name: 'ours' })], memberships: [] };
    expect((await rejection(applier.apply(port, taken))).message).toContain('Subnet/shop/web');
    expect(database.dump()).toEqual(before);
  });

  it('when a row of another client references a row to delete', async () => {
    const { applier, database } = await withSubnet();
    await applier.apply(port, portState(port));
    database.elsewhere(
      insertRow('Logical_Switch', 'aaaaaaaa-0000-4000-8000-000000000001', {
        ports: new Set([lspUuid(port)]),
      }),
    );
    const before = database.dump();
    const error = await rejection(applier.remove(port));
    expect([error.code, error.retry]).toEqual(['STILL_REFERENCED', 'backoff']);
    expect(error.message).toContain('Logical_Switch aaaaaaaa-0000-4000-8000-000000000001');
    expect(database.dump()).toEqual(before);
  });

  it.each<[string, (state: DesiredState) => DesiredState]>([
    ['a row that no other row references', ({ rows }) => ({ rows, memberships: [] })],
    ['two rows with the same UUID', ({ rows, memberships }) => ({ rows: [...rows, ...rows], memberships })],
    [
      'a membership of a row that is not in the state',
      (s) => ({ ...s, memberships: [...s.memberships, { ...s.memberships[0]!, element: switchUuid() }] }),
    ],
    [
      'a membership in a column that is not a shared set',
      (s) => ({ ...s, memberships: [...s.memberships, { ...s.memberships[0]!, column: 'name' }] }),
    ],
    ['a column that northd writes', (s) => withColumn(s, 'up', new Set([true]))],
    ['a column that does not exist', (s) => withColumn(s, 'colour', 'red')],
    [
      'a key of another CMS in external_ids',
      (s) => withColumn(s, 'external_ids', new Map([['neutron:x', 'y']])),
    ],
    [
      'a mark that only the applier may set',
      (s) => withColumn(s, 'external_ids', new Map([['overlay-network/uid', 'y']])),
    ],
    ['a NUL', (s) => withColumn(s, 'name', 'a\0b')],
    ['a lone surrogate', (s) => withColumn(s, 'external_ids', new Map([['overlay-network/name', '\ud800']]))],
    ['a string in an integer column', (s) => withColumn(s, 'tag_request', new Set(['4']))],
    ['a fraction in an integer column', (s) => withColumn(s, 'tag_request', new Set([1.5]))],
    ['two values in an optional column', (s) => withColumn(s, 'tag_request', new Set([1, 2]))],
    ['a reference that is not a UUID', (s) => withColumn(s, 'dhcpv4_options', new Set(['x']))],
    ['a map in a set column', (s) => withColumn(s, 'addresses', new Map())],
    [
      'a table that is not managed',
      (s) => ({ ...s, rows: [...s.rows, { table: 'Connection', uuid: switchUuid(), columns: {} }] }),
    ],
  ])('with %s, before it sends anything', async (_, invalidate) => {
    const { applier, database } = await withSubnet();
    const error = await rejection(applier.apply(port, invalidate(portState(port))));
    expect(error.message).toContain('Port/shop/vm-1');
    expect([error.code, error.retry]).toEqual(['INVALID_ROW', 'never']);
    expect(database.transactions).toEqual([]);
  });
});

function withColumn(state: DesiredState, column: string, value: DesiredRow['columns'][string]): DesiredState {
  return {
    ...state,
    rows: state.rows.map((one) => ({ ...one, columns: { ...one.columns, [column]: value } })),
  };
}

describe('external_ids', () => {
  it('keeps the keys of other clients', async () => {
    const { applier, database } = await withSubnet();
    await applier.apply(port, portState(port, { external_ids: { 'overlay-network/name': 'a' } }));
    const ids = (): ReadonlyMap<string, string> =>
      database.replica.get('Logical_Switch_Port', lspUuid(port))?.['external_ids'] as ReadonlyMap<
        string,
        string
      >;
    const mine = new Map([...ids(), ['admin', 'note'], ['overlay-network/stale', 'x']]);
    database.elsewhere(updateRow('Logical_Switch_Port', lspUuid(port), { external_ids: mine }));
    await applier.apply(port, portState(port, { external_ids: { 'overlay-network/name': 'b' } }));
    expect([...ids()].sort()).toEqual([
      ['admin', 'note'],
      ['overlay-network/cluster', 'alpha'],
      ['overlay-network/name', 'b'],
      ['overlay-network/owner', 'Port/shop/vm-1'],
      ['overlay-network/uid', 'uid-vm-1'],
    ]);
  });

  it('gets its marks back if a row with a computed UUID has no marks of another owner', async () => {
    const { applier, database } = await withSubnet();
    await applier.apply(port, portState(port));
    database.elsewhere(updateRow('Logical_Switch_Port', lspUuid(port), { external_ids: new Map() }));
    const restarted = await operator({ database });
    expect([...restarted.applier.ownedBy(port.uid)]).toEqual([]);
    await restarted.applier.apply(port, portState(port));
    expect(restarted.applier.ownedBy(port.uid)).toHaveLength(1);
  });
});

/** A random test: owners with a few rows in a few sets, together with rows and elements of other clients. */
const owners = ['p0', 'p1', 'p2'].map((name) => owner('Port', name));
const foreignSwitch = 'ffffffff-0000-4000-8000-000000000000';
const foreignLsp = 'ffffffff-0000-4000-8000-000000000001';
const foreignGroup = 'ffffffff-0000-4000-8000-000000000002';
const foreignAcl = 'ffffffff-0000-4000-8000-000000000003';

const stateShape = fc.record({
  lsp: fc.option(
    fc.record({
      addresses: fc.subarray(['a', 'b', 'c']),
      enabled: fc.option(fc.boolean(), { nil: undefined }),
      options: fc.dictionary(fc.constantFrom('x', 'y'), fc.constantFrom('1', '2'), { maxKeys: 2 }),
      home: fc.constantFrom(0, 1),
      groups: fc.subarray([0, 1]),
    }),
    { nil: undefined },
  ),
  acls: fc.uniqueArray(fc.nat(3), { maxLength: 3 }),
  set: fc.option(fc.subarray(['10.0.0.1', '10.0.0.2']), { nil: undefined }),
});
type StateShape = typeof stateShape extends fc.Arbitrary<infer T> ? T : never;

const parents = [0, 1].map((index) => owner('Subnet', `s${index}`));

function parentState(of: Owner): DesiredState {
  return {
    rows: [
      row('Logical_Switch', switchUuid(of), { name: of.name }),
      row('Port_Group', groupUuid(of), { name: of.name }),
    ],
    memberships: [],
  };
}

function stateOf(of: Owner, { lsp, acls, set }: StateShape): DesiredState {
  const rows: DesiredRow[] = [];
  const memberships: Membership[] = [];
  if (lsp !== undefined) {
    const { home, groups, ...columns } = lsp;
    rows.push(row('Logical_Switch_Port', lspUuid(of), { name: of.uid, ...columns }));
    memberships.push(member('Logical_Switch', switchUuid(parents[home]), 'ports', lspUuid(of)));
    for (const index of groups)
      memberships.push(member('Port_Group', groupUuid(parents[index]), 'ports', lspUuid(of)));
  }
  for (const priority of acls) {
    const uuid = rowUuid(of.uid, `acl/${priority}`);
    rows.push(row('ACL', uuid, { priority, direction: 'to-lport', action: 'drop', match: 'ip' }));
    memberships.push(member('Port_Group', groupUuid(parents[0]), 'acls', uuid));
  }
  if (set !== undefined)
    rows.push(row('Load_Balancer', rowUuid(of.uid, 'lb'), { name: of.name, selection_fields: set }));
  return { rows, memberships };
}

/** Changes that another client may make at any time. */
const foreignChange = fc.constantFrom<(database: FakeDatabase) => void>(
  (db) =>
    db.elsewhere(
      mutateReferences('Logical_Switch', switchUuid(parents[0]), 'ports', {
        remove: [lspUuid(owners[0]!)],
        add: [],
      }),
    ),
  (db) =>
    db.elsewhere(
      mutateReferences('Port_Group', groupUuid(parents[1]), 'ports', {
        remove: [],
        add: [lspUuid(owners[1]!), foreignLsp].filter((uuid) => db.replica.get('Logical_Switch_Port', uuid)),
      }),
    ),
  (db) =>
    db.elsewhere(
      updateRow('Logical_Switch_Port', lspUuid(owners[2]!), {
        addresses: new Set(['evil']),
        enabled: new Set([false]),
      }),
    ),
  (db) =>
    db.elsewhere(
      updateRow('ACL', rowUuid(owners[0]!.uid, 'acl/1'), {
        match: '1',
        external_ids: new Map([['note', 'x']]),
      }),
    ),
  (db) =>
    db.elsewhere(updateRow('Load_Balancer', rowUuid(owners[1]!.uid, 'lb'), { selection_fields: new Set() })),
);

function seedForeign(database: FakeDatabase): void {
  database.elsewhere(
    insertRow('Logical_Switch', foreignSwitch, { name: 'neutron', ports: new Set([foreignLsp]) }),
    insertRow('Logical_Switch_Port', foreignLsp, {
      name: 'neutron-port',
      external_ids: new Map([['neutron:rev', '3']]),
    }),
    insertRow('ACL', foreignAcl, { priority: 9, match: 'arp' }),
    insertRow('Port_Group', foreignGroup, {
      name: 'theirs',
      ports: new Set([foreignLsp]),
      acls: new Set([foreignAcl]),
    }),
    mutateReferences('Port_Group', groupUuid(parents[0]), 'acls', { remove: [], add: [foreignAcl] }),
    mutateReferences('Port_Group', groupUuid(parents[0]), 'ports', { remove: [], add: [foreignLsp] }),
  );
}

const foreignOnly = (_: string, { _uuid }: { _uuid: string }): boolean => _uuid.startsWith('ffffffff');

describe('apply after random states and random changes of other clients', () => {
  it('writes the desired rows, writes nothing the second time, and leaves foreign rows unchanged', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.nat(2), stateShape, fc.option(foreignChange)), { maxLength: 12 }),
        async (steps) => {
          const { database, applier } = await operator();
          await Promise.all(parents.map((parent) => applier.apply(parent, parentState(parent))));
          seedForeign(database);
          const foreign = database.dump(foreignOnly);
          const wanted = new Map<Owner, DesiredState>();
          for (const [index, shape, change] of steps) {
            change?.(database);
            wanted.set(owners[index]!, stateOf(owners[index]!, shape));
            await applier.apply(owners[index]!, wanted.get(owners[index]!)!);
          }
          for (const [of, state] of wanted) await applier.apply(of, state);
          const sent = database.transactions.length;
          for (const [of, state] of wanted)
            expect(await applier.apply(of, state)).toMatchObject({ changed: false });
          expect(database.transactions).toHaveLength(sent);
          expect(database.dump(foreignOnly)).toEqual(foreign);
          expect(database.replica.get('Port_Group', groupUuid(parents[0]))?.['acls']).toContain(foreignAcl);
          // Compare with the same states on an empty database.
          const clean = await operator();
          await Promise.all(parents.map((parent) => clean.applier.apply(parent, parentState(parent))));
          seedForeign(clean.database);
          for (const [of, state] of wanted) await clean.applier.apply(of, state);
          expect(withoutHistory(database.dump())).toEqual(withoutHistory(clean.database.dump()));
          // No row of this cluster remains after the removal of all owners.
          for (const of of [...owners, ...parents]) await applier.apply(of, nothing);
          expect([...applier.owners()]).toEqual([]);
        },
      ),
      { seed, numRuns: 80 },
    );
  });
});

/**
 * Removes the parts that differ from run to run: the epoch, and the notes and set elements of other clients.
 */
function withoutHistory(dump: Record<string, unknown>): unknown {
  const ours = Object.entries(dump).filter(
    ([key]) => !key.startsWith('NB_Global') && !key.includes('/ffffffff'),
  );
  const text = JSON.stringify(ours, (_, value: unknown) =>
    Array.isArray(value) ? value.filter((one) => one !== foreignLsp && String(one) !== 'note,x') : value,
  );
  return JSON.parse(text);
}

describe('every managed table', () => {
  it('has the column external_ids, which holds the marks', () => {
    for (const [table, { columns }] of Object.entries(nbTables))
      expect([table, Object.keys(columns)]).toContainEqual(expect.arrayContaining(['external_ids']));
  });
});
