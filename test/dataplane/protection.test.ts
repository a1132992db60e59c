import { beforeAll, describe, expect, it } from '@jest/globals';
import { computeMac } from '../../src/api/index.ts';
import { loadConfig } from '../../src/config/index.ts';
import { symbol } from '../../src/ovn/index.ts';
import { deleteVm } from '../../src/dev/lab/index.ts';
import { describeLab } from '../support/dataplane/describe.ts';
import {
  arp,
  dhcpRenewal,
  ethernet,
  ipv4,
  sendFrames,
  sendFramesOn,
  udp,
} from '../support/dataplane/frames.ts';
import type { Guest } from '../support/dataplane/guest.ts';
import { metersOf, type Metered } from '../support/dataplane/meters.ts';
import { publicNetwork } from '../support/dataplane/outside.ts';

const ARP = 0x0806;
const IPV4 = 0x0800;
const broadcast = 'ff:ff:ff:ff:ff:ff';

const defaults = loadConfig().hostLimits;
/** The limit for broadcasts, which is off by default. */
const BROADCAST_KBPS = 5000;

const many = (frame: (index: number) => Buffer): readonly Buffer[] =>
  Array.from({ length: 1000 }, (_, index) => frame(index));

/** A project whose Ports send what they want. Its Subnet has 32,766 addresses. */
const project = (name: string, prefix: string): string => `
apiVersion: network.plasmavmc.io/v1alpha1
kind: VPC
metadata: { name: net, namespace: ${name} }
spec: { cidr: ${prefix}.0.0/16, defaults: None, externalGateway: { externalNetworkRef: { name: public } } }
---
apiVersion: network.plasmavmc.io/v1alpha1
kind: Subnet
metadata: { name: wide, namespace: ${name} }
spec: { cidr: ${prefix}.0.0/17 }
---
apiVersion: network.plasmavmc.io/v1alpha1
kind: Subnet
metadata: { name: other, namespace: ${name} }
spec: { cidr: ${prefix}.200.0/24 }
`;

const port = (namespace: string, name: string, more = ''): string => `
apiVersion: network.plasmavmc.io/v1alpha1
kind: Port
metadata: { name: ${name}, namespace: ${namespace} }
spec: { subnetRef: { name: wide }, trafficFiltering: Disabled, securityGroupRefs: [], ${more} }
`;

describeLab(
  'a hypervisor',
  (lab) => {
    let attacker: Guest;
    let neighbour: Guest;
    let stranger: Guest;
    /** The router of the attacker in its Subnet. */
    const router = { ip: '10.80.0.1', mac: '' };
    const uids = { red: '', blue: '', subnet: '' };

    const meter = async (namespace: 'red' | 'blue', limit: string, on = 0): Promise<Metered> => {
      const [found] = await metersOf(lab().lab.hypervisors[on]!, symbol(uids[namespace], limit));
      if (found === undefined) throw new Error(`the hypervisor has no meter ${limit} of ${namespace}`);
      return found;
    };
    const learned = async (): Promise<readonly string[]> =>
      (await lab().cluster.ovn.sbctl('--bare', '--columns=ip', 'find', 'MAC_Binding'))
        .split('\n')
        .filter(Boolean);

    /**
     * Sends frames until the meter has dropped more than 100 packets; resolves with the largest number of packets that the
     * limit allows in that time. A single burst is not enough, because the machine may lose most of its frames before OVN.
     */
    const flood = async (limit: string, rate: number, frames: (round: number) => readonly Buffer[]) => {
      const start = performance.now();
      let round = 0;
      await lab().eventually(async () => {
        await sendFrames(attacker, ...frames(round++));
        expect((await meter('red', limit)).dropped).toBeGreaterThan(100);
      });
      // Two seconds of burst, and a second for the clocks of the processes.
      return rate * Math.ceil((performance.now() - start) / 1000 + 3);
    };

    const toAll = (packet: Buffer): Buffer => ethernet(broadcast, attacker.mac, IPV4, packet);
    const toRouter = (packet: Buffer): Buffer => ethernet(router.mac, attacker.mac, IPV4, packet);

    const dhcpFlood = (round: number): readonly Buffer[] =>
      many((index) => {
        const request = dhcpRenewal(attacker.mac, attacker.address, round * 1000 + index);
        return toAll(ipv4(attacker.address, '255.255.255.255', 17, request));
      });

    beforeAll(async () => {
      for (const name of ['red', 'blue']) await lab().namespace(name);
      await lab().apply(
        publicNetwork,
        project('red', '10.80'),
        project('blue', '10.81'),
        port('red', 'attacker', 'spoofingProtection: MACOnly'),
        port('red', 'neighbour'),
        port('blue', 'stranger'),
      );
      [attacker, neighbour, stranger] = await lab().guests(
        { name: 'attacker', namespace: 'red', on: 1 },
        { name: 'neighbour', namespace: 'red', on: 2 },
        { name: 'stranger', namespace: 'blue', on: 1 },
      );
      uids.red = (await lab().get('VPC', 'red/net')).metadata.uid;
      uids.blue = (await lab().get('VPC', 'blue/net')).metadata.uid;
      uids.subnet = (await lab().get('Subnet', 'red/wide')).metadata.uid;
      const { gatewayIP } = (await lab().get('Subnet', 'red/wide')).status ?? {};
      router.ip = gatewayIP ?? '';
      router.mac = computeMac(uids.subnet, 'gateway');
      await lab().eventually(() => attacker.reaches(router.ip));
    }, 120_000);

    it('learns neighbours from a flood of ARP replies only at the limit of the VPC', async () => {
      const before = (await learned()).length;
      const allowed = await flood('neighboursPerSecond', defaults.neighboursPerSecond, (round) =>
        many((index) => {
          const ip = `10.80.${64 + ((round * 4 + (index >> 8)) % 64)}.${index & 255}`;
          return ethernet(router.mac, attacker.mac, ARP, arp(2, { mac: attacker.mac, ip }, router));
        }),
      );
      await lab().cluster.ovn.nbctl('--wait=hv', 'sync');
      const found = (await learned()).length - before;
      expect(found).toBeGreaterThan(0);
      expect(found).toBeLessThanOrEqual(allowed);
    }, 60_000);

    it('answers DHCP requests at the limit of the Subnet', async () => {
      const limit = `rate=${Math.ceil(defaults.dhcpPerSecond * 2.8)} `;
      await lab().eventually(async () => {
        await sendFrames(attacker, ...dhcpFlood(0));
        // The order of the Subnets on the host is unknown, and only the Subnet of the attacker has a flood.
        const counts = await metersOf(lab().lab.hypervisors[0]!, limit);
        expect(counts.filter(({ dropped }) => dropped > 100)).toHaveLength(1);
      });
    }, 60_000);

    it('generates ICMP errors at the limit of the VPC', async () => {
      const packet = ipv4(attacker.address, '10.80.200.9', 17, udp(1, 2, Buffer.alloc(8)), 1);
      await flood('repliesPerSecond', defaults.repliesPerSecond, () => many(() => toRouter(packet)));
    }, 60_000);

    it('asks for unknown neighbours at the limit of the VPC', async () => {
      const packet = ipv4(attacker.address, '10.80.200.77', 17, udp(1, 2, Buffer.alloc(8)));
      await flood('resolutionsPerSecond', defaults.resolutionsPerSecond, () => many(() => toRouter(packet)));
    }, 60_000);

    it('forwards broadcasts of a Subnet at the limit of the Subnet', async () => {
      const received = async (): Promise<number> =>
        Number(await neighbour.run('cat', '/sys/class/net/eth0/statistics/rx_bytes'));
      const before = await received();
      const start = performance.now();
      const frame = ethernet(broadcast, attacker.mac, 0x88b5, Buffer.alloc(1400));
      const dropped = async (): Promise<number> =>
        (await metersOf(lab().lab.hypervisors[0]!, `rate=${BROADCAST_KBPS} `)).reduce(
          (sum, each) => sum + each.dropped,
          0,
        );
      await lab().eventually(async () => {
        await sendFrames(attacker, ...many(() => frame));
        expect(await dropped()).toBeGreaterThan(1000);
      });
      const seconds = (performance.now() - start) / 1000 + 2;
      expect((await received()) - before).toBeLessThanOrEqual((BROADCAST_KBPS * 1000 * seconds) / 8);
    }, 60_000);

    it('serves another VPC during the floods without loss', async () => {
      for (const limit of [
        'neighboursPerSecond',
        'dhcpPerSecond',
        'repliesPerSecond',
        'resolutionsPerSecond',
      ])
        expect(await meter('blue', limit)).toMatchObject({ dropped: 0 });
      await lab().apply(port('blue', 'late'));
      const [late] = await Promise.all([
        lab().guest({ name: 'late', namespace: 'blue', on: 1 }),
        ...Array.from({ length: 10 }, (_, index) => sendFrames(attacker, ...dhcpFlood(index))),
      ]);
      await lab().eventually(() => late.reaches(stranger.address));
    }, 60_000);

    it('forgets the source addresses of an unprotected Port together with the Port', async () => {
      await lab().apply(port('red', 'switch', 'spoofingProtection: Disabled'));
      const bridge = await lab().guest({ name: 'switch', namespace: 'red', on: 1 });
      const addresses = async (): Promise<number> =>
        (await lab().cluster.ovn.sbctl('--bare', '--columns=mac', 'find', 'FDB')).split('\n').filter(Boolean)
          .length;
      const from = (index: number): string => `0a:aa:00:00:00:${(index & 255).toString(16).padStart(2, '0')}`;
      await lab().eventually(async () => {
        await sendFrames(
          bridge,
          ...many((index) => ethernet(router.mac, from(index), 0x88b5, Buffer.alloc(46))),
        );
        expect(await addresses()).toBeGreaterThan(100);
      });
      await deleteVm(lab().access, 'switch');
      await lab().delete('Port', 'red/switch');
      await lab().eventually(async () => expect(await addresses()).toBe(0));
    }, 60_000);

    describe('with a gateway', () => {
      it('learns neighbours on the external network only inside its range', async () => {
        const outside = lab().lab.internet.router;
        const mac = '0a:77:77:77:77:77';
        const [gateway = ''] = (await lab().get('VPC', 'red/net')).status?.gatewayIPs ?? [];
        const say = (ip: string) =>
          sendFramesOn(
            'outside',
            outside,
            ethernet(broadcast, mac, ARP, arp(2, { mac, ip }, { mac: broadcast, ip: gateway })),
          );
        await lab().eventually(async () => {
          await say('198.18.0.7');
          await say('203.0.113.77');
          expect(await learned()).toContain('203.0.113.77');
        });
        expect(await learned()).not.toContain('198.18.0.7');
      }, 60_000);
    });
  },
  { flags: { 'host-limits-broadcast-kbps': String(BROADCAST_KBPS) } },
);
