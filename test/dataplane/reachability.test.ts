import { beforeAll, expect, it } from '@jest/globals';
import { internet, Namespace } from '../../src/dev/lab/index.ts';
import { measureMatrix, readWorld, stationsOf, type Machine } from '../../src/verify/index.ts';
import { describeLab } from '../support/dataplane/describe.ts';
import { TOO_LONG, type Guest } from '../support/dataplane/guest.ts';
import type { TestLab } from '../support/dataplane/test-lab.ts';

const ORGANIZATION = 'network.plasmavmc.io/organization';

const vpc = (namespace: string, cidr: string): string => `
apiVersion: network.plasmavmc.io/v1alpha1
kind: VPC
metadata: { name: main, namespace: ${namespace} }
spec: { cidr: ${cidr} }
`;
const subnet = (namespace: string, name: string, cidr: string): string => `
apiVersion: network.plasmavmc.io/v1alpha1
kind: Subnet
metadata: { name: ${name}, namespace: ${namespace} }
spec: { cidr: ${cidr} }
`;
const port = (namespace: string, name: string, address: string): string => `
apiVersion: network.plasmavmc.io/v1alpha1
kind: Port
metadata: { name: ${name}, namespace: ${namespace} }
spec: { subnetRef: { name: apps }, ipAddress: ${address} }
`;

const machine = ({ state, attempt }: { state: Guest['state']; attempt: Machine['run'] }): Machine => ({
  name: state.name,
  host: state.hypervisor,
  port: state.port,
  run: attempt,
});

/** Measures which guests reach each other, and compares the results with the objects. */
async function differences(lab: TestLab, guests: readonly Guest[]) {
  const signal = new AbortController().signal;
  const world = await readWorld(lab.client, signal);
  const machines = guests.map((guest) =>
    machine({ state: guest.state, attempt: (argv, options) => guest.attempt(argv, options) }),
  );
  const { stations } = stationsOf(world, machines);
  const pairs = await measureMatrix(world, stations, { count: 2, retries: 2, signal });
  return { pairs, differing: pairs.filter(({ agrees }) => !agrees) };
}

describeLab('reachability between VMs', (lab) => {
  let guests: readonly Guest[];
  const guest = (name: string): Guest => guests.find(({ state }) => state.name === name)!;

  beforeAll(async () => {
    await lab().namespace('red', { [ORGANIZATION]: 'red' });
    // A different organization may use the same ranges (docs/decisions/0010).
    await lab().namespace('blue', { [ORGANIZATION]: 'blue' });
    // Another project of the first organization.
    await lab().namespace('pink', { [ORGANIZATION]: 'red' });
    await lab().apply(
      vpc('red', '10.50.0.0/16'),
      subnet('red', 'apps', '10.50.1.0/24'),
      subnet('red', 'data', '10.50.2.0/24'),
      vpc('blue', '10.50.0.0/16'),
      subnet('blue', 'apps', '10.50.1.0/24'),
      vpc('pink', '10.60.0.0/16'),
      port('red', 'red-1', '10.50.1.11'),
      port('red', 'red-2', '10.50.1.12'),
      port('blue', 'blue-1', '10.50.1.11'),
      port('blue', 'blue-2', '10.50.1.12'),
      port('blue', 'blue-3', '10.50.1.13'),
    );
    guests = await lab().guests(
      { name: 'red-1', namespace: 'red', on: 1 },
      { name: 'red-2', namespace: 'red', on: 2 },
      { name: 'red-near', namespace: 'red', subnet: 'apps', on: 1 },
      { name: 'red-data', namespace: 'red', subnet: 'data', on: 2 },
      { name: 'blue-1', namespace: 'blue', on: 1 },
      { name: 'blue-2', namespace: 'blue', on: 2 },
      { name: 'blue-3', namespace: 'blue', on: 2 },
      { name: 'pink-1', namespace: 'pink', on: 1 },
    );
  }, 90_000);

  it.each([
    ['in the same Subnet on the same hypervisor', 'red-1', 'red-near'],
    ['in the same Subnet across hypervisors', 'red-1', 'red-2'],
    ['in another Subnet of the VPC on the same hypervisor', 'red-2', 'red-data'],
    ['in another Subnet of the VPC across hypervisors', 'red-1', 'red-data'],
  ])('exists %s', async (_, from, to) => {
    await lab().eventually(() => guest(from).reaches(guest(to).address));
    await lab().eventually(() => guest(to).reaches(guest(from).address));
  });

  it('uses a router between Subnets, and no router within a Subnet', async () => {
    const ttl = async (to: string): Promise<string | undefined> =>
      /ttl=(\d+)/.exec(
        await lab().eventually(() => guest('red-1').run('ping', '-n', '-c', '1', guest(to).address)),
      )?.[1];
    expect(await ttl('red-2')).toBe('64');
    expect(await ttl('red-data')).toBe('63');
  });

  it('does not exist between VPCs, not even for an address of the same range', async () => {
    const others = [guest('blue-1'), guest('blue-2'), guest('blue-3'), guest('pink-1')];
    const before = await Promise.all(others.map((other) => other.echoesReceived()));
    for (const from of ['red-1', 'red-2', 'red-data'])
      for (const { address } of others) await guest(from).ping(address, { count: 2 });
    expect(await Promise.all(others.map((other) => other.echoesReceived()))).toEqual(before);
    expect(await guest('red-1').ping(guest('blue-3').address)).toMatchObject({ received: 0 });
    expect(await guest('red-1').ping(guest('pink-1').address)).toMatchObject({ received: 0 });
  });

  it('matches the objects for every pair', async () => {
    const { pairs, differing } = await differences(lab(), guests);
    expect(differing).toEqual([]);
    expect(pairs).toHaveLength(56);
    // Four VMs are in one VPC and three in another.
    expect(pairs.filter(({ observed }) => observed)).toHaveLength(4 * 3 + 3 * 2);
  }, 120_000);

  it('includes a Subnet that is added while VMs run', async () => {
    await lab().apply(subnet('red', 'later', '10.50.3.0/24'));
    const later = await lab().guest({ name: 'red-later', namespace: 'red', subnet: 'later', on: 2 });
    expect(later.state.lease?.address).toMatch(/^10\.50\.3\./);
    for (const name of ['red-1', 'red-2', 'red-data']) {
      await lab().eventually(() => guest(name).reaches(later.address));
      await lab().eventually(() => later.reaches(guest(name).address));
    }
    expect(await later.ping(guest('blue-3').address)).toMatchObject({ received: 0 });
  });

  it('includes packets of the full MTU, which cross the tunnel without fragmentation', async () => {
    const [from, to] = [guest('red-1'), guest('red-2')];
    const room = new Namespace(`${lab().lab.state.prefix}net`);
    const seen = room.run(
      [
        'tcpdump',
        '-l',
        '-n',
        '-v',
        '--immediate-mode',
        '-c',
        '1',
        '-i',
        'underlay',
        'udp port 6081 and greater 1514',
      ],
      { timeoutMs: 60_000 },
    );
    const whole = ['-M', 'do', '-s', String(1442 - 28)];
    let packet: string | undefined;
    void seen.then((text) => (packet = text));
    // tcpdump does not report when it is ready, so packets are sent until one is captured.
    await lab().eventually(async () => {
      await from.reaches(to.address, whole);
      expect(packet).toBeDefined();
    });
    expect(packet).toMatch(/offset 0, flags \[DF\], proto UDP \(17\), length 1500\)/);
    const { stderr, stdout } = await from.attempt([
      'ping',
      '-c',
      '1',
      '-M',
      'do',
      '-s',
      String(1442 - 27),
      to.address,
    ]);
    expect(stderr + stdout).toMatch(TOO_LONG);
    await lab().eventually(() => from.reaches(guest('red-data').address, whole));
  });
});

describeLab(
  'a lab with VXLAN',
  (lab) => {
    it('passes packets of 1450 bytes between hypervisors', async () => {
      await lab().apply(vpc('default', '10.70.0.0/16'));
      const [one, two] = await lab().guests({ name: 'one', on: 1 }, { name: 'two', on: 2 });
      expect(one.state.lease?.mtu).toBe(1450);
      await lab().eventually(() => one.reaches(two.address, ['-M', 'do', '-s', String(1450 - 28)]));
    });

    it('connects a provider Subnet to its physical network', async () => {
      await lab().namespace('plain', { 'network.plasmavmc.io/project': 'plain' });
      await lab().apply(
        // The administrator allows the range of the physical network, and machines without a filter there.
        `
apiVersion: network.plasmavmc.io/v1alpha1
kind: ProjectPolicy
metadata: { name: plain }
spec:
  namespaceSelector: { matchLabels: { network.plasmavmc.io/project: plain } }
  vpcRanges: ['${internet.externalCidr}']
  providerPowers: { trafficFilteringDisabled: Allowed }
`,
        vpc('plain', internet.externalCidr),
        `
apiVersion: network.plasmavmc.io/v1alpha1
kind: ProviderNetwork
metadata: { name: lan }
spec: { physicalNetwork: physnet1, untagged: Allowed, allowedNamespaces: { selector: {} } }
---
apiVersion: network.plasmavmc.io/v1alpha1
kind: Subnet
metadata: { name: wire, namespace: plain }
spec:
  cidr: ${internet.externalCidr}
  gateway: { mode: None }
  reservedRanges: [{ start: ${internet.router}, end: ${internet.router} }]
  provider: { networkRef: { name: lan } }
---
apiVersion: network.plasmavmc.io/v1alpha1
kind: Port
metadata: { name: wired, namespace: plain }
spec: { subnetRef: { name: wire }, trafficFiltering: Disabled }
`,
      );
      const wired = await lab().guest({ name: 'wired', namespace: 'plain' });
      await lab().eventually(() => wired.reaches(internet.router));
      await wired.run('ip', 'route', 'add', 'default', 'via', internet.router);
      await lab().eventually(() => wired.reaches(internet.host));
    });
  },
  { tunnel: 'vxlan' },
);
