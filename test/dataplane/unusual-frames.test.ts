import { beforeAll, describe, expect, it } from '@jest/globals';
import { computeMac } from '../../src/api/index.ts';
import { Namespace } from '../../src/dev/lab/index.ts';
import { object } from '../support/dataplane/borders/manifests.ts';
import { ECHO_PORT, payloadOf, Station } from '../support/dataplane/borders/station.ts';
import { FORWARDED_PORT } from '../support/dataplane/borders/tenants.ts';
import { describeLab } from '../support/dataplane/describe.ts';
import { ethernet, fragment, ipv4, udp } from '../support/dataplane/frames.ts';
import type { Guest } from '../support/dataplane/guest.ts';

/** The group of the sender allows datagrams to one port, and no datagrams to the other port. */
const port = { allowed: ECHO_PORT, forbidden: FORWARDED_PORT };
const names = ['sender', 'neighbour', 'routed', 'foreign'] as const;

/** The bytes of numbers that have two bytes each. */
const u16 = (...values: readonly number[]): Buffer =>
  Buffer.from(values.flatMap((value) => [value >> 8, value & 255]));

describeLab('unusual frames', (lab) => {
  let sender: Guest;
  let neighbour: Guest;
  let routed: Guest;
  let foreign: Guest;
  const stations = new Map<string, Station>();
  /** The MAC address of the sender's router. */
  let router: string;
  let id = 0;

  beforeAll(async () => {
    const open = [{ protocol: 'All' }];
    const onePort = [{ protocol: 'UDP', ports: { min: port.allowed } }];
    for (const name of ['main', 'other']) await lab().namespace(name);
    await lab().apply(
      object('main', 'VPC', 'net', { cidr: '10.11.0.0/16', defaults: 'None' }),
      object('main', 'Subnet', 'near', { cidr: '10.11.1.0/24' }),
      object('main', 'Subnet', 'far', { cidr: '10.11.2.0/24' }),
      object('main', 'SecurityGroup', 'one-port', { ingress: open, egress: onePort }),
      object('other', 'VPC', 'net', { cidr: '10.12.0.0/16', defaults: 'None' }),
      object('other', 'Subnet', 'near', { cidr: '10.12.1.0/24' }),
      ...['main', 'other'].map((name) =>
        object(name, 'SecurityGroup', 'open', { ingress: open, egress: open }),
      ),
      ...names.map((name) =>
        object(name === 'foreign' ? 'other' : 'main', 'Port', name, {
          subnetRef: { name: name === 'routed' ? 'far' : 'near' },
          securityGroupRefs: [{ name: name === 'sender' ? 'one-port' : 'open' }],
        }),
      ),
    );
    [sender, neighbour, routed, foreign] = await lab().guests(
      { name: 'sender', namespace: 'main', on: 1 },
      { name: 'neighbour', namespace: 'main', on: 1 },
      { name: 'routed', namespace: 'main', on: 2 },
      { name: 'foreign', namespace: 'other', on: 1 },
    );
    for (const { state } of [sender, neighbour, routed, foreign])
      stations.set(
        state.name,
        await Station.start(new Namespace(state.netns), { name: state.name, dir: lab().cluster.dir }),
      );
    router = computeMac((await lab().get('Subnet', 'main/near')).metadata.uid, 'gateway');
  }, 90_000);

  /** An IPv4 packet from the sender, with a number. */
  const packetTo = (to: Guest, toPort: number, number: number, more = Buffer.alloc(0)): Buffer =>
    ipv4(
      sender.address,
      to.address,
      17,
      udp(20_000 + number, toPort, Buffer.concat([payloadOf(number), more])),
    );

  /**
   * Sends frames. Then sends allowed datagrams until the neighbour and the routed machine answer them: frames that have
   * not arrived before do not arrive any more.
   */
  const send = async (frames: readonly Buffer[]): Promise<void> => {
    const from = stations.get('sender')!;
    await from.send([...frames, ...frames]);
    for (const [guest, mac] of [
      [neighbour, neighbour.mac],
      [routed, router],
    ] as const) {
      const number = ++id;
      await lab().eventually(async () => {
        await from.send([ethernet(mac, sender.mac, 0x0800, packetTo(guest, port.allowed, number))]);
        await lab().eventually(() => answers(number).includes(port.allowed), 1_000);
      });
    }
  };
  /** The ports from which a packet was answered. */
  const answers = (number: number): readonly number[] =>
    stations
      .get('sender')!
      .arrivals()
      .filter((arrival) => arrival.id === number)
      .map(({ fromPort }) => fromPort);
  /** The machines at which a packet arrived. */
  const receivers = (number: number): readonly string[] =>
    names.filter((name) =>
      stations
        .get(name)!
        .arrivals()
        .some((arrival) => arrival.id === number),
    );

  describe('that contain a forbidden datagram', () => {
    /** Each header is in front of the datagram. The tuple also states whether a neighbour can receive the frame. */
    const headers: readonly (readonly [string, number, Buffer, boolean])[] = [
      ['no header', 0x0800, Buffer.alloc(0), false],
      ['a VLAN tag', 0x8100, u16(5, 0x0800), false],
      ['the VLAN tag 0', 0x8100, u16(0, 0x0800), false],
      ['two VLAN tags', 0x88a8, u16(5, 0x8100, 6, 0x0800), false],
      ['two VLAN tags of an old type', 0x9100, u16(5, 0x8100, 6, 0x0800), true],
      ['an MPLS label', 0x8847, u16(0, 0x0140), true],
      ['a PPPoE session', 0x8864, u16(0x1100, 1, 60, 0x0021), true],
      ['a length instead of a type', 60, Buffer.from('aaaa030000000800', 'hex'), true],
      ['an unknown type', 0x1234, Buffer.alloc(0), true],
      ['the type of LLDP', 0x88cc, Buffer.alloc(0), true],
    ];
    it.each(headers)('behind %s do not pass the filter', async (_, type, header, canReachNeighbour) => {
      const macs = [
        neighbour.mac,
        router,
        routed.mac,
        foreign.mac,
        'ff:ff:ff:ff:ff:ff',
        '01:00:5e:00:00:fb',
        '01:80:c2:00:00:0e',
      ];
      const numbers: number[] = [];
      const frames = [neighbour, routed, foreign].flatMap((target) =>
        macs.map((mac) => {
          numbers.push(++id);
          return ethernet(
            mac,
            sender.mac,
            type,
            Buffer.concat([header, packetTo(target, port.forbidden, id)]),
          );
        }),
      );
      await send(frames);
      const allowed = canReachNeighbour ? ['neighbour'] : [];
      expect(numbers.flatMap(receivers).filter((name) => !allowed.includes(name))).toEqual([]);
      expect(numbers.flatMap(answers)).toEqual([]);
    });
  });

  it('to the tunnels between hypervisors do not arrive in another network', async () => {
    const numbers: number[] = [];
    const frames = ['192.168.127.11', '192.168.127.12'].flatMap((hypervisor) =>
      [1, 2, 3, 4, 5, 6, 7, 8].flatMap((network) => {
        const number = ++id;
        numbers.push(number);
        const inner = ethernet(
          foreign.mac,
          sender.mac,
          0x0800,
          ipv4('10.12.1.1', foreign.address, 17, udp(20_000, port.allowed, payloadOf(number))),
        );
        const geneve = Buffer.concat([u16(0, 0x6558, 0, network << 8), inner]);
        const vxlan = Buffer.concat([u16(0x0800, 0, 0, network << 8), inner]);
        return [udp(50_000, 6081, geneve), udp(50_000, 4789, vxlan)].flatMap((datagram) =>
          [router, neighbour.mac].map((mac) =>
            ethernet(mac, sender.mac, 0x0800, ipv4(sender.address, hypervisor, 17, datagram)),
          ),
        );
      }),
    );
    // The sender may send to every port here, so only the network stops the packets.
    await lab().edit('Port', 'main/sender', { spec: { securityGroupRefs: [{ name: 'open' }] } });
    await lab().eventually(async () => {
      const number = ++id;
      await stations
        .get('sender')!
        .send([ethernet(neighbour.mac, sender.mac, 0x0800, packetTo(neighbour, port.forbidden, number))]);
      await lab().eventually(() => answers(number).includes(port.forbidden), 1_000);
    });
    await send(frames);
    expect(numbers.flatMap(receivers)).toEqual([]);
    await lab().edit('Port', 'main/sender', { spec: { securityGroupRefs: [{ name: 'one-port' }] } });
    await lab().cluster.ovn.nbctl('--wait=hv', '--timeout=60', 'sync');
  });

  describe('that are fragments', () => {
    /** The end of the first fragment, and of a longer fragment. Open vSwitch drops fragments of less than 1200 bytes. */
    const [END, LONGER] = [1208, 1304];
    const large = (to: Guest, toPort: number, number: number): Buffer =>
      packetTo(to, toPort, number, Buffer.alloc(1400));
    /**
     * The fragments in the order in which they are sent. `bad` is a datagram to the forbidden port. `good` is the same
     * datagram to the allowed port.
     */
    const orders: readonly (readonly [string, (bad: Buffer, good: Buffer, key: number) => Buffer[]])[] = [
      ['in order', (bad, _, key) => [fragment(bad, key, 0, END), fragment(bad, key, END)]],
      ['in reverse order', (bad, _, key) => [fragment(bad, key, END), fragment(bad, key, 0, END)]],
      [
        'with a tiny first fragment',
        (bad, _, key) => [fragment(bad, key, 0, 8), fragment(bad, key, 8, END), fragment(bad, key, END)],
      ],
      [
        'with a first fragment for the allowed port before them',
        (bad, good, key) => [
          fragment(good, key, 0, END),
          fragment(bad, key, 0, END),
          fragment(bad, key, END),
        ],
      ],
      [
        'with a first fragment for the allowed port between them',
        (bad, good, key) => [
          fragment(bad, key, 0, END),
          fragment(good, key, 0, END),
          fragment(bad, key, END),
        ],
      ],
      [
        'with a longer first fragment for the allowed port',
        (bad, good, key) => [
          fragment(good, key, 0, LONGER),
          fragment(bad, key, 0, END),
          fragment(bad, key, END),
        ],
      ],
      [
        'with the last fragment before two first fragments',
        (bad, good, key) => [
          fragment(bad, key, END),
          fragment(good, key, 0, END),
          fragment(bad, key, 0, END),
        ],
      ],
    ];
    it.each(orders)('%s do not become a forbidden datagram', async (_, order) => {
      const numbers = [neighbour, routed].map((target) => {
        const number = ++id;
        return { number, target };
      });
      const frames = numbers.flatMap(({ number, target }) =>
        order(large(target, port.forbidden, number), large(target, port.allowed, number), number).map(
          (packet) => ethernet(target === neighbour ? neighbour.mac : router, sender.mac, 0x0800, packet),
        ),
      );
      await send(frames);
      expect(numbers.flatMap(({ number }) => answers(number))).not.toContain(port.forbidden);
    });

    // Open vSwitch's userspace datapath does not know the port of a later fragment, so rules with ports do not match.
    it('become a datagram again if the group allows all traffic', async () => {
      const number = ++id;
      const payload = Buffer.concat([payloadOf(number), Buffer.alloc(1400)]);
      const whole = ipv4(neighbour.address, routed.address, 17, udp(20_000, port.allowed, payload));
      const station = stations.get('neighbour')!;
      await lab().eventually(async () => {
        const packets = [fragment(whole, ++id, 0, END), fragment(whole, id, END)];
        await station.send(packets.map((packet) => ethernet(router, neighbour.mac, 0x0800, packet)));
        await lab().eventually(
          () => station.arrivals().some((arrival) => arrival.id === number && arrival.isAnswer),
          1_000,
        );
      });
    });
  });
});
