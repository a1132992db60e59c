import { beforeAll, expect, it } from '@jest/globals';
import { computeMac } from '../../src/api/index.ts';
import { gatewayPortName } from '../../src/controllers/rows/names.ts';
import { describeLab } from '../support/dataplane/describe.ts';
import type { Guest } from '../support/dataplane/guest.ts';
import { openProject, publicNetwork } from '../support/dataplane/outside.ts';

const FLOATING = '203.0.113.150';
const FORWARDED = '203.0.113.160';

/** A project with one Port, which has the name of the project. */
const project = (name: string, cidr: string): string => `
${openProject(name, cidr)}
---
apiVersion: network.plasmavmc.io/v1alpha1
kind: Port
metadata: { name: ${name}, namespace: ${name} }
spec: { subnetRef: { name: apps }, ipAddress: ${cidr}.1.11 }
`;

const floating = (name: string): string => `
apiVersion: network.plasmavmc.io/v1alpha1
kind: FloatingIP
metadata: { name: ip, namespace: ${name} }
spec: { externalNetworkRef: { name: public }, address: ${FLOATING} }
---
apiVersion: network.plasmavmc.io/v1alpha1
kind: NatRule
metadata: { name: ip, namespace: ${name} }
spec: { type: FloatingIP, floatingIPRef: { name: ip }, target: { portRef: { name: ${name} } } }
`;

const forwarded = (name: string): string => `
apiVersion: network.plasmavmc.io/v1alpha1
kind: NatRule
metadata: { name: forward, namespace: ${name} }
spec:
  type: DNAT
  externalIP: ${FORWARDED}
  protocol: TCP
  externalPort: 80
  target: { portRef: { name: ${name} } }
`;

describeLab('an external address that moves from one VPC to another', (lab) => {
  let before: Guest;
  let asks: Guest;
  let after: Guest;

  beforeAll(async () => {
    for (const name of ['before', 'asks', 'after']) await lab().namespace(name);
    await lab().apply(
      publicNetwork,
      project('before', '10.50'),
      project('asks', '10.60'),
      project('after', '10.70'),
      floating('before'),
      forwarded('before'),
    );
    [before, asks, after] = await lab().guests(
      { name: 'before', namespace: 'before', on: 1 },
      { name: 'asks', namespace: 'asks', on: 2 },
      { name: 'after', namespace: 'after', on: 2 },
    );
  }, 120_000);

  /** Throws unless pings from the third VPC to the address arrive at this VM. */
  const leadsTo = async (machine: Guest): Promise<void> => {
    const echoes = await machine.echoesReceived();
    await asks.reaches(FLOATING);
    expect(await machine.echoesReceived()).toBeGreaterThan(echoes);
  };
  const gatewayMac = async (namespace: string): Promise<string> =>
    computeMac((await lab().get('VPC', `${namespace}/net`)).metadata.uid, 'external');
  /** The MAC binding of the address in the third VPC's router: the UUID of the row, and its MAC address. */
  const macBinding = async (): Promise<readonly string[]> => {
    const { uid } = (await lab().get('VPC', 'asks/net')).metadata;
    const where = [`logical_port=${gatewayPortName(uid)}`, `ip="${FLOATING}"`];
    const found = await lab().cluster.ovn.sbctl(
      '--bare',
      '--columns=_uuid,mac',
      'find',
      'MAC_Binding',
      ...where,
    );
    return found.split('\n').filter((line) => line !== '');
  };

  // Much shorter than 300 seconds, after which routers remove a MAC binding that is not renewed.
  const timeoutMs = 60_000;

  it('leads to its new VPC from a VPC that was communicating with the old VPC', async () => {
    await lab().eventually(() => leadsTo(before));
    await lab().delete('NatRule', 'before/ip');
    await lab().delete('FloatingIP', 'before/ip');
    await lab().apply(floating('after'));
    await lab().eventually(() => leadsTo(after), timeoutMs);
  }, 120_000);

  it('leads to its new VPC from a router with a stale MAC binding, because the old router forwards', async () => {
    const [uuid = ''] = await macBinding();
    const stale = await gatewayMac('before');
    const { nbctl, sbctl } = lab().cluster.ovn;
    await sbctl('set', 'MAC_Binding', uuid, `mac="${stale}"`);
    await nbctl('--wait=hv', 'sync');
    await lab().eventually(() => leadsTo(after), timeoutMs);
    expect(await macBinding()).toEqual([uuid, stale]);
  }, 120_000);

  it('is announced to the physical network, also when it only forwards ports', async () => {
    const { router } = lab().lab.internet;
    const neighbour = async (): Promise<string | undefined> => {
      const found = await router.run(['ip', '-j', 'neigh', 'show', FORWARDED]);
      return (JSON.parse(found) as readonly { lladdr?: string }[])[0]?.lladdr;
    };
    const [old, now] = [await gatewayMac('before'), await gatewayMac('after')];
    await lab().eventually(async () => {
      await router.attempt(['ping', '-n', '-c', '1', '-W', '1', FORWARDED]);
      expect(await neighbour()).toBe(old);
    });
    await lab().delete('NatRule', 'before/forward');
    await lab().apply(forwarded('after'));
    // The router sends no new request, because it still has the old entry. So the announcement must replace the entry.
    await lab().eventually(async () => {
      expect(await neighbour()).toBe(now);
    }, timeoutMs);
  }, 120_000);
});
