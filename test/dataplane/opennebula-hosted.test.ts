import { beforeAll, describe, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { findCondition } from '../../src/api/index.ts';
import { hypervisorNamed, internet, Namespace, run } from '../../src/dev/lab/index.ts';
import { describeLab } from '../support/dataplane/describe.ts';
import { TOO_LONG, type Guest } from '../support/dataplane/guest.ts';

const example = readFileSync(
  join(import.meta.dirname, '../../examples/opennebula-hosted/network.yaml'),
  'utf8',
);

const port = (name: string, address?: string): string => `
apiVersion: network.plasmavmc.io/v1alpha1
kind: Port
metadata: { name: ${name}, namespace: hosted }
spec: { subnetRef: { name: vms }, securityGroupRefs: []${address === undefined ? '' : `, ipAddress: ${address}`} }
`;

/** Addresses of the hoster: the flexible IP of a VM, and the flexible IP with two forwarded ports. */
const flexible = { vm1: '203.0.113.20', web: '203.0.113.21' };

type Name = 'vm1' | 'vm2' | 'management' | 'web' | 'app' | 'database';
/** A connection from the external host. */
type Inward = [address: string, port: number];
type Inside = [from: Name, to: Name, port: number];

describeLab(
  'examples/opennebula-hosted',
  (lab) => {
    const machines = {} as Record<Name, Guest>;
    /** The second hypervisor. It also has an interface in the management network. */
    let host: Namespace;

    beforeAll(async () => {
      await lab().apply(example);
      const [vm1, vm2, management, web, app, database] = await lab().guests(
        { name: 'vm1', namespace: 'hosted', on: 1 },
        { name: 'vm2', namespace: 'hosted', on: 2 },
        { name: 'management', port: 'vm1-management', namespace: 'hosted', on: 1 },
        { name: 'web', namespace: 'hosted', on: 2 },
        { name: 'app', namespace: 'hosted', on: 1 },
        { name: 'database', namespace: 'hosted', on: 2 },
      );
      Object.assign(machines, { vm1, vm2, management, web, app, database });
      const { namespace, database: ovs } = hypervisorNamed(lab().lab.state, 'hv2');
      const asPort = [
        'add-port',
        'br-ex',
        'manage',
        'tag=10',
        '--',
        'set',
        'Interface',
        'manage',
        'type=internal',
      ];
      await run(['ovs-vsctl', `--db=${ovs}`, '--timeout=20', ...asPort]);
      host = new Namespace(namespace);
      await host.ip('addr add 10.0.0.1/24 dev manage', 'link set manage up');
      await Promise.all([
        vm1.serveHttp(22, 23, 80, 443, 3306, 8080),
        vm2.serveHttp(22, 80, 5000),
        web.serveHttp(22, 80, 443, 8080),
        app.serveHttp(22, 80, 8080),
        database.serveHttp(22, 443, 5432),
      ]);
      // A service that sends each client the address from which it connects.
      const service =
        "require('net').createServer((socket) => socket.end(socket.remoteAddress)).listen(443, '0.0.0.0')";
      const argv = ['sh', '-c', 'exec "$0" -e "$1" >/dev/null 2>&1 &', process.execPath, service];
      await lab().lab.internet.host.run(argv);
    }, 120_000);

    /** Starts to capture one packet on a network of the underlay. The returned function returns the packet or ''. */
    const capture = (wire: string, filter: string, ...options: readonly string[]): (() => string) => {
      const argv = [
        'tcpdump',
        '-e',
        '-n',
        '-l',
        '-c',
        '1',
        '-i',
        wire,
        '--immediate-mode',
        ...options,
        filter,
      ];
      let packet = '';
      // tcpdump does not report when it is ready, so callers send packets until one is captured.
      void new Namespace(`${lab().lab.state.prefix}net`)
        .attempt(argv, { timeoutMs: 40_000 })
        .then(({ stdout }) => (packet = stdout));
      return () => packet;
    };
    const nc = (address: string, port: number): readonly string[] => [
      ...['busybox', 'nc', '-w', '2', address, String(port)],
    ];
    /** Whether a connection from the external host succeeds. */
    const enters = async (address: string, port: number): Promise<boolean> =>
      (await lab().lab.internet.host.attempt(nc(address, port), { input: '' })).code === 0;
    const connects = (from: Name, to: Name, port: number): Promise<boolean> =>
      machines[from].connects(machines[to].address, port);
    /** The source address of a VM's connections, as the external host sees it. */
    const seenAs = async (name: Name): Promise<string> =>
      (await machines[name].attempt(nc(internet.host, 443), { input: '' })).stdout.trim();
    /** Expects that exactly the `open` connections succeed. Repeats the check, because a busy machine can be too slow. */
    const pass = <T extends readonly unknown[]>(
      connect: (...path: T) => Promise<boolean>,
      { open, closed }: { readonly open: readonly T[]; readonly closed: readonly T[] },
    ): Promise<void> =>
      lab().eventually(async () => {
        const paths = [...open, ...closed];
        const seen = await Promise.all(paths.map((path) => connect(...path)));
        expect(paths.filter((_, index) => seen[index])).toEqual(open);
      });

    describe('a public flexible IP', () => {
      it('maps a VM in both directions', async () => {
        await lab().eventually(async () => expect(await seenAs('vm1')).toBe(flexible.vm1));
        await lab().eventually(async () => expect(await enters(flexible.vm1, 22)).toBe(true));
        const before = await machines.vm1.echoesReceived();
        const ping = ['ping', '-n', '-c', '1', '-W', '1', flexible.vm1];
        await lab().eventually(() => lab().lab.internet.host.run(ping));
        expect(await machines.vm1.echoesReceived()).toBeGreaterThan(before);
      }, 60_000);

      it('forwards single ports only', async () => {
        const to = (port: number): Inward => [flexible.web, port];
        await pass(enters, { open: [to(80), to(443)], closed: [to(22), to(8080)] });
      }, 60_000);

      it("is the source of outgoing traffic when a rule says so; other VMs use the router's address", async () => {
        await lab().eventually(async () => expect(await seenAs('database')).toBe(flexible.web));
        await lab().eventually(async () => expect(await seenAs('vm2')).toBe('203.0.113.16'));
        await lab().eventually(async () => expect(await seenAs('app')).toBe('203.0.113.16'));
      }, 60_000);
    });

    it('admits the ports of the inbound table, also from outside, and drops other ports', async () => {
      const listed = [22, 80, 443];
      const unlisted = [23, 3306, 8080];
      const outside = (port: number): Inward => [flexible.vm1, port];
      await pass(enters, { open: listed.map(outside), closed: unlisted.map(outside) });
      const from =
        (name: Name) =>
        (port: number): Inside => [name, 'vm1', port];
      await pass(connects, { open: listed.map(from('web')), closed: unlisted.map(from('web')) });
      await lab().eventually(() => machines.web.reaches(machines.vm1.address));
      // The last row of the table: members of the group reach each other on every port.
      await pass(connects, { open: [...listed, ...unlisted].map(from('vm2')), closed: [] });
    }, 60_000);

    it('assigns addresses from the pool, and rejects reserved addresses and addresses of other Subnets', async () => {
      await lab().apply(
        port('pooled-1'),
        port('pooled-2'),
        port('above', '10.1.2.200'),
        port('reserved', '10.1.2.99'),
        port('elsewhere', '10.1.3.100'),
      );
      const becomes = (name: string, expected: Record<string, unknown>) =>
        lab().eventually(async () => {
          const { status } = await lab().get('Port', `hosted/${name}`);
          const ready = findCondition(status?.conditions, 'Ready');
          expect({ ...ready, address: status?.ipAddress }).toMatchObject(expected);
        });
      const inPool = expect.stringMatching(/^10\.1\.2\.1([0-3]\d|4[0-7])$/);
      for (const name of ['pooled-1', 'pooled-2']) await becomes(name, { status: 'True', address: inPool });
      await becomes('above', { status: 'True', address: '10.1.2.200' });
      for (const [name, reason] of [
        ['reserved', 'IPReserved'],
        ['elsewhere', 'IPOutsideSubnet'],
      ] as const)
        await becomes(name, { status: 'False', reason, address: undefined });
      expect((await lab().get('Subnet', 'hosted/vms')).status).toMatchObject({ totalIPs: 48 });
    }, 60_000);

    it('connects the management network to its VLAN, and isolates it from the overlay networks', async () => {
      const { management, vm2, ...others } = machines;
      const onWire = capture('physnet1', 'vlan 10 and icmp');
      await lab().eventually(async () => {
        await management.reaches('10.0.0.1');
        expect(onWire()).toMatch(/vlan 10,.* 10\.0\.0\.\d+ > 10\.0\.0\.\d+: ICMP echo/);
      });
      await lab().eventually(() => host.run(['ping', '-n', '-c', '1', '-W', '1', management.address]));

      const received = async () => [await management.echoesReceived(), await vm2.echoesReceived()];
      const before = await received();
      const froms = [vm2, ...Object.values(others)];
      const answers = await Promise.all(
        froms.flatMap((from) => [from.ping(management.address), from.ping('10.0.0.1')]),
      );
      expect(answers.map((answer) => answer.received)).toEqual(answers.map(() => 0));
      // No filter drops these pings: the group admits pings. The VM of the management network finds no VM on its link either.
      await management.run('ip', 'route', 'add', vm2.address, 'dev', 'eth0');
      expect((await management.ping(vm2.address)).received).toBe(0);
      expect(await received()).toEqual(before);
    }, 60_000);

    it('passes packets of 1450 bytes without fragmentation, and no larger packets', async () => {
      const { vm1, vm2 } = machines;
      const whole = (bytes: number) => ['-M', 'do', '-s', String(bytes - 28)];
      expect(vm1.state.lease?.mtu).toBe(1450);
      const onUnderlay = capture('underlay', 'udp port 4789 and greater 1514', '-v');
      await lab().eventually(async () => {
        expect((await vm1.ping(vm2.address, { extra: whole(1450) })).received).toBeGreaterThan(0);
        expect(onUnderlay()).toMatch(/offset 0, flags \[DF\], proto UDP \(17\), length 1500\)/);
      });
      const { stdout, stderr } = await vm1.attempt(['ping', '-c', '1', ...whole(1451), vm2.address]);
      expect(stdout + stderr).toMatch(TOO_LONG);
      // Larger packets do not pass from a VM that ignores the MTU of DHCP either.
      await vm1.run('ip', 'link', 'set', 'eth0', 'mtu', '1500');
      const before = await vm2.echoesReceived();
      expect((await vm1.ping(vm2.address, { extra: whole(1451) })).received).toBe(0);
      expect(await vm2.echoesReceived()).toBe(before);
      await vm1.run('ip', 'link', 'set', 'eth0', 'mtu', '1450');
    }, 60_000);

    it('allows forged source addresses between the VMs of the flat network, and drops them in other networks', async () => {
      const { vm1, vm2, web } = machines;
      const arriveFrom = async (from: Guest, foreign: string): Promise<number> => {
        await lab().eventually(() => from.reaches(vm2.address));
        await from.run('ip', 'address', 'replace', `${foreign}/32`, 'dev', 'eth0');
        const before = await vm2.echoesReceived();
        await from.ping(vm2.address, { extra: ['-I', foreign] });
        return (await vm2.echoesReceived()) - before;
      };
      await lab().eventually(async () => expect(await arriveFrom(vm1, '10.1.2.60')).toBeGreaterThan(0));
      expect(await arriveFrom(web, '10.1.10.60')).toBe(0);
    }, 60_000);

    it(
      'allows connections from one segment to the next on its port only',
      () =>
        pass<Inside>(connects, {
          open: [
            ['web', 'app', 8080],
            ['app', 'database', 5432],
            ['vm1', 'web', 80],
          ],
          closed: [
            ['web', 'app', 22],
            ['web', 'database', 5432],
            ['web', 'vm2', 5000],
            ['app', 'web', 8080],
            ['app', 'database', 22],
            ['app', 'vm2', 5000],
            ['database', 'app', 8080],
            ['database', 'web', 80],
            ['vm1', 'web', 22],
            ['vm1', 'app', 8080],
            ['vm1', 'database', 5432],
          ],
        }),
      60_000,
    );
  },
  { tunnel: 'vxlan' },
);
