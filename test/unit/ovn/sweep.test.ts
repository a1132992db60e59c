import { describe, expect, it, jest } from '@jest/globals';
import fc from 'fast-check';
import { decideSweep, sweep } from '../../../src/ovn/apply/sweep.ts';
import type { SweepOptions } from '../../../src/ovn/apply/sweep.ts';
import type { Owner, RowWriter } from '../../../src/ovn/index.ts';
import { OvsdbError } from '../../../src/ovn/ovsdb/index.ts';
import { lspUuid, operator, owner, portState, subnet, subnetState } from './scenario.ts';

const ports = Array.from({ length: 10 }, (_, index) => owner('Port', `vm-${index}`));

async function running() {
  const it = await operator();
  await it.applier.apply(subnet, subnetState());
  for (const port of ports) await it.applier.apply(port, portState(port));
  return it;
}

function options(live: readonly Owner[], more: Partial<SweepOptions> = {}): SweepOptions {
  const uids = new Set(live.map(({ uid }) => uid));
  return {
    maxShare: 0.3,
    floorRows: 0,
    isCached: ({ uid }) => uids.has(uid),
    isAlive: () => Promise.resolve(false),
    ...more,
  };
}

describe('decideSweep', () => {
  it('returns the orphans, and refuses if they exceed both the minimum number and the share', () => {
    const present = fc.array(fc.record({ live: fc.boolean(), rows: fc.integer({ min: 1, max: 9 }) }), {
      maxLength: 20,
    });
    const share = fc.double({ min: 0, max: 1, noNaN: true });
    fc.assert(
      fc.property(present, share, fc.nat(20), (input, maxShare, floorRows) => {
        const rows = input.map(({ live, rows: count }, index) => ({
          owner: owner(live ? 'Live' : 'Gone', String(index)),
          rows: count,
        }));
        const decision = decideSweep(rows, ({ kind }) => kind === 'Live', { maxShare, floorRows });
        const gone = rows.filter(({ owner: { kind } }) => kind === 'Gone');
        const sum = (list: typeof rows): number => list.reduce((total, one) => total + one.rows, 0);
        expect(decision.owners).toEqual(gone.map((one) => one.owner));
        expect(decision.kind === 'refused').toBe(
          sum(gone) > floorRows && sum(gone) > maxShare * sum(rows) + 1e-9,
        );
      }),
      { seed: 20260105 },
    );
  });
});

describe('a sweep', () => {
  it('removes only the rows of objects that do not exist', async () => {
    const { applier, database } = await running();
    const report = await sweep(applier, options([subnet, ...ports.slice(2)]));
    expect(report).toMatchObject({ removed: ports.slice(0, 2), spared: [], failed: [], refused: undefined });
    expect(database.replica.count('Logical_Switch_Port')).toBe(8);
  });

  it('asks the API server for objects that are not in the cache, and keeps the rows of existing objects', async () => {
    const { applier, database } = await running();
    const asked: string[] = [];
    const isAlive = ({ name }: Owner): Promise<boolean> =>
      Promise.resolve((asked.push(name), name === 'vm-0'));
    const report = await sweep(applier, options([subnet, ...ports.slice(2)], { isAlive }));
    expect(asked).toEqual(['vm-0', 'vm-1']);
    expect(report).toMatchObject({ removed: [ports[1]], spared: [ports[0]] });
    expect(database.replica.get('Logical_Switch_Port', lspUuid(ports[0]!))).toBeDefined();
  });

  it('keeps the rows of an object if the API server does not answer', async () => {
    const { applier } = await running();
    const isAlive = (): Promise<boolean> => Promise.reject(new Error('503'));
    const report = await sweep(applier, options([subnet, ...ports.slice(1)], { isAlive }));
    expect(report).toMatchObject({ removed: [], spared: [ports[0]], failed: [{ owner: ports[0] }] });
  });

  it('keeps the rows of an object that appears in the cache during the sweep', async () => {
    const { applier } = await running();
    let cached = false;
    const report = await sweep(applier, {
      ...options([]),
      isCached: ({ name }) => cached || name !== 'vm-0',
      isAlive: () => Promise.resolve(!(cached = true)),
    });
    expect(report).toMatchObject({ removed: [], spared: [ports[0]] });
  });

  it('yields the event loop while it checks many owners', async () => {
    const owners = Array.from({ length: 1_000 }, (_, index) => owner('Port', `vm-${index}`));
    const writer = { owners: () => owners, ownedBy: () => [], remove: () => Promise.reject(new Error('no')) };
    const now = jest.spyOn(performance, 'now').mockReturnValue(0);
    try {
      let asked = 0;
      const seen: number[] = [];
      let isOver = false;
      const watch = (): void => {
        seen.push(asked);
        if (!isOver) setImmediate(watch);
      };
      setImmediate(watch);
      const isCached = (): boolean => {
        now.mockReturnValue(++asked / 10);
        return true;
      };
      await sweep(writer as unknown as RowWriter, options([], { isCached }));
      isOver = true;
      const underWay = seen.filter((count) => count < 1_000);
      expect(underWay.length).toBeGreaterThanOrEqual(5);
      // A slice of 8 ms has 80 checks of 0.1 ms, and up to 64 further checks until the next look at the clock.
      for (const [index, count] of underWay.entries())
        expect(count - (underWay[index - 1] ?? 0)).toBeLessThanOrEqual(80 + 64);
    } finally {
      now.mockRestore();
    }
  });

  it('refuses to remove too many rows, without a request or a removal', async () => {
    const { applier, database } = await running();
    const isAlive = (): Promise<boolean> => Promise.reject(new Error('unexpected request'));
    const report = await sweep(applier, options([subnet, ...ports.slice(5)], { isAlive }));
    expect(report.removed).toEqual([]);
    expect(report.refused).toMatchObject({ rows: 5, share: 5 / 12 });
    expect(report.refused?.reason).toContain('Port/shop/vm-0');
    expect(database.replica.count('Logical_Switch_Port')).toBe(10);
  });

  it('removes all rows of a small database, where every deletion is a large share', async () => {
    const { applier, database } = await running();
    const report = await sweep(applier, options([], { floorRows: 12 }));
    expect(report.removed).toHaveLength(11);
    expect([...applier.owners()]).toEqual([]);
    expect(database.replica.count('Logical_Switch')).toBe(0);
  });

  it('continues after a failed removal, and reports the failure', async () => {
    const { applier, database } = await running();
    database.before = (operations) => {
      if (JSON.stringify(operations).includes(lspUuid(ports[0]!)))
        throw new OvsdbError('REFERENTIAL_INTEGRITY', 'held');
    };
    const report = await sweep(applier, options([subnet, ...ports.slice(2)]));
    expect(report).toMatchObject({
      removed: [ports[1]],
      failed: [{ owner: ports[0], error: { code: 'STILL_REFERENCED' } }],
    });
  });
});
