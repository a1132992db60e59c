import { beforeAll, expect, it } from '@jest/globals';
import { computeMac } from '../../src/api/index.ts';
import { describeLab } from '../support/dataplane/describe.ts';
import { longestGap } from '../support/dataplane/guest.ts';
import { openProject, publicNetwork } from '../support/dataplane/outside.ts';

/** Two machines, each on a host that can be the gateway of the VPC: one of them is on the gateway's host. */
const machines = [
  { name: 'one', on: 1, floating: '203.0.113.151' },
  { name: 'two', on: 2, floating: '203.0.113.152' },
] as const;

const port = (name: string): string => `
apiVersion: network.plasmavmc.io/v1alpha1
kind: Port
metadata: { name: ${name}, namespace: red }
spec: { subnetRef: { name: apps } }
`;
const floating = (name: string, address: string): string => `
apiVersion: network.plasmavmc.io/v1alpha1
kind: FloatingIP
metadata: { name: ${name}, namespace: red }
spec: { externalNetworkRef: { name: public }, address: ${address} }
---
apiVersion: network.plasmavmc.io/v1alpha1
kind: NatRule
metadata: { name: ${name}, namespace: red }
spec:
  type: FloatingIP
  mode: Distributed
  floatingIPRef: { name: ${name} }
  target: { portRef: { name: ${name} } }
`;

/** The pings for one measurement: long enough for the whole change. */
const PINGS = { count: 160, intervalS: 0.05 } as const;

describeLab('a floating IP that becomes Centralized', (lab) => {
  beforeAll(async () => {
    await lab().namespace('red');
    await lab().apply(
      publicNetwork,
      openProject('red', '10.50'),
      ...machines.flatMap(({ name, floating: address }) => [port(name), floating(name, address)]),
    );
    await lab().guests(...machines.map(({ name, on }) => ({ name, namespace: 'red', subnet: 'apps', on })));
    const { router } = lab().lab.internet;
    for (const { floating: address } of machines)
      await lab().eventually(async () => {
        await router.run(['ping', '-n', '-c', '1', '-W', '1', address]);
        const found = await router.run(['ip', '-j', 'neigh', 'show', address]);
        // The address has its own MAC address, so the rule is distributed.
        expect(found).not.toContain(await gatewayMac());
      });
  }, 120_000);

  const gatewayMac = async (): Promise<string> => {
    const { uid } = (await lab().get('VPC', 'red/net')).metadata;
    return computeMac(uid, 'external');
  };

  /** The longest time, in ms, in which the router of the physical network gets no answer. */
  const gapOf = async (address: string): Promise<number> => {
    const { stdout } = await lab().lab.internet.router.attempt([
      ...['ping', '-D', '-n', '-c', String(PINGS.count), '-i', String(PINGS.intervalS), '-W', '1', address],
    ]);
    const times = [...stdout.matchAll(/^\[(\d+\.\d+)\] \d+ bytes from/gm)].map(([, at]) => Number(at) * 1000);
    const after = PINGS.count * PINGS.intervalS * 1000 + (times[0] ?? 0);
    return longestGap([...times, after]);
  };

  it('is reachable again within three seconds, also on the host of the gateway', async () => {
    const gaps = Promise.all(machines.map(({ floating: address }) => gapOf(address)));
    for (const { name } of machines)
      await lab().edit('NatRule', `red/${name}`, { spec: { mode: 'Centralized' } });
    for (const gap of await gaps) expect(gap).toBeLessThan(3000);
    const mac = await gatewayMac();
    for (const { floating: address } of machines)
      expect(await lab().lab.internet.router.run(['ip', '-j', 'neigh', 'show', address])).toContain(mac);
  }, 60_000);
});
