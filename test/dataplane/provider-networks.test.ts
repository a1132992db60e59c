import { beforeAll, describe, expect, it } from '@jest/globals';
import { internet, Namespace } from '../../src/dev/lab/index.ts';
import { describeLab } from '../support/dataplane/describe.ts';
import { arp, ethernet, sendFrames, Sniffer } from '../support/dataplane/frames.ts';
import type { Guest } from '../support/dataplane/guest.ts';
import { openProject, publicNetwork } from '../support/dataplane/outside.ts';
import { connectToVlan } from '../support/dataplane/vlan.ts';

/** The floating IP of the victim. */
const FLOATING = '203.0.113.150';
/** A physical machine on the VLAN of one project, and one on the VLAN that two projects share. */
const physical = { own: '10.60.77.50', shared: '10.90.78.50' };
const BROADCAST = 'ff:ff:ff:ff:ff:ff';

const providerNetwork = (name: string, spec: string): string => `
apiVersion: network.plasmavmc.io/v1alpha1
kind: ProviderNetwork
metadata: { name: ${name} }
spec: { physicalNetwork: physnet1, ${spec} }
`;
/** The untagged network of physnet1 is the segment of the ExternalNetwork. */
const administrator = [
  providerNetwork('all', 'untagged: Allowed, allowedNamespaces: { selector: {} }'),
  providerNetwork(
    'plant',
    'vlanIDs: [{ min: 77 }], allowedNamespaces: { selector: { matchLabels: { plant: allowed } } }',
  ),
  providerNetwork(
    'office',
    'vlanIDs: [{ min: 78 }], subnetsPerSegment: Several, allowedNamespaces: { selector: {} }',
  ),
];

/** Even a tenant with all powers on provider networks cannot take over addresses. */
const policy = `
apiVersion: network.plasmavmc.io/v1alpha1
kind: ProjectPolicy
metadata: { name: trusted }
spec:
  namespaceSelector: {}
  providerPowers:
    trafficFilteringDisabled: Allowed
    spoofingProtectionDisabled: Allowed
    spoofingProtectionMACOnly: Allowed
    allowedAddresses: Any
`;

const wire = (namespace: string, name: string, cidr: string, network: string, tag?: number): string => `
apiVersion: network.plasmavmc.io/v1alpha1
kind: Subnet
metadata: { name: ${name}, namespace: ${namespace} }
spec:
  cidr: ${cidr}
  gateway: { mode: None }
  provider: { networkRef: { name: ${network} }${tag === undefined ? '' : `, vlanID: ${tag}`} }
`;
const port = (namespace: string, name: string, subnet: string, spec = ''): string => `
apiVersion: network.plasmavmc.io/v1alpha1
kind: Port
metadata: { name: ${name}, namespace: ${namespace} }
spec: { subnetRef: { name: ${subnet} }${spec} }
`;

/** A project that has the same range as others, in its own organization. */
const project = (namespace: string): string => `
apiVersion: network.plasmavmc.io/v1alpha1
kind: VPC
metadata: { name: net, namespace: ${namespace} }
spec: { cidr: 10.90.0.0/16, defaults: None }
---
apiVersion: network.plasmavmc.io/v1alpha1
kind: SecurityGroup
metadata: { name: default, namespace: ${namespace} }
spec: { ingress: [{ protocol: All }], egress: [{ protocol: All }] }
`;

const victim = `
apiVersion: network.plasmavmc.io/v1alpha1
kind: FloatingIP
metadata: { name: ip, namespace: blue }
spec: { externalNetworkRef: { name: public }, address: ${FLOATING} }
---
apiVersion: network.plasmavmc.io/v1alpha1
kind: NatRule
metadata: { name: ip, namespace: blue }
spec: { type: FloatingIP, floatingIPRef: { name: ip }, target: { portRef: { name: target } } }
`;

describeLab('physical networks', (lab) => {
  let target: Guest;
  let thief: Guest;
  let floor: Guest;
  let red: Guest;
  let green: Guest;
  let room: Namespace;

  /** A frame that tells all machines on the link that the sender has the address. */
  const announcement = (mac: string, ip: string): Buffer =>
    ethernet(BROADCAST, mac, 0x0806, arp(2, { mac, ip }, { mac: BROADCAST, ip }));
  const neighbourOf = async (machine: Namespace, address: string): Promise<string | undefined> => {
    const found = JSON.parse(await machine.run(['ip', '-j', 'neigh', 'show', address])) as readonly {
      lladdr?: string;
    }[];
    return found[0]?.lladdr;
  };

  beforeAll(async () => {
    for (const name of ['thief', 'red', 'green'])
      await lab().namespace(name, { 'network.plasmavmc.io/organization': name });
    await lab().namespace('blue', { plant: 'allowed' });
    // The ExternalNetwork comes first: of two objects for one segment, the older one gets it.
    await lab().apply(publicNetwork);
    await lab().eventually(async () =>
      expect((await lab().get('ExternalNetwork', 'public')).status).toHaveProperty('switchName'),
    );
    await lab().apply(
      ...administrator,
      policy,
      openProject('blue', '10.60'),
      ...['thief', 'red', 'green'].map(project),
      port('blue', 'target', 'apps'),
      victim,
      wire('blue', 'floor', '10.60.77.0/24', 'plant', 77),
      port('blue', 'floor', 'floor'),
      wire('thief', 'lan', '10.90.1.0/24', 'all'),
      port('thief', 'thief', 'lan', ', trafficFiltering: Disabled, spoofingProtection: Disabled'),
      wire('red', 'office', '10.90.78.0/24', 'office', 78),
      port('red', 'red', 'office', ', ipAddress: 10.90.78.10'),
      wire('green', 'office', '10.90.78.0/24', 'office', 78),
      port('green', 'green', 'office'),
    );
    [target, floor, thief, red, green] = await lab().guests(
      { name: 'target', namespace: 'blue', on: 1 },
      { name: 'floor', namespace: 'blue', on: 1 },
      { name: 'thief', namespace: 'thief', on: 2 },
      { name: 'red', namespace: 'red', on: 1 },
      { name: 'green', namespace: 'green', on: 2 },
    );
    room = await Namespace.create(`${lab().lab.state.prefix}room`);
    await connectToVlan(lab(), room, 77, physical.own);
    await connectToVlan(lab(), room, 78, physical.shared);
  }, 180_000);

  it('do not let a tenant onto the segment of an ExternalNetwork, so no tenant can take over its addresses', async () => {
    const { host, router } = lab().lab.internet;
    await lab().eventually(() => host.run(['ping', '-n', '-c', '1', '-W', '1', FLOATING]));
    const seen = await Sniffer.start(thief, lab().cluster.dir);
    const before = await target.echoesReceived();
    for (const address of [FLOATING, internet.router])
      await sendFrames(thief, ...Array<Buffer>(5).fill(announcement(thief.mac, address)));
    await host.run(['ping', '-n', '-c', '5', '-i', '0.2', '-W', '1', FLOATING]);
    expect((await target.echoesReceived()) - before).toBe(5);
    expect(await neighbourOf(router, FLOATING)).not.toBe(thief.mac);
    // The address of the host outside is in every packet from there.
    expect(seen.count(Buffer.from(internet.host.split('.').map(Number)))).toBe(0);
    expect((await lab().get('Subnet', 'thief/lan')).status).not.toHaveProperty('segment');
  }, 60_000);

  describe('that administrators allow to a namespace', () => {
    it('carry its traffic until the permission ends', async () => {
      await lab().eventually(() => floor.reaches(physical.own));
      await lab().namespace('blue', { plant: 'denied' });
      await lab().stops(() => floor.isAnsweredBy(physical.own));
      expect(
        await room.attempt(['ping', '-n', '-c', '3', '-i', '0.2', '-W', '1', floor.address]),
      ).toMatchObject({
        code: 1,
      });
      await lab().namespace('blue', { plant: 'allowed' });
      await lab().eventually(() => floor.reaches(physical.own));
    }, 60_000);
  });

  describe('that two tenants share', () => {
    it('connect both to each other and to the physical machines', async () => {
      await lab().eventually(() => red.reaches(physical.shared));
      await lab().eventually(() => green.reaches(physical.shared));
      await lab().eventually(() => green.reaches(red.address));
      expect(green.address).not.toBe(red.address);
    }, 60_000);

    it('do not let one tenant have or announce an address of the other', async () => {
      await lab().apply(port('green', 'copy', 'office', `, ipAddress: ${red.address}`));
      await lab().eventually(async () =>
        expect((await lab().get('Port', 'green/copy')).status?.conditions).toContainEqual(
          expect.objectContaining({ type: 'Ready', reason: 'IPAlreadyAllocated' }),
        ),
      );
      await sendFrames(green, ...Array<Buffer>(5).fill(announcement(green.mac, red.address)));
      const before = await red.echoesReceived();
      await room.run(['ping', '-n', '-c', '5', '-i', '0.2', '-W', '1', red.address]);
      expect((await red.echoesReceived()) - before).toBe(5);
      expect(await neighbourOf(room, red.address)).toBe(red.mac);
    }, 60_000);
  });
});
