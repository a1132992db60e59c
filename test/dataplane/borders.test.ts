import { beforeAll, describe, expect, it } from '@jest/globals';
import { firstAddress, formatAddress, parseCidr } from '../../src/api/index.ts';
import { internet, Namespace } from '../../src/dev/lab/index.ts';
import { describeLab } from '../support/dataplane/describe.ts';
import type { Guest } from '../support/dataplane/guest.ts';
import { connectToVlan } from '../support/dataplane/vlan.ts';
import { within } from '../support/within.ts';

/** The external router on the VLAN of the ExternalNetwork, and the external addresses of NatRules. */
const outside = { router: '192.0.2.1', shared: '192.0.2.150', forwarded: '192.0.2.151' };
/** The address of a physical machine on the VLAN of a Subnet. */
const physical = '10.50.77.50';

const external = `
apiVersion: network.plasmavmc.io/v1alpha1
kind: ExternalNetwork
metadata: { name: public }
spec:
  physicalNetwork: physnet1
  type: VLAN
  vlanID: 88
  cidr: 192.0.2.0/24
  gateway: ${outside.router}
  allocationPools: [{ start: 192.0.2.100, end: 192.0.2.200 }]
  allowedNamespaces: { selector: {} }
  gatewayChassis: { mode: Named, names: [hv1] }
---
apiVersion: network.plasmavmc.io/v1alpha1
kind: NatRule
metadata: { name: out, namespace: left }
spec: { type: SNAT, externalIP: ${outside.shared}, source: { subnetRef: { name: open } } }
---
apiVersion: network.plasmavmc.io/v1alpha1
kind: NatRule
metadata: { name: in, namespace: left }
spec:
  type: DNAT
  externalIP: ${outside.forwarded}
  protocol: UDP
  externalPort: 5300
  internalPort: 53
  target: { portRef: { name: left-open } }
---
apiVersion: network.plasmavmc.io/v1alpha1
kind: ProviderNetwork
metadata: { name: plant }
spec: { physicalNetwork: physnet1, vlanIDs: [{ min: 77 }], allowedNamespaces: { selector: {} } }
---
apiVersion: network.plasmavmc.io/v1alpha1
kind: Subnet
metadata: { name: floor, namespace: left }
spec: { cidr: 10.50.77.0/24, provider: { networkRef: { name: plant }, vlanID: 77 } }
`;

/** A project with two Subnets and a Port in each. */
const project = (name: string, cidr: string, more: string): string => `
apiVersion: network.plasmavmc.io/v1alpha1
kind: VPC
metadata: { name: net, namespace: ${name} }
spec: { cidr: ${cidr}.0.0/16, defaults: None${more} }
---
apiVersion: network.plasmavmc.io/v1alpha1
kind: SecurityGroup
metadata: { name: default, namespace: ${name} }
spec: { ingress: [{ protocol: All }], egress: [{ protocol: All }] }
${['open', 'hidden']
  .map(
    (subnet, index) => `---
apiVersion: network.plasmavmc.io/v1alpha1
kind: Subnet
metadata: { name: ${subnet}, namespace: ${name} }
spec: { cidr: ${cidr}.${index + 1}.0/24 }
---
apiVersion: network.plasmavmc.io/v1alpha1
kind: Port
metadata: { name: ${name}-${subnet}, namespace: ${name} }
spec: { subnetRef: { name: ${subnet} } }
`,
  )
  .join('')}`;

/** One side of a peering that advertises only `network`. */
const peering = (from: string, to: string, network: string): string => `
apiVersion: network.plasmavmc.io/v1alpha1
kind: VPCPeering
metadata: { name: peer, namespace: ${from} }
spec: { peer: { namespace: ${to} }, advertisedCIDRs: [${network}] }
`;
const bothSides = [peering('left', 'right', '10.50.1.0/24'), peering('right', 'left', '10.60.1.0/24')];

/** A Perl program that echoes every datagram at port 53. */
const echo = `use IO::Socket::INET;
$socket = IO::Socket::INET->new(Proto => "udp", LocalPort => 53) or die;
while (defined($from = recv $socket, $data, 1500, 0)) { send $socket, $data, 0, $from }`;
/** A Perl program that sends a datagram to a port, and prints the answer if it arrives within a second. */
const ask = `use IO::Socket::INET; $SIG{ALRM} = sub { exit 28 }; alarm 1;
$socket = IO::Socket::INET->new(Proto => "udp", PeerAddr => $ARGV[0], PeerPort => $ARGV[1]) or die;
send $socket, "anybody?", 0; recv $socket, $data, 1500, 0; print $data`;

describeLab('traffic that leaves a VPC', (lab) => {
  const left = {} as { open: Guest; hidden: Guest };
  const right = {} as { open: Guest; hidden: Guest };

  const connect = (namespace: Namespace, tag: number, address: string): Promise<void> =>
    connectToVlan(lab(), namespace, tag, address);

  beforeAll(async () => {
    for (const name of ['left', 'right']) await lab().namespace(name);
    await lab().apply(
      project('left', '10.50', ', externalGateway: { externalNetworkRef: { name: public } }'),
      project('right', '10.60', ''),
      external,
      ...bothSides,
    );
    await connect(lab().lab.internet.router, 88, outside.router);
    [left.open, left.hidden, right.open, right.hidden] = await lab().guests(
      { name: 'left-open', namespace: 'left', on: 2 },
      { name: 'left-hidden', namespace: 'left', on: 1 },
      { name: 'right-open', namespace: 'right', on: 1 },
      { name: 'right-hidden', namespace: 'right', on: 2 },
    );
  }, 120_000);

  describe('with an ExternalNetwork on a VLAN', () => {
    it("gets the address of the Subnet's SNAT rule, or else the address of the router", async () => {
      const service =
        "require('net').createServer((socket) => socket.end(socket.remoteAddress)).listen(9000, '0.0.0.0')";
      const { host } = lab().lab.internet;
      await host.run(['sh', '-c', 'exec "$0" -e "$1" >/dev/null 2>&1 &', process.execPath, service]);
      const seenAs = async (guest: Guest): Promise<string> =>
        (
          await guest.attempt(['busybox', 'nc', '-w', '2', internet.host, '9000'], { input: '' })
        ).stdout.trim();
      const [gatewayIP] = (await lab().get('VPC', 'left/net')).status?.gatewayIPs ?? [];
      await lab().eventually(async () => expect(await seenAs(left.open)).toBe(outside.shared));
      await lab().eventually(async () => expect(await seenAs(left.hidden)).toBe(gatewayIP));
    }, 60_000);

    it('includes datagrams to a port that a DNAT rule forwards, and no other port', async () => {
      await left.open.run('sh', '-c', 'perl -e "$1" >/dev/null 2>&1 </dev/null &', 'sh', echo);
      const answer = async (port: number): Promise<string> => {
        const { host } = lab().lab.internet;
        const argv = ['perl', '-e', ask, outside.forwarded, String(port)];
        return (await host.attempt(argv)).stdout;
      };
      await lab().eventually(async () => expect(await answer(5300)).toBe('anybody?'));
      expect(await answer(53)).toBe('');
    }, 60_000);
  });

  it('is routed between a Subnet on a VLAN and the overlay', async () => {
    const room = await Namespace.create(`${lab().lab.state.prefix}room`);
    await connect(room, 77, physical);
    await room.ip('route add 10.50.0.0/16 via 10.50.77.1');
    for (const machine of [left.open, left.hidden]) {
      await lab().eventually(() => machine.reaches(physical));
      const before = await machine.echoesReceived();
      await lab().eventually(() => room.run(['ping', '-n', '-c', '1', '-W', '1', machine.address]));
      expect(await machine.echoesReceived()).toBeGreaterThan(before);
    }
  }, 60_000);

  describe('through a VPCPeering', () => {
    /** The number of three pings that arrive, with or without an answer. */
    const arrive = async (from: Guest, to: Guest): Promise<number> => {
      const before = await to.echoesReceived();
      await from.ping(to.address);
      return (await to.echoesReceived()) - before;
    };

    it('is dropped unless both the source and the destination are advertised, with any routes', async () => {
      await lab().eventually(() => left.open.reaches(right.open.address));
      await lab().eventually(() => right.open.reaches(left.open.address));
      const [own, other] = await Promise.all([
        lab().get('VPCPeering', 'left/peer'),
        lab().get('VPCPeering', 'right/peer'),
      ]);
      const link = parseCidr(own.status?.linkCIDR ?? '', { family: 4 });
      if (!link.ok) throw new Error('the peering has no link');
      const index = other.metadata.uid < own.metadata.uid ? 1n : 2n;
      const nextHop = formatAddress({ family: 4, value: firstAddress(link.value).value + index });
      const { routerName = '' } = (await lab().get('VPC', 'left/net')).status ?? {};
      await lab().cluster.ovn.nbctl('lr-route-add', routerName, '10.60.2.0/24', nextHop);
      // Pings arrive while the other side advertises more. So nothing but the advertisement stops them afterwards.
      await lab().apply(peering('right', 'left', '10.60.0.0/16'));
      await lab().eventually(async () => expect(await arrive(left.open, right.hidden)).toBeGreaterThan(0));
      await lab().apply(bothSides[1]!);
      await lab().stops(async () => (await arrive(left.open, right.hidden)) > 0);
      expect(await arrive(left.hidden, right.open)).toBe(0);
      await lab().apply(peering('left', 'right', '10.50.0.0/16'));
      await lab().eventually(async () => expect(await arrive(left.hidden, right.open)).toBeGreaterThan(0));
      // Without the link, ovn-northd would log that the route has no output port.
      await lab().cluster.ovn.nbctl('lr-route-del', routerName, '10.60.2.0/24');
    }, 60_000);

    it.each(['left', 'right'])(
      'stops within a second when the %s side is deleted',
      async (side) => {
        await within(1000, async () => {
          await lab().apply(...bothSides);
          await lab().eventually(() => left.open.reaches(right.open.address));
          const before = await right.open.echoesReceived();
          const pings = left.open.ping(right.open.address, { count: 50, intervalMs: 50 });
          await lab().eventually(async () => (await right.open.echoesReceived()) > before);
          const deleted = Date.now();
          await lab().delete('VPCPeering', `${side}/peer`);
          const { answeredAt } = await pings;
          await lab().stops(() => left.open.isAnsweredBy(right.open.address));
          return (answeredAt.at(-1) ?? deleted) - deleted;
        });
      },
      120_000,
    );
  });
});
