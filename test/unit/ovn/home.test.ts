import { describe, expect, it } from '@jest/globals';
import { checkHome, UNRECORDED, type RowClaims } from '../../../src/ovn/apply/home.ts';
import type { FenceLoss } from '../../../src/ovn/apply/retake-fence.ts';
import { Fence } from '../../../src/ovn/apply/fence.ts';
import { mutateExternalIds } from '../../../src/ovn/apply/operations.ts';
import { FakeDatabase } from './fake-database.ts';
import { homeOf, operator, subnet, subnetState } from './scenario.ts';

const east = 'c0000000-0000-4000-8000-000000000001';
const west = 'c0000000-0000-4000-8000-000000000002';
const key = 'overlay-network/kubernetes/alpha';

const claiming = (rows: number, withObject: number, adopt?: string) => {
  const claims = (): RowClaims => ({ rows, withObject });
  return homeOf(east, { adopt, claims });
};
const refusal = (recorded: string | undefined, home: ReturnType<typeof homeOf>): string | undefined => {
  try {
    checkHome('alpha', recorded, home);
    return undefined;
  } catch (error) {
    expect(error).toMatchObject({ code: 'OTHER_CLUSTER', retry: 'never' });
    return (error as Error).message;
  }
};

describe('the Kubernetes cluster of an operator', () => {
  it.each([
    ['the database records it', east, claiming(9, 0)],
    ['nothing is recorded and there are no rows', undefined, claiming(0, 0)],
    ['nothing is recorded and all rows have an object', undefined, claiming(9, 9)],
    ['nothing is recorded and few rows have no object', undefined, claiming(10, 8)],
    ['the administrator gives it the rows of the recorded cluster', west, claiming(9, 0, west)],
    ['the administrator gives it unrecorded rows', undefined, claiming(9, 0, UNRECORDED)],
    ['it has taken the rows over and adopt is still set', east, claiming(9, 9, west)],
  ])('may own the rows if %s', (_, recorded, home) => {
    expect(refusal(recorded, home)).toBeUndefined();
  });

  it.each([
    ['the database records another cluster', west, claiming(9, 9), `set adopt: ${west}`],
    ['the database records another cluster without rows', west, claiming(0, 0), `set adopt: ${west}`],
    ['adopt names a third cluster', west, claiming(9, 0, 'c0'), `set adopt: ${west}`],
    ['adopt is for unrecorded rows, but a cluster is recorded', west, claiming(9, 0, UNRECORDED), west],
    ['nothing is recorded and no row has an object', undefined, claiming(1, 0), 'set adopt: unrecorded'],
    ['nothing is recorded and many rows have no object', undefined, claiming(10, 7), 'only 7 of them'],
    ['nothing is recorded and adopt names a cluster', undefined, claiming(1, 0, west), 'adopt: unrecorded'],
  ])('may not own the rows if %s', (_, recorded, home, text) => {
    expect(refusal(recorded, home)).toContain(text);
  });
});

describe('the record of the Kubernetes cluster', () => {
  const globalRow = (database: FakeDatabase) => [...database.replica.rows('NB_Global')][0]!;
  const record = (database: FakeDatabase, uid: string | undefined) =>
    database.elsewhere(
      mutateExternalIds('NB_Global', globalRow(database)._uuid, {
        remove: [key],
        put: new Map(uid === undefined ? [] : [[key, uid]]),
      }),
    );
  const recorded = (database: FakeDatabase) =>
    (globalRow(database)['external_ids'] as ReadonlyMap<string, string>).get(key);

  it('keeps the operator of another cluster out, also when it writes at the same moment', async () => {
    const database = new FakeDatabase();
    const outcomes = await Promise.allSettled(
      [east, west].map((uid) => new Fence(database, 'alpha').take(homeOf(uid))),
    );
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected']);
    expect(recorded(database)).toBe(east);
    await expect(new Fence(database, 'beta').take(homeOf(west))).resolves.toBe(1);
  });

  it('makes the database reject the writes of the former cluster after an adoption', async () => {
    const losses: FenceLoss[] = [];
    const onFenced = (loss: FenceLoss) => (losses.push(loss), 'retake' as const);
    const { database, applier } = await operator({ onFenced });
    await new Fence(database, 'alpha').take(homeOf(west, { adopt: east }));
    const before = database.dump();
    await expect(applier.apply(subnet, subnetState())).rejects.toMatchObject({ code: 'FENCED' });
    expect(losses).toEqual([{ reason: 'superseded', epoch: 1 }]);
    expect(database.dump()).toEqual(before);
  });

  it('stops a leader when it names another cluster, with the same epoch', async () => {
    const losses: FenceLoss[] = [];
    const { database, applier, fence } = await operator({
      onFenced: (loss) => (losses.push(loss), 'retake'),
    });
    record(database, west);
    expect(fence.state()).toBe('superseded');
    await expect(applier.apply(subnet, subnetState())).rejects.toMatchObject({ code: 'FENCED' });
    expect(losses).toEqual([{ reason: 'superseded', epoch: 1 }]);
  });

  it('is written again by the leader when it is missing', async () => {
    const { database, applier, fence } = await operator({ onFenced: () => 'retake' });
    record(database, undefined);
    expect(fence.hasLostRecord).toBe(true);
    await applier.apply(subnet, subnetState());
    expect(recorded(database)).toBe(east);
    expect(fence.hasLostRecord).toBe(false);
  });

  it('is not written by a leader whose database now has rows of another cluster', async () => {
    const losses: FenceLoss[] = [];
    let claims: RowClaims = { rows: 0, withObject: 0 };
    const database = new FakeDatabase();
    const { applier, fence } = await operator({
      database,
      lead: false,
      onFenced: (loss) => (losses.push(loss), 'retake'),
    });
    await fence.take(homeOf(east, { claims: () => claims }));
    record(database, undefined);
    database.generation++;
    claims = { rows: 20, withObject: 0 };
    const before = database.dump();
    await expect(applier.apply(subnet, subnetState())).rejects.toMatchObject({ code: 'FENCED' });
    expect(losses.map(({ reason }) => reason)).toEqual(['lost', 'refused']);
    expect(losses[1]?.message).toContain('adopt: unrecorded');
    expect(database.dump()).toEqual(before);
  });
});
