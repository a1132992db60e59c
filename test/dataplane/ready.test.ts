import { beforeAll, expect, it } from '@jest/globals';
import type { Kinds } from '../../src/api/index.ts';
import { internet, Namespace } from '../../src/dev/lab/index.ts';
import { describeLab } from '../support/dataplane/describe.ts';
import { ethernet, icmp, ipv4, sendFrames, Sniffer, synAck, udp } from '../support/dataplane/frames.ts';
import type { Guest } from '../support/dataplane/guest.ts';
import { openProject, publicNetwork, seenAs, tellSources } from '../support/dataplane/outside.ts';

const object = (kind: keyof Kinds, name: string, spec: object): string =>
  JSON.stringify({
    apiVersion: 'network.plasmavmc.io/v1alpha1',
    kind,
    metadata: { name, namespace: kind === 'ProviderNetwork' ? undefined : 'red' },
    spec,
  });

const addresses = { ip: '203.0.113.150', second: '203.0.113.151', wired: '203.0.113.152' };
const open = { trafficFiltering: 'Disabled', spoofingProtection: 'Disabled' };

/** The gateway of the VPC is on the first hypervisor. */
const base = [
  publicNetwork.replace('[hv1, hv2]', '[hv1]'),
  openProject('red', '10.50'),
  object('Subnet', 'data', { cidr: '10.50.2.0/24' }),
  object('ProviderNetwork', 'plant', {
    physicalNetwork: 'physnet1',
    vlanIDs: [{ min: 77 }],
    allowedNamespaces: { selector: {} },
  }),
  object('Subnet', 'plant', {
    cidr: '10.50.77.0/24',
    provider: { networkRef: { name: 'plant' }, vlanID: 77 },
  }),
  ...Object.entries(addresses).map(([name, address]) =>
    object('FloatingIP', name, { externalNetworkRef: { name: 'public' }, address }),
  ),
  object('Port', 'near', { subnetRef: { name: 'apps' } }),
  object('Port', 'far', { subnetRef: { name: 'apps' } }),
  object('Port', 'wired', { subnetRef: { name: 'plant' } }),
  object('SecurityGroup', 'stateless', {
    stateful: 'Disabled',
    ingress: [{ protocol: 'All' }],
    egress: [{ protocol: 'All' }],
  }),
  object('SecurityGroup', 'datagrams', { ingress: [{ protocol: 'UDP', ports: { min: 4000 } }] }),
  object('Port', 'bare', { subnetRef: { name: 'apps' }, securityGroupRefs: [{ name: 'stateless' }] }),
  object('Port', 'closed', { subnetRef: { name: 'apps' }, securityGroupRefs: [{ name: 'datagrams' }] }),
  object('Port', 'left', { subnetRef: { name: 'apps' }, ...open }),
  object('Port', 'right', { subnetRef: { name: 'data' }, ...open }),
];

const floating = (name: string, floatingIP: string, port: string, mode = 'Centralized'): string =>
  object('NatRule', name, {
    type: 'FloatingIP',
    floatingIPRef: { name: floatingIP },
    target: { portRef: { name: port } },
    mode,
  });
const forward = (name: string, externalPort: number, target: object): string =>
  object('NatRule', name, { type: 'DNAT', protocol: 'TCP', externalPort, internalPort: 80, target });

describeLab('traffic of objects that are Ready', (lab) => {
  let near: Guest;
  let far: Guest;
  let wired: Guest;
  let left: Guest;
  let right: Guest;
  let bare: Guest;
  let closed: Guest;
  let gatewayIP: string;

  beforeAll(async () => {
    await lab().namespace('red');
    await lab().apply(...base);
    [near, far, wired, left, right, bare, closed] = await lab().guests(
      { name: 'near', namespace: 'red', on: 1 },
      { name: 'far', namespace: 'red', on: 2 },
      { name: 'wired', namespace: 'red', on: 2 },
      { name: 'left', namespace: 'red', on: 2 },
      { name: 'right', namespace: 'red', on: 2 },
      { name: 'bare', namespace: 'red', on: 1 },
      { name: 'closed', namespace: 'red', on: 2 },
    );
    await Promise.all([far, wired, right].map((each) => each.serveHttp(80)));
    await tellSources(lab());
    await lab().eventually(() => near.reaches(internet.host));
    gatewayIP = (await lab().get('VPC', 'red/net')).status?.gatewayIPs?.[0] ?? '';
  }, 120_000);

  /** Waits until a condition of an object has this reason. */
  const reason = (kind: keyof Kinds, name: string, wanted: string): Promise<void> =>
    lab().eventually(async () =>
      expect((await lab().get(kind, `red/${name}`)).status?.conditions).toContainEqual(
        expect.objectContaining({ reason: wanted }),
      ),
    );
  const ready = async (kind: keyof Kinds, name: string): Promise<void> => reason(kind, name, 'Ready');
  /** Whether a TCP connection from the external host succeeds. */
  const entersAt = async (address: string, port: number): Promise<boolean> => {
    const argv = ['busybox', 'nc', '-w', '1', address, String(port)];
    return (await lab().lab.internet.host.attempt(argv, { input: '' })).code === 0;
  };
  const enters = (address: string, port: number): Promise<void> =>
    lab().eventually(async () => expect(await entersAt(address, port)).toBe(true));

  it('passes a floating IP of a provider Subnet on any host, also with mode Distributed', async () => {
    await lab().apply(floating('wired', 'wired', 'wired', 'Distributed'));
    await reason('NatRule', 'wired', 'ModeNotSupported');
    await enters(addresses.wired, 80);
    await lab().eventually(async () => expect(await seenAs(wired)).toBe(addresses.wired));
  }, 60_000);

  it('enters at a forwarded port of a provider Subnet', async () => {
    await lab().apply(forward('to-wired', 8077, { portRef: { name: 'wired' } }));
    await enters(gatewayIP, 8077);
  }, 60_000);

  it('leaves with the address of the older of two translations of a machine', async () => {
    const source = { cidr: `${far.address}/32` };
    await lab().apply(
      object('NatRule', 'a-snat', { type: 'SNAT', source, floatingIPRef: { name: 'second' } }),
    );
    await ready('NatRule', 'a-snat');
    await lab().apply(floating('b-floating', 'ip', 'far'));
    await reason('NatRule', 'b-floating', 'NatConflict');
    await lab().eventually(async () => expect(await seenAs(far)).toBe(addresses.second));
    await lab().delete('NatRule', 'red/a-snat');
    await ready('NatRule', 'b-floating');
    await lab().apply(
      object('NatRule', 'c-snat', { type: 'SNAT', source, floatingIPRef: { name: 'second' } }),
    );
    await reason('NatRule', 'c-snat', 'NatConflict');
    await lab().eventually(async () => expect(await seenAs(far)).toBe(addresses.ip));
    await enters(addresses.ip, 80);
    await lab().delete('NatRule', 'red/c-snat');
  }, 60_000);

  it.each(['Centralized', 'Distributed'])(
    'enters at a forwarded port of a machine with a floating IP (%s)',
    async (mode) => {
      await lab().apply(
        floating('b-floating', 'ip', 'far', mode),
        forward('to-far', 8080, { portRef: { name: 'far' } }),
      );
      await reason('NatRule', 'b-floating', mode === 'Centralized' ? 'Ready' : 'ModeNotSupported');
      await ready('NatRule', 'to-far');
      await enters(addresses.ip, 80);
      await enters(gatewayIP, 8080);
      await lab().eventually(() => near.connects(gatewayIP, 8080));
    },
    60_000,
  );

  it('reaches a floating IP also after its machine used its own forwarded port', async () => {
    await lab().eventually(async () => expect(await near.connects(addresses.ip, 80)).toBe(true));
    await lab().eventually(async () => expect(await far.connects(gatewayIP, 8080)).toBe(true));
    expect(await near.connects(addresses.ip, 80)).toBe(true);
    expect(await far.connects(addresses.ip, 80)).toBe(true);
  }, 60_000);

  it('uses the default route of the gateway while the next hop of its own one is not reachable', async () => {
    const staticRoutes = [{ destination: '0.0.0.0/0', nextHop: '10.50.9.9' }];
    await lab().edit('VPC', 'red/net', { spec: { staticRoutes } });
    await reason('VPC', 'net', 'NextHopUnreachable');
    expect(await near.ping(internet.host)).toMatchObject({ received: 3 });
    expect(await entersAt(addresses.ip, 80)).toBe(true);
    await lab().apply(object('Subnet', 'edge', { cidr: '10.50.9.0/24' }));
    await reason('VPC', 'net', 'RoutesResolved');
    await lab().eventually(async () =>
      expect(await near.ping(internet.host, { count: 1 })).toMatchObject({ received: 0 }),
    );
    await lab().edit('VPC', 'red/net', { spec: { staticRoutes: null } });
    await lab().eventually(() => near.reaches(internet.host));
  }, 60_000);

  it('of unfiltered Ports takes any path, although other Ports of the Subnet are filtered', async () => {
    const [one, other] = [new Namespace(left.state.netns), new Namespace(right.state.netns)];
    // The machine has an interface in each Subnet. The answers of `right` leave through `left`.
    await one.ip(
      `link add inner type veth peer name inner netns ${right.state.netns}`,
      'addr add 192.168.250.1/30 dev inner',
      'link set inner up',
    );
    await other.ip(
      'addr add 192.168.250.2/30 dev inner',
      'link set inner up',
      'route add 10.50.1.0/24 via 192.168.250.1',
    );
    await one.run(['sh', '-c', 'echo 1 > /proc/sys/net/ipv4/ip_forward']);
    await lab().eventually(() => near.reaches(right.address));
    await lab().eventually(() => near.connects(right.address, 80));
  }, 60_000);

  it('of unfiltered Ports does not reach filtered ones with answers that nobody requested', async () => {
    const atClosed = await Sniffer.start(closed, lab().cluster.dir);
    const frame = (protocol: number, payload: Buffer): Buffer =>
      ethernet(closed.mac, left.mac, 0x0800, ipv4(left.address, closed.address, protocol, payload));
    const answers = [icmp(0, 0, 0x4711), synAck(left.address, closed.address, 80, 4000)];
    const allowed = Buffer.from('allowed');
    await sendFrames(left, frame(1, answers[0]!), frame(6, answers[1]!), frame(17, udp(53, 4000, allowed)));
    await lab().eventually(() => expect(atClosed.count(allowed)).toBe(1));
    expect(answers.map((answer) => atClosed.count(answer))).toEqual([0, 0]);
  }, 60_000);

  it('reaches a forwarded port from a provider Subnet of the VPC', async () => {
    await lab().eventually(() => wired.connects(gatewayIP, 8080));
    await lab().eventually(() => wired.connects(gatewayIP, 8077));
    await lab().eventually(() => near.connects(gatewayIP, 8077));
  }, 60_000);

  it('does not reach a forwarded port from a stateless group, and the rule reports that', async () => {
    await reason('NatRule', 'to-far', 'StatelessClients');
    expect(await bare.connects(far.address, 80)).toBe(true);
    expect(await bare.connects(gatewayIP, 8080)).toBe(false);
  }, 60_000);

  it('to a virtual address arrives, and a Port that wants to reserve the address reports the conflict', async () => {
    const virtual = '10.50.1.100';
    for (const name of ['near', 'far'])
      await lab().edit('Port', `red/${name}`, { spec: { allowedAddresses: [{ cidr: `${virtual}/32` }] } });
    await lab().apply(forward('virtual', 8100, { address: virtual }));
    await ready('NatRule', 'virtual');
    await far.run('ip', 'address', 'add', `${virtual}/32`, 'dev', 'eth0');
    await lab().eventually(() => near.reaches(virtual));
    await enters(gatewayIP, 8100);
    await lab().apply(object('Port', 'vip', { subnetRef: { name: 'apps' }, ipAddress: virtual }));
    await reason('Port', 'vip', 'IPAlreadyAllocated');
    await near.run('ip', 'neigh', 'flush', 'dev', 'eth0');
    expect(await near.ping(virtual)).toMatchObject({ received: 3 });
    expect(await entersAt(gatewayIP, 8100)).toBe(true);
  }, 60_000);
});
