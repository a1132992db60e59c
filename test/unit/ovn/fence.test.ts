import { describe, expect, it } from '@jest/globals';
import { Fence } from '../../../src/ovn/index.ts';
import type { FenceLoss } from '../../../src/ovn/index.ts';
import { deleteRow, mutateExternalIds } from '../../../src/ovn/apply/operations.ts';
import { FakeClock } from '../../support/ovsdb/fake-clock.ts';
import { FakeDatabase } from './fake-database.ts';
import { group, groupState, operator, subnet, subnetState } from './scenario.ts';

const key = 'overlay-network/epoch/alpha';

function global(database: FakeDatabase) {
  const [row] = database.replica.rows('NB_Global');
  return row!;
}

function externalIds(database: FakeDatabase): ReadonlyMap<string, string> {
  return global(database)['external_ids'] as ReadonlyMap<string, string>;
}

/** The operator's losses, and its answer to them. */
function recorder(answer: 'retake' | 'stop') {
  const losses: FenceLoss[] = [];
  return { losses, onFenced: (loss: FenceLoss) => (losses.push(loss), answer) };
}

describe('the fence', () => {
  it('makes the row that an empty database lacks, and starts at one', async () => {
    const database = new FakeDatabase();
    expect(await new Fence(database, 'alpha', 'me').take()).toBe(1);
    expect(externalIds(database)).toEqual(new Map([[key, '1/me']]));
  });

  it('rises with each taking over, beside what others keep there', async () => {
    const database = new FakeDatabase();
    await new Fence(database, 'alpha').take();
    await new Fence(database, 'beta').take();
    database.elsewhere(
      mutateExternalIds('NB_Global', global(database)._uuid, { put: new Map([['note', 'x']]) }),
    );
    expect(await new Fence(database, 'alpha', 'me').take()).toBe(2);
    expect(externalIds(database).get(key)).toBe('2/me');
    expect(externalIds(database).get('note')).toBe('x');
    expect(externalIds(database).get('overlay-network/epoch/beta')).toMatch(/^1\//);
  });

  it('is never held by two that take it at the same time', async () => {
    const database = new FakeDatabase();
    const epochs = await Promise.all([1, 2, 3, 4].map(() => new Fence(database, 'alpha').take()));
    expect(new Set(epochs)).toEqual(new Set([1, 2, 3, 4]));
  });

  it('begins every transaction', async () => {
    const { database, applier } = await operator();
    await applier.apply(subnet, subnetState());
    expect(database.transactions[0]![0]).toMatchObject({
      op: 'wait',
      table: 'NB_Global',
      timeout: 0,
      where: [
        ['_uuid', '==', ['uuid', global(database)._uuid]],
        ['external_ids', 'includes', ['map', [[key, expect.stringMatching(/^1\//)]]]],
      ],
      columns: ['_uuid'],
      until: '==',
    });
  });

  it('lets nobody write who has not taken it', async () => {
    const { database, applier } = await operator({ lead: false });
    await expect(applier.apply(subnet, subnetState())).rejects.toMatchObject({
      code: 'FENCED',
      retry: 'never',
    });
    expect(database.transactions).toEqual([]);
  });

  it('lets nobody write who gave it up', async () => {
    const { applier, fence, database } = await operator();
    fence.drop();
    await expect(applier.apply(subnet, subnetState())).rejects.toMatchObject({ code: 'FENCED' });
    expect(database.transactions).toEqual([]);
  });

  it('does not mind what others write in NB_Global', async () => {
    const { applier, database } = await operator();
    database.elsewhere(
      mutateExternalIds('NB_Global', global(database)._uuid, { put: new Map([['a', 'b']]) }),
    );
    expect(await applier.apply(subnet, subnetState())).toMatchObject({ changed: true });
  });
});

describe('a writer that was superseded', () => {
  it('writes nothing, says so once, and never takes the epoch back', async () => {
    const database = new FakeDatabase();
    const { losses, onFenced } = recorder('retake');
    const stale = await operator({ database, onFenced });
    await new Fence(database, 'alpha', 'new').take();
    const before = database.dump();
    await expect(stale.applier.apply(subnet, subnetState())).rejects.toMatchObject({ code: 'FENCED' });
    await expect(stale.applier.apply(subnet, subnetState())).rejects.toMatchObject({ code: 'FENCED' });
    expect(losses).toEqual([{ reason: 'superseded', epoch: 1 }]);
    expect(database.dump()).toEqual(before);
  });

  it('is refused by the database itself when that happens while its transaction is on the way', async () => {
    const { losses, onFenced } = recorder('retake');
    const { database, applier } = await operator({ onFenced });
    database.before = async () => {
      database.before = () => undefined;
      await new Fence(database, 'alpha', 'new').take();
    };
    await expect(applier.apply(subnet, subnetState())).rejects.toMatchObject({ code: 'FENCED' });
    expect(losses).toEqual([{ reason: 'superseded', epoch: 1 }]);
    expect(database.replica.count('Logical_Switch')).toBe(0);
  });
});

describe('a writer whose database was restarted, and may be older than it was', () => {
  it('takes the epoch anew before it writes, though it stands there, when it certainly leads', async () => {
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

  it('writes nothing with the epoch that a backup has of its own time, when another leads', async () => {
    const { losses, onFenced } = recorder('stop');
    const { database, applier } = await operator({ onFenced });
    const backup = externalIds(database).get(key)!;
    await new Fence(database, 'alpha', 'leader').take();
    database.elsewhere(
      mutateExternalIds('NB_Global', global(database)._uuid, { put: new Map([[key, backup]]) }),
    );
    database.transactions.length = 0;
    database.generation++;
    await expect(applier.apply(subnet, subnetState())).rejects.toMatchObject({ code: 'FENCED' });
    expect(losses).toEqual([{ reason: 'lost', epoch: 1 }]);
    expect(database.transactions).toEqual([]);
  });

  it('yields to one that took over while it asked whether it leads', async () => {
    const database = new FakeDatabase();
    const losses: FenceLoss[] = [];
    const leader = new Fence(database, 'alpha', 'leader');
    const { applier } = await operator({
      database,
      onFenced: async (loss): Promise<'retake'> => {
        losses.push(loss);
        if (losses.length === 1) await leader.take();
        return 'retake';
      },
    });
    database.generation++;
    await expect(applier.apply(subnet, subnetState())).rejects.toMatchObject({ code: 'FENCED' });
    expect(losses.map(({ reason }) => reason)).toEqual(['lost', 'superseded']);
    expect(leader.judge()).toBe('held');
    expect(database.replica.count('Logical_Switch')).toBe(0);
  });

  it('yields as well when that happens just before it takes the epoch anew', async () => {
    const { losses, onFenced } = recorder('retake');
    const { database, applier } = await operator({ onFenced });
    const leader = new Fence(database, 'alpha', 'leader');
    database.generation++;
    database.before = async () => {
      database.before = () => undefined;
      await leader.take();
    };
    await expect(applier.apply(subnet, subnetState())).rejects.toMatchObject({ code: 'FENCED' });
    expect(losses.map(({ reason }) => reason)).toEqual(['lost', 'superseded']);
    expect(leader.judge()).toBe('held');
    expect(database.replica.count('Logical_Switch')).toBe(0);
  });

  it('asks again with the next write when nobody could say whether it leads', async () => {
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
    // Nothing else would make anybody write again.
    clock.advance(5_000);
    expect(drift).toEqual([subnet.name]);
    expect(await applier.apply(subnet, subnetState())).toMatchObject({ changed: true });
    expect(fence.epoch).toBe(2);
  });
});

describe('a writer whose epoch is lost because the database was emptied or restored', () => {
  const empty = (database: FakeDatabase): void =>
    database.elsewhere(deleteRow('NB_Global', global(database)._uuid));
  const older = (database: FakeDatabase): void =>
    database.elsewhere(
      mutateExternalIds('NB_Global', global(database)._uuid, { put: new Map([[key, '1/old']]) }),
    );

  it.each([
    ['emptied', empty],
    ['restored', older],
  ])('(%s) takes it again, higher than any before, when it certainly leads', async (_, damage) => {
    const database = new FakeDatabase();
    await new Fence(database, 'alpha').take();
    const { losses, onFenced } = recorder('retake');
    const { applier, fence } = await operator({ database, onFenced });
    damage(database);
    expect(await applier.apply(subnet, subnetState())).toMatchObject({ changed: true });
    expect(losses).toEqual([{ reason: 'lost', epoch: 2 }]);
    expect(fence.epoch).toBe(3);
  });

  it.each([
    ['emptied', empty],
    ['restored', older],
  ])('(%s) stops when it does not', async (_, damage) => {
    const database = new FakeDatabase();
    await new Fence(database, 'alpha').take();
    const { losses, onFenced } = recorder('stop');
    const { applier } = await operator({ database, onFenced });
    damage(database);
    await expect(applier.apply(subnet, subnetState())).rejects.toMatchObject({ code: 'FENCED' });
    expect(losses).toHaveLength(1);
    expect(database.replica.count('Logical_Switch')).toBe(0);
  });

  it('is not fooled by the same number of somebody else', async () => {
    const database = new FakeDatabase();
    const { onFenced } = recorder('stop');
    const { applier } = await operator({ database, onFenced });
    database.elsewhere(
      mutateExternalIds('NB_Global', global(database)._uuid, { put: new Map([[key, '1/other']]) }),
    );
    await expect(applier.apply(subnet, subnetState())).rejects.toMatchObject({ code: 'FENCED' });
  });
});
