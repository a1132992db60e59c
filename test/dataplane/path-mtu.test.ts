import { beforeAll, expect, it } from '@jest/globals';
import { internet } from '../../src/dev/lab/index.ts';
import { describeLab } from '../support/dataplane/describe.ts';
import type { Guest } from '../support/dataplane/guest.ts';
import { openProject, publicNetwork } from '../support/dataplane/outside.ts';

/** The MTU of overlay Subnets without `mtu`, and of the Subnet `small`. */
const MTU = { overlay: 1442, small: 1280 } as const;

const SMALL_IP = '203.0.113.150';
const APP_IP = '203.0.113.151';
const PEER_IP = '203.0.113.152';

/** Perl: answers UDP datagrams with 1400 bytes in packets that routers must not fragment. */
const LARGE_ANSWERS = `use IO::Socket::INET;
my $socket = IO::Socket::INET->new(LocalPort => 5000, Proto => "udp");
setsockopt $socket, 0, 10, pack("i", 2);
while (my $from = recv $socket, my $question, 100, 0) { send $socket, "x" x 1400, 0, $from }`;

const port = (namespace: string, name: string, subnet: string, ip: string): string => `
apiVersion: network.plasmavmc.io/v1alpha1
kind: Port
metadata: { name: ${name}, namespace: ${namespace} }
spec: { subnetRef: { name: ${subnet} }, ipAddress: ${ip} }
`;
const floating = (namespace: string, name: string, address: string): string => `
apiVersion: network.plasmavmc.io/v1alpha1
kind: FloatingIP
metadata: { name: ${name}, namespace: ${namespace} }
spec: { externalNetworkRef: { name: public }, address: ${address} }
---
apiVersion: network.plasmavmc.io/v1alpha1
kind: NatRule
metadata: { name: ${name}, namespace: ${namespace} }
spec: { type: FloatingIP, floatingIPRef: { name: ${name} }, target: { portRef: { name: ${name} } } }
`;
const peering = (from: string, to: string): string => `
apiVersion: network.plasmavmc.io/v1alpha1
kind: VPCPeering
metadata: { name: to-${to}, namespace: ${from} }
spec: { peer: { namespace: ${to} } }
`;

describeLab('packets to a Subnet with a smaller MTU', (lab) => {
  let app: Guest;
  let small: Guest;
  let peer: Guest;

  beforeAll(async () => {
    for (const name of ['red', 'blue'])
      await lab().namespace(name, { 'network.plasmavmc.io/organization': 'one' });
    await lab().apply(
      publicNetwork,
      openProject('red', '10.50'),
      openProject('blue', '10.60'),
      `
apiVersion: network.plasmavmc.io/v1alpha1
kind: Subnet
metadata: { name: small, namespace: red }
spec: { cidr: 10.50.5.0/24, mtu: ${MTU.small} }
`,
      port('red', 'app', 'apps', '10.50.1.10'),
      port('red', 'small', 'small', '10.50.5.10'),
      port('blue', 'peer', 'apps', '10.60.1.10'),
      floating('red', 'small', SMALL_IP),
      floating('red', 'app', APP_IP),
      floating('blue', 'peer', PEER_IP),
      peering('red', 'blue'),
      peering('blue', 'red'),
    );
    [app, small, peer] = await lab().guests(
      { name: 'app', namespace: 'red', on: 1 },
      { name: 'small', namespace: 'red', on: 2 },
      { name: 'peer', namespace: 'blue', on: 1 },
    );
    const { host } = lab().lab.internet;
    await lab().eventually(() => app.reaches(small.address));
    await lab().eventually(() => peer.reaches(small.address));
    for (const address of [SMALL_IP, APP_IP, PEER_IP])
      await lab().eventually(() => host.run(['ping', '-n', '-c', '1', '-W', '1', address]));
  }, 120_000);

  type Sender = Pick<Guest, 'attempt'>;
  /** What ping prints for a packet of `bytes` that routers must not fragment. */
  const pinged = async (from: Sender, to: string, bytes: number): Promise<string> => {
    await from.attempt(['ip', 'route', 'flush', 'cache']);
    const argv = ['ping', '-n', '-c', '1', '-W', '1', '-M', 'do', '-s', String(bytes - 28), to];
    const { stdout, stderr } = await from.attempt(argv);
    return stdout + stderr;
  };
  /** Checks that packets of `mtu` pass, and that the sender learns `mtu` from a larger packet. */
  const learns = async (from: Sender, to: string, mtu: number, larger: number): Promise<void> => {
    await lab().eventually(async () => expect(await pinged(from, to, mtu)).toContain(' 0% packet loss'));
    await lab().eventually(async () =>
      expect(await pinged(from, to, larger)).toMatch(new RegExp(`Frag needed.*mtu = ${mtu}\\b`)),
    );
  };

  /** Waits until packets of the larger MTU pass. */
  const passes = async (from: Sender, to: string): Promise<void> => {
    await lab().eventually(async () =>
      expect(await pinged(from, to, MTU.overlay)).toContain(' 0% packet loss'),
    );
  };

  it('tell their sender the MTU, from another Subnet, from a peer and from the internet', async () => {
    const { host } = lab().lab.internet;
    await Promise.all([
      learns(app, small.address, MTU.small, MTU.overlay),
      learns(peer, small.address, MTU.small, MTU.overlay),
      learns(host, SMALL_IP, MTU.small, 1500),
    ]);
  }, 60_000);

  it('tell their sender the MTU when they are answers to the address of the gateway', async () => {
    const { host } = lab().lab.internet;
    const [gatewayIP = ''] = (await lab().get('VPC', 'red/net')).status?.gatewayIPs ?? [];
    await lab().delete('NatRule', 'red/small');
    await host.run(['sh', '-c', `perl -e '${LARGE_ANSWERS}' >/dev/null 2>&1 </dev/null &`]);
    await lab().eventually(async () => {
      await small.run('bash', '-c', `echo question >/dev/udp/${internet.host}/5000`);
      expect(await host.run(['ip', 'route', 'get', gatewayIP])).toContain(`mtu ${MTU.small}`);
    });
  }, 60_000);

  it('do not limit other VPCs, nor packets to a peer', async () => {
    const { host } = lab().lab.internet;
    await learns(host, PEER_IP, MTU.overlay, 1500);
    await passes(app, peer.address);
  }, 60_000);

  it('have the larger MTU after the Subnet has lost its own', async () => {
    await lab().edit('Subnet', 'red/small', { spec: { mtu: null } });
    const { host } = lab().lab.internet;
    await small.run('ip', 'link', 'set', 'eth0', 'mtu', String(MTU.overlay));
    await Promise.all([passes(app, small.address), passes(peer, small.address), passes(host, APP_IP)]);
  }, 60_000);
});
