import { beforeAll, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { internet } from '../../src/dev/lab/index.ts';
import { describeLab } from '../support/dataplane/describe.ts';
import type { Guest } from '../support/dataplane/guest.ts';

const example = readFileSync(
  join(import.meta.dirname, '../../examples/openstack-classic/network.yaml'),
  'utf8',
);

describeLab('examples/openstack-classic', (lab) => {
  let instance: Guest;
  let neighbour: Guest;
  let other: Guest;

  beforeAll(async () => {
    await lab().apply(example);
    [instance, neighbour, other] = await lab().guests(
      { name: 'instance', namespace: 'classic', on: 1 },
      { name: 'neighbour', namespace: 'classic', on: 2 },
      { name: 'other', namespace: 'classic', on: 1 },
    );
  }, 120_000);

  /** The source address of the guest's pings, as the external host sees it. */
  const sourceOf = async (guest: Guest): Promise<string | undefined> => {
    const { host } = lab().lab.internet;
    const argv = [
      'timeout',
      '30',
      'tcpdump',
      '-n',
      '-l',
      '--immediate-mode',
      '-c',
      '1',
      '-i',
      'eth0',
      'icmp[icmptype] == icmp-echo',
    ];
    let captured: string | undefined;
    void host.attempt(argv).then(({ stdout }) => (captured = stdout));
    // tcpdump does not report when it is ready, so the guest sends pings until one is captured.
    await lab().eventually(async () => {
      await guest.ping(internet.host, { count: 1 });
      return captured !== undefined;
    });
    return / IP ([\d.]+) > /.exec(captured ?? '')?.[1];
  };

  it('translates the outgoing traffic of fixed addresses to the address of the router', async () => {
    await lab().eventually(() => neighbour.reaches(internet.host));
    expect(await sourceOf(neighbour)).toBe('203.0.113.101');
    expect(await sourceOf(other)).toBe('203.0.113.101');
  }, 60_000);

  it('maps a floating IP in both directions', async () => {
    expect(instance.address).toBe('192.168.1.11');
    await lab().eventually(() => instance.reaches(internet.host));
    expect(await sourceOf(instance)).toBe('203.0.113.102');
    const { host } = lab().lab.internet;
    const before = await instance.echoesReceived();
    await lab().eventually(() => host.run(['ping', '-n', '-c', '1', '-W', '1', '203.0.113.102']));
    expect(await instance.echoesReceived()).toBeGreaterThan(before);
  }, 60_000);

  it('connects VMs on the same network and on different networks', async () => {
    await lab().eventually(() => instance.reaches(neighbour.address));
    await lab().eventually(() => instance.reaches(other.address));
    await lab().eventually(() => other.reaches(neighbour.address));
  }, 60_000);
});
