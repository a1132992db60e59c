import { beforeAll, expect, it } from '@jest/globals';
import { computeMac } from '../../src/api/index.ts';
import { internet } from '../../src/dev/lab/index.ts';
import { describeLab } from '../support/dataplane/describe.ts';
import type { Guest } from '../support/dataplane/guest.ts';
import { openProject, publicNetwork, seenAs, tellSources } from '../support/dataplane/outside.ts';

const port = (namespace: string, name: string, address: string, subnet = 'apps'): string => `
apiVersion: network.plasmavmc.io/v1alpha1
kind: Port
metadata: { name: ${name}, namespace: ${namespace} }
spec: { subnetRef: { name: ${subnet} }, ipAddress: ${address} }
`;

const floating = (namespace: string, target: string, mode = 'Centralized'): string => `
apiVersion: network.plasmavmc.io/v1alpha1
kind: FloatingIP
metadata: { name: ip, namespace: ${namespace} }
spec: { externalNetworkRef: { name: public }, address: 203.0.113.150 }
---
apiVersion: network.plasmavmc.io/v1alpha1
kind: NatRule
metadata: { name: ip, namespace: ${namespace} }
spec: { type: FloatingIP, floatingIPRef: { name: ip }, target: { portRef: { name: ${target} } }, mode: ${mode} }
`;

const forward = `
apiVersion: network.plasmavmc.io/v1alpha1
kind: NatRule
metadata: { name: web, namespace: red }
spec: { type: DNAT, protocol: TCP, externalPort: 8080, internalPort: 80, target: { portRef: { name: red-2 } } }
`;

const peering = (from: string, to: string): string => `
apiVersion: network.plasmavmc.io/v1alpha1
kind: VPCPeering
metadata: { name: to-${to}, namespace: ${from} }
spec: { peer: { namespace: ${to} } }
`;

const vlan = `
apiVersion: network.plasmavmc.io/v1alpha1
kind: ProviderNetwork
metadata: { name: plant }
spec: { physicalNetwork: physnet1, vlanIDs: [{ min: 77 }], allowedNamespaces: { selector: {} } }
---
apiVersion: network.plasmavmc.io/v1alpha1
kind: Subnet
metadata: { name: vlan, namespace: red }
spec: { cidr: 10.50.77.0/24, gateway: { mode: None }, provider: { networkRef: { name: plant }, vlanID: 77 } }
`;

describeLab('a VPC with an external gateway', (lab) => {
  let red1: Guest;
  let red2: Guest;
  let blue1: Guest;

  beforeAll(async () => {
    await lab().namespace('red');
    await lab().namespace('blue');
    await lab().apply(
      publicNetwork,
      openProject('red', '10.50'),
      openProject('blue', '10.60'),
      vlan,
      port('red', 'red-1', '10.50.1.11'),
      port('red', 'red-2', '10.50.1.12'),
      port('blue', 'blue-1', '10.60.1.11'),
      port('red', 'red-vlan', '10.50.77.11', 'vlan'),
      forward,
    );
    [red1, red2, blue1] = await lab().guests(
      { name: 'red-1', namespace: 'red', on: 1 },
      { name: 'red-2', namespace: 'red', on: 2 },
      { name: 'blue-1', namespace: 'blue', on: 2 },
    );
    await red2.serveHttp(80);
    await tellSources(lab());
  }, 120_000);

  const gatewayIP = async (key: string): Promise<string | undefined> =>
    (await lab().get('VPC', key)).status?.gatewayIPs?.[0];
  /** Pings an address from the external host; throws unless the ping is answered. */
  const pingFromOutside = async (address: string): Promise<void> => {
    await lab().lab.internet.host.run(['ping', '-n', '-c', '1', '-W', '1', address]);
  };

  it('translates the addresses of VMs to the address of its router', async () => {
    for (const [guest, key] of [
      [red1, 'red/net'],
      [red2, 'red/net'],
      [blue1, 'blue/net'],
    ] as const) {
      await lab().eventually(() => guest.reaches(internet.host));
      await lab().eventually(async () => expect(await seenAs(guest)).toBe(await gatewayIP(key)));
    }
    expect(await gatewayIP('red/net')).not.toBe(await gatewayIP('blue/net'));
  }, 60_000);

  it('forwards a port to a VM, from outside and from inside', async () => {
    const address = (await gatewayIP('red/net'))!;
    const connects = async (port: number): Promise<boolean> => {
      const argv = ['busybox', 'nc', '-w', '1', address, String(port)];
      return (await lab().lab.internet.host.attempt(argv, { input: '' })).code === 0;
    };
    await lab().eventually(async () => {
      expect(await connects(8080)).toBe(true);
    });
    expect(await connects(8081)).toBe(false);
    await lab().eventually(() => red1.connects(address, 8080));
  }, 60_000);

  it.each(['Centralized', 'Distributed'])(
    'maps a floating IP in both directions (%s)',
    async (mode) => {
      await lab().apply(floating('red', 'red-1', mode));
      await lab().eventually(() => pingFromOutside('203.0.113.150'));
      await lab().eventually(async () => {
        expect(await seenAs(red1)).toBe('203.0.113.150');
      });
      await lab().eventually(async () => expect(await seenAs(red2)).toBe(await gatewayIP('red/net')));
      // The VPC's gateway port or the VM's own host answers the external router's ARP request. The router must ask
      // again: when both are on one host, OVN repeats its old announcement, and the old MAC address still works.
      const ofGateway = computeMac((await lab().get('VPC', 'red/net')).metadata.uid, 'external');
      await lab().eventually(async () => {
        const { router } = lab().lab.internet;
        await router.run(['ip', 'neigh', 'flush', 'to', '203.0.113.150']);
        await pingFromOutside('203.0.113.150');
        const argv = ['ip', '-j', 'neigh', 'show', '203.0.113.150'];
        const [found] = JSON.parse(await router.run(argv)) as readonly { lladdr?: string }[];
        expect(found?.lladdr === ofGateway ? 'Centralized' : 'Distributed').toBe(mode);
      });
    },
    60_000,
  );

  it('sends the traffic of a reassigned floating IP to the new owner immediately', async () => {
    await lab().delete('NatRule', 'red/ip');
    await lab().delete('FloatingIP', 'red/ip');
    await lab().apply(floating('blue', 'blue-1'));
    const before = await blue1.echoesReceived();
    await lab().eventually(() => pingFromOutside('203.0.113.150'));
    expect(await blue1.echoesReceived()).toBeGreaterThan(before);
    await lab().eventually(async () => expect(await seenAs(blue1)).toBe('203.0.113.150'));
  }, 60_000);

  it('reaches a peered VPC as long as both VPCPeerings exist', async () => {
    const [there] = [blue1.address];
    await lab().apply(peering('red', 'blue'), peering('blue', 'red'));
    await lab().eventually(() => red1.reaches(there));
    await lab().eventually(() => blue1.reaches(red2.address));
    await lab().delete('VPCPeering', 'blue/to-red');
    await lab().stops(() => red1.isAnsweredBy(there));
  }, 60_000);

  it("tags the packets of a provider Subnet with the Subnet's VLAN ID", async () => {
    const { router } = lab().lab.internet;
    const machine = await lab().guest({ name: 'red-vlan', namespace: 'red', on: 1 });
    const argv = [
      'timeout',
      '40',
      'tcpdump',
      '-e',
      '-n',
      '-l',
      '-c',
      '1',
      '-i',
      'outside',
      'vlan',
      '77',
      'and',
      'arp',
    ];
    const seen = router.attempt(argv);
    await lab().eventually(async () => {
      await machine.ping('10.50.77.1', { count: 1 });
      const first = await Promise.race([seen, Promise.resolve(undefined)]);
      expect(first?.stdout).toMatch(/vlan 77,.*tell 10\.50\.77\.11/);
    });
  }, 60_000);
});
