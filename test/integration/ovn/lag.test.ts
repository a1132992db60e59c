import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startOvnCentral, type OvnCentral } from '../../../src/dev/ovn/central.ts';
import { inspectSouthbound, measureLag, type Lag } from '../../../src/ovn/index.ts';
import { eventually } from '../../support/eventually.ts';
import { confirmingHosts } from '../../support/ovn-hosts.ts';
import { Cleanup } from './support.ts';

const cleanup = new Cleanup();
let ovn: OvnCentral;

beforeAll(async () => {
  ovn = await startOvnCentral(cleanup.dir());
  cleanup.add(() => ovn.stop());
});
afterAll(() => cleanup.run());

const at = ({ remote }: { remote: string }) => ({ remotes: remote, timeoutMs: 30_000 });
const measure = (timeoutMs: number): Promise<Lag> =>
  measureLag(at(ovn.northbound), at(ovn.southbound), timeoutMs);
const hasNorthd = async (): Promise<boolean | undefined> =>
  (await inspectSouthbound(at(ovn.southbound))).hasNorthd;
const requested = async (): Promise<number> => Number(await ovn.nbctl('get', 'NB_Global', '.', 'nb_cfg'));

/** Registers a chassis that does not answer. */
async function addHost(name: string, address: string, ...config: readonly string[]): Promise<void> {
  await ovn.sbctl('chassis-add', name, 'geneve', address);
  for (const each of config) await ovn.sbctl('set', 'Chassis', name, each);
}

describe('measureLag', () => {
  it('measures only ovn-northd if there are no hosts', async () => {
    const before = await requested();
    expect(await measure(30_000)).toEqual({ northdMs: expect.any(Number), hosts: [] });
    expect(await requested()).toBe(before + 1);
  });

  it('reports which hosts answer, and ignores hosts of another availability zone', async () => {
    await addHost('answers', '192.0.2.1');
    await addHost('silent', '192.0.2.2');
    await addHost('elsewhere', '192.0.2.3', 'other_config:is-remote=true');
    const answer = await confirmingHosts(ovn, ['answers']);
    const [lag] = await Promise.all([measure(10_000), answer()]);
    expect(lag).toEqual({
      northdMs: expect.any(Number),
      hosts: [
        { name: 'answers', ms: expect.any(Number) },
        { name: 'silent', ms: undefined },
      ],
    });
    await ovn.sbctl('chassis-del', 'silent');
  });

  it('resolves when all hosts have answered', async () => {
    const answer = await confirmingHosts(ovn, ['answers']);
    const [{ hosts }] = await Promise.all([measure(600_000), answer()]);
    expect(hosts).toEqual([{ name: 'answers', ms: expect.any(Number) }]);
  });

  it('reports a missing ovn-northd, and inspectSouthbound does not take its lock', async () => {
    expect(await hasNorthd()).toBe(true);
    // The first call released the lock.
    expect(await hasNorthd()).toBe(true);
    await ovn.northd.kill();
    await eventually(async () => !(await hasNorthd()));
    expect(await measure(300)).toMatchObject({ northdMs: undefined });
  });
});
