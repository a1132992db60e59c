import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { Usage, type Tenant } from '../../../src/controllers/pools/usage.ts';

const tenant = (namespace: string, organization = 'acme'): Tenant => ({ namespace, organization });
const amountsOf = (usage: Usage): number[] =>
  ['a', 'b', 'c'].flatMap((ns) =>
    (['namespace', 'organization'] as const).map((scope) =>
      usage.used('natRules', tenant(ns, scope === 'namespace' ? '' : ns), scope),
    ),
  );

describe('a Usage', () => {
  it('refuses an amount that exceeds a limit, and states the scope, the amount in use and the limit', () => {
    const usage = new Usage(() => undefined);
    expect(usage.hold('natRules', '1', tenant('a'), 3, { namespace: 3, organization: 4 })).toBeUndefined();
    expect(usage.hold('natRules', '2', tenant('a'), 1, { namespace: 3, organization: 9 })).toEqual({
      scope: 'namespace',
      used: 3,
      limit: 3,
    });
    expect(usage.hold('natRules', '3', tenant('b'), 2, { namespace: 3, organization: 4 })).toEqual({
      scope: 'organization',
      used: 3,
      limit: 4,
    });
    expect(usage.hold('natRules', '3', tenant('b'), 1, { namespace: 3, organization: 4 })).toBeUndefined();
  });

  it('lets an object keep its amount, or reduce it, whatever the limits are', () => {
    const usage = new Usage(() => undefined);
    usage.hold('natRules', '1', tenant('a'), 5);
    expect(usage.hold('natRules', '1', tenant('a'), 5, { namespace: 0 })).toBeUndefined();
    expect(usage.hold('natRules', '1', tenant('a'), 4, { namespace: 0 })).toBeUndefined();
    expect(usage.hold('natRules', '1', tenant('a'), 5, { namespace: 0 })).toMatchObject({ used: 4 });
    expect(usage.used('natRules', tenant('a'), 'namespace')).toBe(4);
  });

  it('wakes the waiters of the namespace and the organization when a part becomes free', () => {
    const woken: string[] = [];
    const usage = new Usage((waiters) => woken.push(waiters));
    usage.hold('natRules', '1', tenant('a'), 5);
    expect(woken).toEqual([]);
    usage.release('1');
    expect(woken).toEqual(['quota/natRules/namespace/a', 'quota/natRules/organization/acme']);
  });

  it('wakes the waiters of an organization that a namespace leaves', () => {
    const woken: string[] = [];
    const usage = new Usage((waiters) => woken.push(waiters));
    usage.hold('natRules', '1', tenant('a', 'old'), 5);
    usage.place(tenant('a', 'new'));
    expect(woken).toEqual(['quota/natRules/organization/old']);
    expect(usage.used('natRules', tenant('a', 'old'), 'organization')).toBe(0);
    expect(usage.used('natRules', tenant('a', 'new'), 'organization')).toBe(5);
  });

  it('counts the same as a sum over all holds, after any changes', () => {
    const ns = fc.constantFrom('a', 'b', 'c');
    const steps = fc.array(
      fc.oneof(
        fc.record({ uid: fc.constantFrom('1', '2', '3', '4'), amount: fc.nat({ max: 9 }) }),
        fc.record({ ns, organization: ns }),
      ),
      { maxLength: 40 },
    );
    fc.assert(
      fc.property(steps, (all) => {
        const usage = new Usage(() => undefined);
        const homes: Record<string, string> = { a: 'a', b: 'b', c: 'c' };
        const held = new Map<string, number>();
        const homeOf = (uid: string) => ['a', 'b', 'c'][Number(uid) % 3] as string;
        for (const step of all) {
          if ('ns' in step) {
            homes[step.ns] = step.organization;
            usage.place(tenant(step.ns, step.organization));
          } else if (step.amount === 0) {
            held.delete(step.uid);
            usage.release(step.uid);
          } else {
            held.set(step.uid, step.amount);
            const home = homeOf(step.uid);
            usage.hold('natRules', step.uid, tenant(home, homes[home]), step.amount);
          }
        }
        const sum = (matches: (home: string) => boolean): number =>
          [...held].reduce((total, [uid, amount]) => total + (matches(homeOf(uid)) ? amount : 0), 0);
        expect(amountsOf(usage)).toEqual(
          ['a', 'b', 'c'].flatMap((each) => [
            sum((home) => home === each),
            sum((home) => homes[home] === each),
          ]),
        );
      }),
    );
  });
});
