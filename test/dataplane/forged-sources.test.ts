import { beforeAll, describe, expect, it } from '@jest/globals';
import { describeLab } from '../support/dataplane/describe.ts';
import {
  arp,
  ethernet,
  ipv4,
  ipv6,
  routerAdvertisement,
  sendFrames,
  Sniffer,
  udp,
} from '../support/dataplane/frames.ts';
import { longestGap, type Guest } from '../support/dataplane/guest.ts';
import { within } from '../support/within.ts';

const broadcast = 'ff:ff:ff:ff:ff:ff';

const port = (name: string, spec = ''): string => `
apiVersion: network.plasmavmc.io/v1alpha1
kind: Port
metadata: { name: ${name} }
spec: { ${spec} }
`;

/** Allows all traffic. So a frame is dropped only because of its source. */
const open = `
apiVersion: network.plasmavmc.io/v1alpha1
kind: SecurityGroup
metadata: { name: open }
spec: { ingress: [{ protocol: All }], egress: [{ protocol: All }] }
`;
const inOpen = 'securityGroupRefs: [{ name: open }]';

describeLab('frames with a forged source', (lab) => {
  let target: Guest;
  let honest: Guest;
  let heard: Sniffer;
  const guests = new Map<string, Guest>();

  beforeAll(async () => {
    await lab().apply(
      `
apiVersion: network.plasmavmc.io/v1alpha1
kind: VPC
metadata: { name: main }
spec: { cidr: 10.7.0.0/16 }
`,
      open,
      port('target', inOpen),
      port('honest', inOpen),
      port('macandip', inOpen),
      port('maconly', `spoofingProtection: MACOnly, ${inOpen}`),
      port('disabled', `spoofingProtection: Disabled, ${inOpen}`),
      port('unfiltered', 'spoofingProtection: Disabled, trafficFiltering: Disabled'),
    );
    const made = await lab().guests(
      { name: 'target', on: 2 },
      { name: 'honest', on: 2 },
      { name: 'macandip', on: 1 },
      { name: 'maconly', on: 1 },
      { name: 'disabled', on: 1 },
      { name: 'unfiltered', on: 1 },
    );
    [target, honest] = made;
    for (const guest of made.slice(2)) {
      guests.set(guest.state.name, guest);
      await lab().eventually(() => guest.reaches(target.address));
    }
    heard = await Sniffer.start(target, lab().cluster.dir);
  }, 90_000);

  /**
   * Sends a frame three times and counts how often the target receives it. A valid frame follows and is awaited: frames
   * that have not arrived before it do not arrive any more.
   */
  let serial = 0;
  const arrivals = async (from: Guest, frame: Buffer, content: Buffer = frame): Promise<number> => {
    const before = heard.count(content);
    const mark = Buffer.from(`mark ${++serial} of ${from.state.name}`);
    const last = ethernet(
      target.mac,
      from.mac,
      0x0800,
      ipv4(from.address, target.address, 17, udp(5000, 5001, mark)),
    );
    await sendFrames(from, frame, frame, frame, last);
    await lab().eventually(() => expect(heard.count(mark)).toBe(1));
    return heard.count(content) - before;
  };

  const unlessUnfiltered: readonly [string, number][] = [
    ['macandip', 0],
    ['maconly', 0],
    ['disabled', 0],
    ['unfiltered', 3],
  ];

  describe.each([67, 1067])('that contain DHCP answers from port %d', (serverPort) => {
    it.each(unlessUnfiltered)('arrive from a Port with protection %s %d of 3 times', async (name, count) => {
      const from = guests.get(name)!;
      const content = Buffer.from(`I am your server at ${serverPort}, says ${from.address}`);
      for (const [mac, address] of [
        [broadcast, '255.255.255.255'],
        [target.mac, target.address],
      ] as const) {
        const packet = ipv4(from.address, address, 17, udp(serverPort, 68, content));
        const frame = ethernet(mac, from.mac, 0x0800, packet);
        expect([address, await arrivals(from, frame, content)]).toEqual([address, count]);
      }
    });
  });

  describe.each([547, 1547])('that contain DHCPv6 answers from port %d', (serverPort) => {
    it.each(unlessUnfiltered)('arrive from a Port with protection %s %d of 3 times', async (name, count) => {
      const from = guests.get(name)!;
      const content = Buffer.from(`I am your IPv6 server at ${serverPort}, says ${from.address}`);
      const packet = ipv6('fe80::9', 'ff02::1', 17, udp(serverPort, 546, content));
      const frame = ethernet('33:33:00:00:00:01', from.mac, 0x86dd, packet);
      expect(await arrivals(from, frame, content)).toBe(count);
    });
  });

  describe('that contain IPv6 router advertisements', () => {
    it.each([
      ['macandip', 0],
      ['maconly', 3],
      ['disabled', 3],
      ['unfiltered', 3],
    ])('arrive from a Port with protection %s %d of 3 times', async (name, count) => {
      const from = guests.get(name)!;
      const frame = routerAdvertisement(from.mac, `fe80::${guests.size}:${name.length}`);
      expect(await arrivals(from, frame)).toBe(count);
    });
  });

  describe('that claim the IP address of a neighbour by ARP', () => {
    const none = '00:00:00:00:00:00';
    /** ARP replies, which a switch forwards, and an ARP request, which OVN answers itself. */
    const claims = (from: Guest, passed: number): readonly (readonly [string, number, Buffer])[] => {
      const sender = { mac: from.mac, ip: honest.address };
      const frame = (to: string, operation: 1 | 2, of: { mac: string; ip: string }): Buffer =>
        ethernet(to, from.mac, 0x0806, arp(operation, sender, of));
      return [
        ['a reply', passed, frame(target.mac, 2, { mac: target.mac, ip: target.address })],
        ['a gratuitous reply', passed, frame(broadcast, 2, { mac: broadcast, ip: honest.address })],
        ['a gratuitous request', 0, frame(broadcast, 1, { mac: none, ip: honest.address })],
      ];
    };
    it.each([
      ['macandip', 0],
      ['maconly', 3],
      ['disabled', 3],
    ])(
      'arrive from a Port with protection %s %d of 3 times as replies, and never as requests',
      async (name, count) => {
        const from = guests.get(name)!;
        for (const [what, expected, frame] of claims(from, count)) {
          const content = frame.subarray(12, 42);
          expect([what, await arrivals(from, frame, content)]).toEqual([what, expected]);
        }
      },
    );

    it("are dropped when the sender's MAC address in ARP is not the source of the frame", async () => {
      const from = guests.get('maconly')!;
      const sender = { mac: honest.mac, ip: honest.address };
      const frame = ethernet(
        target.mac,
        from.mac,
        0x0806,
        arp(2, sender, { mac: target.mac, ip: target.address }),
      );
      expect(await arrivals(from, frame, frame.subarray(12, 42))).toBe(0);
    });
  });
});

describeLab('allowedAddresses of Ports', (lab) => {
  const virtual = '10.8.255.100';
  const shared = { mac: '00:00:5e:00:01:01', address: '10.8.255.102' };
  let first: Guest;
  let second: Guest;
  let near: Guest;
  let far: Guest;
  let outsider: Guest;

  beforeAll(async () => {
    const entries = [
      `{ cidr: ${virtual}/32 }`,
      '{ cidr: 10.8.255.192/27 }',
      `{ cidr: ${shared.address}/32, mac: '${shared.mac}' }`,
    ];
    const allowed = `allowedAddresses: [${entries.join(', ')}]`;
    await lab().apply(
      `
apiVersion: network.plasmavmc.io/v1alpha1
kind: VPC
metadata: { name: main }
spec: { cidr: 10.8.0.0/16 }
---
apiVersion: network.plasmavmc.io/v1alpha1
kind: Subnet
metadata: { name: far }
spec: { cidr: 10.8.1.0/24 }
`,
      open,
      ...['first', 'second'].map((name) => port(name, `${allowed}, ${inOpen}`)),
      ...['near', 'outsider'].map((name) => port(name, inOpen)),
      port('far', `subnetRef: { name: far }, ${inOpen}`),
    );
    [first, second, near, far, outsider] = await lab().guests(
      { name: 'first', on: 1 },
      { name: 'second', on: 2 },
      { name: 'near', on: 1 },
      { name: 'far', on: 2 },
      { name: 'outsider', on: 1 },
    );
    await lab().eventually(() => near.reaches(first.address));
    await lab().eventually(() => far.reaches(second.address));
  }, 90_000);

  /** Adds the address and announces it with gratuitous ARP, as keepalived does. */
  const take = async (guest: Guest, address: string): Promise<void> => {
    await guest.run('ip', 'address', 'add', `${address}/32`, 'dev', 'eth0');
    await guest.run('arping', '-U', '-c', '3', '-w', '2', '-I', 'eth0', address).catch(() => undefined);
  };
  const giveUp = (guest: Guest, address: string) =>
    guest.run('ip', 'address', 'del', `${address}/32`, 'dev', 'eth0');

  it('work for the VM that currently holds them, and move to another VM', async () => {
    await take(first, virtual);
    await lab().eventually(() => near.reaches(virtual));
    await lab().eventually(() => far.reaches(virtual));
    expect(await near.neighbour(virtual)).toBe(first.mac);
    await giveUp(first, virtual);
    await take(second, virtual);
    await lab().eventually(() => near.reaches(virtual));
    expect(await near.neighbour(virtual)).toBe(second.mac);
    await lab().eventually(() => far.reaches(virtual), 30_000);
    await giveUp(second, virtual);
  }, 90_000);

  it('move within half a second', async () => {
    let [holder, successor] = [first, second];
    await take(holder, virtual);
    await lab().eventually(() => near.reaches(virtual));
    await within(500, async () => {
      const pings = near.ping(virtual, { count: 60, intervalMs: 50 });
      const before = await holder.echoesReceived();
      await lab().eventually(async () => (await holder.echoesReceived()) > before);
      await giveUp(holder, virtual);
      await take(successor, virtual);
      [holder, successor] = [successor, holder];
      return longestGap((await pings).answeredAt);
    });
    expect(await near.neighbour(virtual)).toBe(holder.mac);
    await giveUp(holder, virtual);
  }, 90_000);

  it('may be ranges', async () => {
    await take(first, '10.8.255.200');
    await lab().eventually(() => near.reaches('10.8.255.200'));
    await lab().eventually(() => near.reaches(first.address));
    await giveUp(first, '10.8.255.200');
  });

  it('do not work for other VMs, and allow no other addresses', async () => {
    await take(outsider, virtual);
    expect((await near.ping(virtual)).received).toBe(0);
    expect((await outsider.ping(near.address, { extra: ['-I', virtual] })).received).toBe(0);
    await giveUp(outsider, virtual);
    await take(first, '10.8.255.101');
    expect((await near.ping('10.8.255.101')).received).toBe(0);
    await giveUp(first, '10.8.255.101');
  });

  it('may have a virtual MAC address, which moves with them and does not work for other VMs', async () => {
    const takeBoth = async (guest: Guest): Promise<void> => {
      await guest.run('ip', 'link', 'set', 'eth0', 'address', shared.mac);
      await take(guest, shared.address);
    };
    const giveUpBoth = async (guest: Guest): Promise<void> => {
      await giveUp(guest, shared.address);
      await guest.run('ip', 'link', 'set', 'eth0', 'address', guest.mac);
    };
    for (const holder of [first, second]) {
      await takeBoth(holder);
      await lab().eventually(() => near.reaches(shared.address));
      await lab().eventually(() => far.reaches(shared.address));
      expect(await near.neighbour(shared.address)).toBe(shared.mac);
      await giveUpBoth(holder);
    }
    await takeBoth(outsider);
    expect((await near.ping(shared.address)).received).toBe(0);
    expect((await outsider.ping(near.address, { extra: ['-I', shared.address] })).received).toBe(0);
    await giveUpBoth(outsider);
  }, 120_000);

  it('do not let a VM announce the metadata service, the gateway or a neighbour', async () => {
    const taken = ['169.254.169.254', '10.8.255.1', near.address];
    const cidrs = ['0.0.0.0/0', '10.8.0.0/16', ...taken.map((address) => `${address}/32`)];
    const list = cidrs.map((cidr) => `{ cidr: ${cidr} }`).join(', ');
    await lab().apply(port('greedy', `allowedAddresses: [${list}], ${inOpen}`));
    const reasonOf = async (): Promise<string | undefined> => {
      const { status } = await lab().get('Port', 'greedy');
      return status?.conditions?.find(({ type }) => type === 'Accepted')?.reason;
    };
    await lab().eventually(async () => expect(await reasonOf()).toBe('AllowedAddressRefused'));
    await lab().edit('Port', 'greedy', { spec: { allowedAddresses: [] } });
    const greedy = await lab().guest({ name: 'greedy', on: 1 });
    await lab().edit('Port', 'greedy', { spec: { allowedAddresses: cidrs.map((cidr) => ({ cidr })) } });
    await lab().eventually(async () => expect(await reasonOf()).toBe('AllowedAddressRefused'));
    await lab().eventually(() => greedy.reaches(second.address));
    for (const address of taken) {
      const before = await second.neighbour(address);
      await take(greedy, address);
      expect(await second.neighbour(address)).toBe(before);
      expect(await second.neighbour(address)).not.toBe(greedy.mac);
      const heard = await greedy.echoesReceived();
      await second.ping(address);
      expect((await greedy.echoesReceived()) - heard).toBe(0);
      await giveUp(greedy, address);
    }
    await lab().eventually(() => far.reaches(near.address));
  }, 90_000);

  it('are rejected with the MAC address of a neighbour', async () => {
    await lab().apply(
      port('thief', `allowedAddresses: [{ cidr: ${near.address}/32, mac: '${near.mac}' }], ${inOpen}`),
    );
    await lab().eventually(async () => {
      const { status } = await lab().get('Port', 'thief');
      const accepted = status?.conditions?.find(({ type }) => type === 'Accepted');
      expect(accepted).toMatchObject({ status: 'False', reason: 'MACConflict' });
    });
    await lab().eventually(() => far.reaches(near.address));
  });
});
