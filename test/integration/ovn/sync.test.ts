import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startOvnCentral, type OvnCentral } from '../../../src/dev/ovn/central.ts';
import { inspectSouthbound, measureLag, type Lag } from '../../../src/ovn/index.ts';
import { eventually } from '../../support/eventually.ts';
import { answering } from '../../support/ovn-hosts.ts';
import { Cleanup } from './support.ts';

const cleanup = new Cleanup();
let ovn: OvnCentral;

beforeAll(async () => {
  ovn = await startOvnCentral(cleanup.dir());
  cleanup.add(() => ovn.stop());
});
afterAll(() => cleanup.run());

const at = ({ remote }: { remote: string }) => ({ remotes: remote, timeoutMs: 30_000 });
const measure = (patienceMs: number): Promise<Lag> =>
  measureLag(at(ovn.northbound), at(ovn.southbound), patienceMs);
const hasNorthd = async (): Promise<boolean> => (await inspectSouthbound(at(ovn.southbound))).hasNorthd;
const asked = async (): Promise<number> => Number(await ovn.nbctl('get', 'NB_Global', '.', 'nb_cfg'));

/** A host that has been registered, and is silent. */
async function addHost(name: string, address: string, ...config: readonly string[]): Promise<void> {
  await ovn.sbctl('chassis-add', name, 'geneve', address);
  for (const each of config) await ovn.sbctl('set', 'Chassis', name, each);
}

describe('asking OVN how fast it follows', () => {
  it('measures northd alone where there are no hosts', async () => {
    const before = await asked();
    expect(await measure(30_000)).toEqual({ northdMs: expect.any(Number), hosts: [] });
    expect(await asked()).toBe(before + 1);
  });

  it('tells hosts that answer from those that do not, and asks none of another zone', async () => {
    await addHost('answers', '192.0.2.1');
    await addHost('silent', '192.0.2.2');
    await addHost('elsewhere', '192.0.2.3', 'other_config:is-remote=true');
    const answer = await answering(ovn, ['answers']);
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

  it('does not wait when all have answered', async () => {
    const answer = await answering(ovn, ['answers']);
    const [{ hosts }] = await Promise.all([measure(600_000), answer()]);
    expect(hosts).toEqual([{ name: 'answers', ms: expect.any(Number) }]);
  });

  it('notices that northd is gone, without taking its place', async () => {
    expect(await hasNorthd()).toBe(true);
    // Nobody who only looked holds what northd needs.
    expect(await hasNorthd()).toBe(true);
    await ovn.northd.kill();
    await eventually(async () => !(await hasNorthd()));
    expect(await measure(300)).toMatchObject({ northdMs: undefined });
  });
});
