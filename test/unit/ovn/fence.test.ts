import { describe, expect, it } from '@jest/globals';
import { Fence } from '../../../src/ovn/apply/fence.ts';
import type { FenceLoss } from '../../../src/ovn/apply/retake-fence.ts';
import type { Operation } from '../../../src/ovn/ovsdb/index.ts';
import { deleteRow, mutateExternalIds } from '../../../src/ovn/apply/operations.ts';
import { FakeClock } from '../../support/ovsdb/fake-clock.ts';
import { FakeDatabase } from './fake-database.ts';
import { group, groupState, home, operator, subnet, subnetState } from './scenario.ts';

const key = 'overlay-network/epoch/alpha';

function global(database: FakeDatabase) {
  const [row] = database.replica.rows('NB_Global');
  return row!;
}

function externalIds(database: FakeDatabase): ReadonlyMap<string, string> {
  return global(database)['external_ids'] as ReadonlyMap<string, string>;
}

/** Records the losses of the fence and returns the same answer each time. */
function recorder(answer: 'retake' | 'stop') {
  const losses: FenceLoss[] = [];
  return { losses, onFenced: (loss: FenceLoss) => (losses.push(loss), answer) };
}

describe('the fence', () => {
  it('creates the row of NB_Global in an empty database, and starts with epoch 1', async () => {
    const database = new FakeDatabase();
    expect(await new Fence(database, 'alpha', 'me').take(home)).toBe(1);
    expect(externalIds(database)).toEqual(
      new Map([
        [key, '1/me'],
        ['overlay-network/kubernetes/alpha', home.uid],
      ]),
    );
  });

  it('increments the epoch at each takeover, and keeps other keys of external_ids', async () => {
    const database = new FakeDatabase();
    await new Fence(database, 'alpha').take(home);
    await new Fence(database, 'beta').take(home);
    database.elsewhere(
      mutateExternalIds('NB_Global', global(database)._uuid, { put: new Map([['note', 'x']]) }),
    );
    expect(await new Fence(database, 'alpha', 'me').take(home)).toBe(2);
    expect(externalIds(database).get(key)).toBe('2/me');
    expect(externalIds(database).get('note')).toBe('x');
    expect(externalIds(database).get('overlay-network/epoch/beta')).toMatch(/^1\//);
  });

  it('sets the options of OVN that the objects need, and keeps the values of administrators', async () => {
    const [empty, used, decided] = [new FakeDatabase(), new FakeDatabase(), new FakeDatabase()];
    const uuid = '8d1fbd2a-3f5f-4a53-8e5f-9d7d3f1c0001';
    const row = (options: readonly (readonly [string, string])[]): Operation => ({
      op: 'insert',
      table: 'NB_Global',
      uuid,
      row: { options: ['map', options] },
    });
    used.elsewhere(row([['mac_binding_removal_limit', '1000']]));
    decided.elsewhere(row([['use_ct_inv_match', 'true']]));
    for (const database of [empty, used, decided]) await new Fence(database, 'alpha').take(home);
    expect(global(empty)['options']).toEqual(new Map([['use_ct_inv_match', 'false']]));
    expect(global(used)['options']).toEqual(
      new Map([
        ['mac_binding_removal_limit', '1000'],
        ['use_ct_inv_match', 'false'],
      ]),
    );
    expect(global(decided)['options']).toEqual(new Map([['use_ct_inv_match', 'true']]));
  });

  it('gives different epochs to operators that take it at the same time', async () => {
    const database = new FakeDatabase();
    const epochs = await Promise.all([1, 2, 3, 4].map(() => new Fence(database, 'alpha').take(home)));
    expect(new Set(epochs)).toEqual(new Set([1, 2, 3, 4]));
  });

  it('is the first operation of every transaction', async () => {
    const { database, applier } = await operator();
    await applier.apply(subnet, subnetState());
    expect(database.transactions[0]![0]).toMatchObject({
      op: 'wait',
      table: 'NB_Global',
      timeout: 0,
      where: [
        ['_uuid', '==', ['uuid', global(database)._uuid]],
        [
          'external_ids',
          'includes',
          [
            'map',
            [
              [key, expect.stringMatching(/^1\//)],
              ['overlay-network/kubernetes/alpha', home.uid],
            ],
          ],
        ],
      ],
      columns: ['_uuid'],
      until: '==',
    });
  });

  it('rejects the writes of an operator that has not taken it', async () => {
    const { database, applier } = await operator({ lead: false });
    await expect(applier.apply(subnet, subnetState())).rejects.toMatchObject({
      code: 'FENCED',
      retry: 'never',
    });
    expect(database.transactions).toEqual([]);
  });

  it('rejects the writes of an operator that dropped it', async () => {
    const { applier, fence, database } = await operator();
    fence.drop();
    await expect(applier.apply(subnet, subnetState())).rejects.toMatchObject({ code: 'FENCED' });
    expect(database.transactions).toEqual([]);
  });

  it('ignores changes of other keys in NB_Global', async () => {
    const { applier, database } = await operator();
    database.elsewhere(
      mutateExternalIds('NB_Global', global(database)._uuid, { put: new Map([['a', 'b']]) }),
    );
    expect(await applier.apply(subnet, subnetState())).toMatchObject({ changed: true });
  });
});

describe('a superseded writer', () => {
  it('writes nothing, reports the loss once, and does not take the epoch again', async () => {
    const database = new FakeDatabase();
    const { losses, onFenced } = recorder('retake');
    const stale = await operator({ database, onFenced });
    await new Fence(database, 'alpha', 'new').take(home);
    const before = database.dump();
    await expect(stale.applier.apply(subnet, subnetState())).rejects.toMatchObject({ code: 'FENCED' });
    await expect(stale.applier.apply(subnet, subnetState())).rejects.toMatchObject({ code: 'FENCED' });
    expect(losses).toEqual([{ reason: 'superseded', epoch: 1 }]);
    expect(database.dump()).toEqual(before);
  });

  it('is rejected by the database if another operator takes over while a transaction is in flight', async () => {
    const { losses, onFenced } = recorder('retake');
    const { database, applier } = await operator({ onFenced });
    database.before = async () => {
      database.before = () => undefined;
      await new Fence(database, 'alpha', 'new').take(home);
    };
    await expect(applier.apply(subnet, subnetState())).rejects.toMatchObject({ code: 'FENCED' });
    expect(losses).toEqual([{ reason: 'superseded', epoch: 1 }]);
    expect(database.replica.count('Logical_Switch')).toBe(0);
  });
});

describe('a writer whose database restarted and may contain an older state', () => {
  it('writes a new epoch before other writes if it is certainly the leader', async () => {
    const { losses, onFenced } = recorder('retake');
    const { database, applier, fence } = await operator({ onFenced });
    database.generation++;
    expect(await applier.apply(subnet, subnetState())).toMatchObject({ changed: true });
    expect(losses).toEqual([{ reason: 'lost', epoch: 1 }]);
    expect(fence.epoch).toBe(2);
    expect(externalIds(database).get(key)).toMatch(/^2\//);
    await applier.apply(group, groupState(1));
    expect(losses).toHaveLength(1);
  });

  it('writes nothing if another operator leads, even if a backup contains its epoch', async () => {
    const { losses, onFenced } = recorder('stop');
    const { database, applier } = await operator({ onFenced });
    const backup = externalIds(database).get(key)!;
    await new Fence(database, 'alpha', 'leader').take(home);
    database.elsewhere(
      mutateExternalIds('NB_Global', global(database)._uuid, { put: new Map([[key, backup]]) }),
    );
    database.transactions.length = 0;
    database.generation++;
    await expect(applier.apply(subnet, subnetState())).rejects.toMatchObject({ code: 'FENCED' });
    expect(losses).toEqual([{ reason: 'lost', epoch: 1 }]);
    expect(database.transactions).toEqual([]);
  });

  it('stops if another operator takes over while it checks its leadership', async () => {
    const database = new FakeDatabase();
    const losses: FenceLoss[] = [];
    const leader = new Fence(database, 'alpha', 'leader');
    const { applier } = await operator({
      database,
      onFenced: async (loss): Promise<'retake'> => {
        losses.push(loss);
        if (losses.length === 1) await leader.take(home);
        return 'retake';
      },
    });
    database.generation++;
    await expect(applier.apply(subnet, subnetState())).rejects.toMatchObject({ code: 'FENCED' });
    expect(losses.map(({ reason }) => reason)).toEqual(['lost', 'superseded']);
    expect(leader.state()).toBe('held');
    expect(database.replica.count('Logical_Switch')).toBe(0);
  });

  it('stops if another operator takes over just before it writes the new epoch', async () => {
    const { losses, onFenced } = recorder('retake');
    const { database, applier } = await operator({ onFenced });
    const leader = new Fence(database, 'alpha', 'leader');
    database.generation++;
    database.before = async () => {
      database.before = () => undefined;
      await leader.take(home);
    };
    await expect(applier.apply(subnet, subnetState())).rejects.toMatchObject({ code: 'FENCED' });
    expect(losses.map(({ reason }) => reason)).toEqual(['lost', 'superseded']);
    expect(leader.state()).toBe('held');
    expect(database.replica.count('Logical_Switch')).toBe(0);
  });

  it('checks its leadership again at the next write if the check failed', async () => {
    let answer = (): Promise<'retake'> => Promise.reject(new Error('no API server'));
    const clock = new FakeClock();
    const { database, applier, fence, drift } = await operator({ clock, onFenced: () => answer() });
    database.generation++;
    await expect(applier.apply(subnet, subnetState())).rejects.toMatchObject({
      code: 'OVN_CONNECTION_FAILED',
      retry: 'backoff',
    });
    expect(database.transactions).toEqual([]);
    answer = () => Promise.resolve('retake');
    // No other event causes a new write.
    clock.advance(5_000);
    expect(drift).toEqual([subnet.name]);
    expect(await applier.apply(subnet, subnetState())).toMatchObject({ changed: true });
    expect(fence.epoch).toBe(2);
  });
});

describe('a writer whose database was emptied or restored', () => {
  const empty = (database: FakeDatabase): void =>
    database.elsewhere(deleteRow('NB_Global', global(database)._uuid));
  const older = (database: FakeDatabase): void =>
    database.elsewhere(
      mutateExternalIds('NB_Global', global(database)._uuid, { put: new Map([[key, '1/old']]) }),
    );

  it.each([
    ['emptied', empty],
    ['restored', older],
  ])(
    'writes a higher epoch than before if the database was %s and it is certainly the leader',
    async (_, damage) => {
      const database = new FakeDatabase();
      await new Fence(database, 'alpha').take(home);
      const { losses, onFenced } = recorder('retake');
      const { applier, fence } = await operator({ database, onFenced });
      damage(database);
      expect(await applier.apply(subnet, subnetState())).toMatchObject({ changed: true });
      expect(losses).toEqual([{ reason: 'lost', epoch: 2 }]);
      expect(fence.epoch).toBe(3);
    },
  );

  it.each([
    ['emptied', empty],
    ['restored', older],
  ])('stops if the database was %s and it is not the leader', async (_, damage) => {
    const database = new FakeDatabase();
    await new Fence(database, 'alpha').take(home);
    const { losses, onFenced } = recorder('stop');
    const { applier } = await operator({ database, onFenced });
    damage(database);
    await expect(applier.apply(subnet, subnetState())).rejects.toMatchObject({ code: 'FENCED' });
    expect(losses).toHaveLength(1);
    expect(database.replica.count('Logical_Switch')).toBe(0);
  });

  it('does not accept an epoch with the same number and another identity', async () => {
    const database = new FakeDatabase();
    const { onFenced } = recorder('stop');
    const { applier } = await operator({ database, onFenced });
    database.elsewhere(
      mutateExternalIds('NB_Global', global(database)._uuid, { put: new Map([[key, '1/other']]) }),
    );
    await expect(applier.apply(subnet, subnetState())).rejects.toMatchObject({ code: 'FENCED' });
  });
});
