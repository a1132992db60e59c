import { beforeAll, describe, expect, it } from '@jest/globals';
import { computeMac, findCondition } from '../../src/api/index.ts';
import { internet, type VmState } from '../../src/dev/lab/index.ts';
import { describeLab } from '../support/dataplane/describe.ts';
import { ethernet, ipv4, sendFrames, sendFramesOn, Sniffer, udp } from '../support/dataplane/frames.ts';
import { Guest } from '../support/dataplane/guest.ts';
import { publicNetwork } from '../support/dataplane/outside.ts';

/** The floating IP of the Port `target` of the project `blue`, and an address that nobody has. */
const FLOATING = '203.0.113.150';
const UNUSED = '203.0.113.177';

/** A project with an open group and two Subnets. All projects have the same range, in different organizations. */
const project = (name: string, gateway: string): string => `
apiVersion: network.plasmavmc.io/v1alpha1
kind: VPC
metadata: { name: net, namespace: ${name} }
spec: { cidr: 10.50.0.0/16, defaults: None, externalGateway: { externalNetworkRef: { name: public }${gateway} } }
---
apiVersion: network.plasmavmc.io/v1alpha1
kind: SecurityGroup
metadata: { name: default, namespace: ${name} }
spec: { ingress: [{ protocol: All }], egress: [{ protocol: All }] }
---
apiVersion: network.plasmavmc.io/v1alpha1
kind: Subnet
metadata: { name: apps, namespace: ${name} }
spec: { cidr: 10.50.1.0/24 }
---
apiVersion: network.plasmavmc.io/v1alpha1
kind: Subnet
metadata: { name: data, namespace: ${name} }
spec: { cidr: 10.50.2.0/24 }
`;

const port = (namespace: string, name: string, subnet: string, address: string, more = ''): string => `
apiVersion: network.plasmavmc.io/v1alpha1
kind: Port
metadata: { name: ${name}, namespace: ${namespace}, labels: { name: ${name} } }
spec: { subnetRef: { name: ${subnet} }, ipAddress: ${address}${more} }
`;

/** The VMs of `red` may send any frame. Only the filters at routers stop them. */
const FREE = ', spoofingProtection: Disabled, trafficFiltering: Disabled';

const objects = [
  project('red', ', snat: Disabled'),
  project('blue', ''),
  port('red', 'attacker', 'apps', '10.50.1.11', `${FREE}, allowedAddresses: [{ cidr: 10.98.0.0/24 }]`),
  port('red', 'other', 'data', '10.50.2.12', FREE),
  port('red', 'isolated', 'data', '10.50.2.13', FREE),
  port('blue', 'target', 'apps', '10.50.1.21'),
  port('blue', 'member', 'data', '10.50.2.22'),
  `
apiVersion: network.plasmavmc.io/v1alpha1
kind: FloatingIP
metadata: { name: ip, namespace: blue }
spec: { externalNetworkRef: { name: public }, address: ${FLOATING} }
---
apiVersion: network.plasmavmc.io/v1alpha1
kind: NatRule
metadata: { name: ip, namespace: blue }
spec: { type: FloatingIP, floatingIPRef: { name: ip }, target: { portRef: { name: target } } }
---
apiVersion: network.plasmavmc.io/v1alpha1
kind: TrafficPolicy
metadata: { name: isolated, namespace: red }
spec: { appliesTo: { portSelector: { matchLabels: { name: isolated } } }, isolation: Subnet }
`,
];

describeLab('routers and external networks', (lab) => {
  const vms = {} as Record<'attacker' | 'other' | 'isolated' | 'target' | 'member', Guest>;
  const sniffers = new Map<string, Sniffer>();
  let outside: Guest;
  let serial = 0;

  /** A machine outside OVN, as a sender of frames and a receiver. */
  const machine = async (netns: string, name: string, address: string, device: string): Promise<Guest> => {
    const guest = new Guest({ name, netns, macAddress: '' } as VmState, address);
    const mac = await guest.run('cat', `/sys/class/net/${device}/address`);
    return new Guest({ ...guest.state, macAddress: mac.trim() }, address);
  };

  beforeAll(async () => {
    for (const name of ['red', 'blue'])
      await lab().namespace(name, { 'network.plasmavmc.io/organization': name });
    await lab().apply(publicNetwork, ...objects);
    [vms.attacker, vms.other, vms.isolated, vms.target, vms.member] = await lab().guests(
      { name: 'attacker', namespace: 'red', on: 1 },
      { name: 'other', namespace: 'red', on: 2 },
      { name: 'isolated', namespace: 'red', on: 2 },
      { name: 'target', namespace: 'blue', on: 2 },
      { name: 'member', namespace: 'blue', on: 1 },
    );
    outside = await machine(lab().lab.internet.host.name, 'outside', internet.host, 'eth0');
    for (const guest of [...Object.values(vms), outside])
      sniffers.set(guest.state.name, await Sniffer.start(guest, lab().cluster.dir));
    await lab().eventually(() => vms.attacker.reaches(vms.other.address));
    const staticRoutes = [{ destination: '10.99.0.0/16', nextHop: vms.attacker.address }];
    await lab().edit('VPC', 'red/net', { spec: { staticRoutes } });
    await lab().eventually(() => outside.reaches(FLOATING));
    await lab().eventually(() => vms.member.reaches(internet.host));
  }, 120_000);

  const macOf = async (kind: 'Subnet' | 'VPC', key: string): Promise<string> =>
    computeMac((await lab().get(kind, key)).metadata.uid, kind === 'VPC' ? 'external' : 'gateway');

  /**
   * Sends a datagram in a frame to a router, and returns whether it arrives at a VM. A valid datagram from the same
   * sender follows: it takes the same path to `valid`, and frames that have not arrived before it do not arrive.
   */
  const arrives = async (
    packet: { from: Guest; mac: string; src: string; dst: string },
    at: Guest,
    valid: { src: string; dst: string; at: Guest },
  ): Promise<boolean> => {
    const token = Buffer.from(`packet ${++serial} from ${packet.src} to ${packet.dst};`);
    const mark = Buffer.from(`mark ${serial};`);
    const frame = (src: string, dst: string, content: Buffer): Buffer =>
      ethernet(packet.mac, packet.from.mac, 0x0800, ipv4(src, dst, 17, udp(5000, 5001, content)));
    await sendFrames(
      packet.from,
      ...Array.from({ length: 3 }, () => frame(packet.src, packet.dst, token)),
      frame(valid.src, valid.dst, mark),
    );
    const count = (guest: Guest, content: Buffer): number =>
      sniffers.get(guest.state.name)?.count(content) ?? 0;
    await lab().eventually(() => expect(count(valid.at, mark)).toBe(1));
    return count(at, token) > 0;
  };

  describe('pass a packet from a Subnet to another Subnet', () => {
    it.each([
      ['with the address of its machine', '10.50.1.11', true],
      ['with another address of the Subnet', '10.50.1.77', true],
      ['with an additional address of a Port', '10.98.0.5', true],
      ['with an address of the other Subnet', '10.50.2.77', false],
      ['with the gateway address of the other Subnet', '10.50.2.1', false],
      ['with an address of the VPC in no Subnet', '10.50.7.7', false],
      ['with an address of the internet', '8.8.8.8', false],
      ['with an address of another tenant on the external network', FLOATING, false],
    ])('%s: %s is %s', async (_title, src, expected) => {
      const { attacker, other } = vms;
      const mac = await macOf('Subnet', 'red/apps');
      const valid = { src: attacker.address, dst: other.address, at: other };
      const packet = { from: attacker, mac, src, dst: other.address };
      expect(await arrives(packet, other, valid)).toBe(expected);
    });

    it('with an address behind a static route through the Subnet', async () => {
      const { attacker, other } = vms;
      const mac = await macOf('Subnet', 'red/apps');
      const valid = { src: attacker.address, dst: other.address, at: other };
      const packet = { from: attacker, mac, src: '10.99.0.5', dst: other.address };
      await lab().eventually(async () => expect(await arrives(packet, other, valid)).toBe(true));
    });

    it('only if a static route leads through this Subnet', async () => {
      const { attacker, other } = vms;
      const mac = await macOf('Subnet', 'red/data');
      const valid = { src: other.address, dst: attacker.address, at: attacker };
      const packet = { from: other, mac, src: '10.99.0.5', dst: attacker.address };
      expect(await arrives(packet, attacker, valid)).toBe(false);
    });

    it('not to a machine that is isolated in its Subnet, whatever its source', async () => {
      const { attacker, other, isolated } = vms;
      const mac = await macOf('Subnet', 'red/apps');
      const valid = { src: attacker.address, dst: other.address, at: other };
      for (const src of [attacker.address, '10.50.2.77', '10.50.2.1', '10.98.0.5']) {
        const packet = { from: attacker, mac, src, dst: isolated.address };
        expect([src, await arrives(packet, isolated, valid)]).toEqual([src, false]);
      }
    });

    it('and answer pings to all their addresses', async () => {
      for (const gateway of ['10.50.1.1', '10.50.2.1']) await vms.attacker.reaches(gateway);
      const { stdout } = await vms.attacker.attempt([
        'ping',
        '-n',
        '-c',
        '1',
        '-W',
        '1',
        '-t',
        '1',
        '10.50.2.12',
      ]);
      expect(stdout).toMatch(/From 10\.50\.1\.1 .*Time to live exceeded/);
    });
  });

  describe('pass a packet from a VPC to the external network', () => {
    const leaves = async (src: string): Promise<boolean> => {
      const { attacker, other } = vms;
      const mac = await macOf('Subnet', 'red/apps');
      const valid = { src: attacker.address, dst: other.address, at: other };
      return arrives({ from: attacker, mac, src, dst: internet.host }, outside, valid);
    };

    it.each(['10.50.1.11', '10.50.1.77', '10.98.0.5', '10.99.0.5', FLOATING, UNUSED, '8.8.8.8'])(
      'not with the source %s, which the router does not translate',
      async (src) => {
        expect(await leaves(src)).toBe(false);
      },
    );

    it('of a VM, and its answer, with a translation', async () => {
      await vms.member.reaches(internet.host);
      await vms.target.reaches(internet.host);
    });
  });

  describe('pass a packet from the external network to a VPC', () => {
    /** Sends from the physical router, whose own address is the valid source. */
    const enters = async (src: string, dst: string): Promise<boolean> => {
      const router = await machine(lab().lab.internet.router.name, 'router', internet.router, 'outside');
      const { target } = vms;
      const mac = await macOf('VPC', 'blue/net');
      const token = Buffer.from(`packet ${++serial} from ${src} to ${dst};`);
      const mark = Buffer.from(`mark ${serial};`);
      const frame = (from: string, to: string, content: Buffer): Buffer =>
        ethernet(mac, router.mac, 0x0800, ipv4(from, to, 17, udp(5000, 5001, content)));
      await sendFramesOn(
        'outside',
        router,
        ...Array.from({ length: 3 }, () => frame(src, dst, token)),
        frame(router.address, FLOATING, mark),
      );
      const heard = sniffers.get(target.state.name)!;
      await lab().eventually(() => expect(heard.count(mark)).toBe(1));
      return heard.count(token) > 0;
    };

    it.each([
      ['from the internet to the floating IP', '198.51.100.77', FLOATING, true],
      ['from a member of the VPC to the floating IP', '10.50.2.22', FLOATING, false],
      ['from a private address to the floating IP', '192.168.5.5', FLOATING, false],
      ['from a shared address to the floating IP', '100.64.5.5', FLOATING, false],
      ['from the internet to a private address', '198.51.100.77', '10.50.1.21', false],
      ['from the external network to a private address', '203.0.113.5', '10.50.1.21', false],
    ])('%s (%s to %s): %s', async (_title, src, dst, expected) => {
      expect(await enters(src, dst)).toBe(expected);
    });

    it('from a private address that the ExternalNetwork declares', async () => {
      await lab().edit('ExternalNetwork', 'public', { spec: { privateSources: ['192.168.5.0/24'] } });
      await lab().eventually(async () => expect(await enters('192.168.5.5', FLOATING)).toBe(true));
      expect(await enters('192.168.6.5', FLOATING)).toBe(false);
    });
  });

  describe('carry the range of a VPC without translation', () => {
    const routed = async (key: string): Promise<string | undefined> =>
      findCondition((await lab().get('VPC', key)).status?.conditions, 'RangeRouted')?.reason;

    it('only if the ExternalNetwork declares the range, and for one VPC', async () => {
      expect(await routed('red/net')).toBe('RangeNotDeclared');
      expect(await routed('blue/net')).toBeUndefined();
      await lab().edit('ExternalNetwork', 'public', { spec: { routedRanges: ['10.48.0.0/12'] } });
      await lab().eventually(async () => expect(await routed('red/net')).toBe('RangeRouted'));
      const gateway = (await lab().get('VPC', 'red/net')).status?.gatewayIPs?.[0] ?? '';
      await lab().lab.internet.router.ip(`route add 10.50.0.0/16 via ${gateway}`);
      await lab().eventually(() => vms.attacker.reaches(internet.host));
      await lab().edit('VPC', 'blue/net', {
        spec: { externalGateway: { externalNetworkRef: { name: 'public' }, snat: 'Disabled' } },
      });
      await lab().eventually(async () => expect(await routed('blue/net')).toBe('RangeAlreadyRouted'));
      const { received } = await vms.member.ping(internet.host);
      expect(received).toBe(0);
    }, 60_000);
  });
});
