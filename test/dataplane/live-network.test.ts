import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { internet, Namespace, obtainLease, type Lease } from '../../src/dev/lab/index.ts';
import { describeLab } from '../support/dataplane/describe.ts';
import type { Guest } from '../support/dataplane/guest.ts';
import { openProject, publicNetwork } from '../support/dataplane/outside.ts';

const FLOATING = '203.0.113.150';
const FORWARDED = '203.0.113.151';

const manifest = (kind: string, name: string, spec: object, namespace = 'red'): string =>
  JSON.stringify({
    apiVersion: 'network.plasmavmc.io/v1alpha1',
    kind,
    metadata: { name, namespace },
    spec,
  });
const port = (name: string, spec: object = {}, namespace = 'red'): string =>
  manifest('Port', name, { subnetRef: { name: 'apps' }, ...spec }, namespace);

/** As many rules as a group may have, less two. Only the last one admits the service of the tests. */
const manyRules = Array.from({ length: 254 }, (_, index) => ({
  protocol: 'TCP',
  ports: { min: index === 253 ? 80 : 20_000 + 2 * index },
  cidr: '10.50.0.0/16',
}));

/** Perl: sends a UDP datagram and prints the error of the socket afterwards. */
const SEND_UDP = `use IO::Socket::INET;
my $socket = IO::Socket::INET->new(PeerAddr => $ARGV[0], PeerPort => $ARGV[1], Proto => "udp");
$SIG{ALRM} = sub { exit 1 };
alarm 1;
send $socket, "question", 0;
recv $socket, my $answer, 100, 0;
print "$!";`;

/** Perl: writes the size of each received UDP datagram to a file. */
const RECEIVE_UDP = `use IO::Socket::INET; use IO::Handle;
my $socket = IO::Socket::INET->new(LocalPort => 5000, Proto => "udp");
open my $file, ">", $ARGV[0];
$file->autoflush;
while (recv $socket, my $datagram, 9000, 0) { print $file length($datagram), "\\n" }`;

describeLab('a network in use', (lab) => {
  let target: Guest;
  let same: Guest;
  let other: Guest;
  let foreign: Guest;

  beforeAll(async () => {
    for (const name of ['red', 'blue']) await lab().namespace(name);
    await lab().apply(
      publicNetwork,
      openProject('red', '10.50'),
      openProject('blue', '10.60'),
      manifest('Subnet', 'other', { cidr: '10.50.2.0/24' }),
      manifest('SecurityGroup', 'closed', { ingress: [], egress: [{ protocol: 'All' }] }),
      manifest('SecurityGroup', 'many', { ingress: manyRules, egress: [] }),
      ...['target', 'same'].map((name) => port(name)),
      port('other', { subnetRef: { name: 'other' } }),
      port('foreign', {}, 'blue'),
      manifest('FloatingIP', 'ip', { externalNetworkRef: { name: 'public' }, address: FLOATING }),
      manifest('NatRule', 'ip', {
        type: 'FloatingIP',
        floatingIPRef: { name: 'ip' },
        target: { portRef: { name: 'target' } },
      }),
      manifest('NatRule', 'forward', {
        type: 'DNAT',
        protocol: 'TCP',
        externalIP: FORWARDED,
        externalPort: 8080,
        internalPort: 80,
        target: { portRef: { name: 'target' } },
      }),
    );
    [target, same, other, foreign] = await lab().guests(
      { name: 'target', namespace: 'red', on: 1 },
      { name: 'same', namespace: 'red', on: 2 },
      { name: 'other', namespace: 'red', on: 2 },
      { name: 'foreign', namespace: 'blue', on: 1 },
    );
    await target.serveHttp(80);
    await lab().eventually(() => same.connects(target.address, 80));
  }, 120_000);

  /** Waits until a TCP connection from each place succeeds: the VM itself, its neighbours, another VPC, the internet. */
  const isServed = async (address: string, ports: number): Promise<void> => {
    const { host } = lab().lab.internet;
    const outside = async (): Promise<boolean> =>
      (await host.attempt(['busybox', 'nc', '-w', '1', address, String(ports)], { input: '' })).code === 0;
    await Promise.all([
      ...[target, same, other, foreign].map((guest) =>
        lab().eventually(() => guest.connects(address, ports)),
      ),
      lab().eventually(outside),
    ]);
  };

  it('serves a floating IP and a forwarded port from all places, also to the VM itself', async () => {
    await Promise.all([isServed(FLOATING, 80), isServed(FORWARDED, 8080)]);
  }, 60_000);

  it('passes ICMP errors to a VM whose groups admit nothing', async () => {
    await lab().apply(port('closed', { securityGroupRefs: [{ name: 'closed' }] }));
    const closed = await lab().guest({ name: 'closed', namespace: 'red', on: 2 });
    for (const address of [target.address, internet.host])
      await lab().eventually(async () => {
        const { stdout } = await closed.attempt(['perl', '-e', SEND_UDP, address, '9']);
        expect(stdout).toBe('Connection refused');
      });
    await lab().stops(() => target.isAnsweredBy(closed.address));
  }, 60_000);

  it('applies 254 rules of a group', async () => {
    await lab().apply(port('many', { securityGroupRefs: [{ name: 'many' }] }));
    const many = await lab().guest({ name: 'many', namespace: 'red', on: 2 });
    await many.serveHttp(80, 81, 20_000, 20_001);
    for (const open of [80, 20_000]) await lab().eventually(() => target.connects(many.address, open));
    for (const closed of [81, 20_001]) expect(await target.connects(many.address, closed)).toBe(false);
  }, 60_000);

  it('passes fragments of datagrams with a rule without ports', async () => {
    await lab().apply(
      manifest('SecurityGroup', 'datagrams', { ingress: [{ protocol: 'UDP' }], egress: [] }),
      port('datagrams', { securityGroupRefs: [{ name: 'datagrams' }] }),
    );
    const receiver = await lab().guest({ name: 'datagrams', namespace: 'red', on: 2 });
    const file = join(lab().lab.state.dir, 'datagrams');
    await receiver.run('sh', '-c', `perl -e '${RECEIVE_UDP}' ${file} >/dev/null 2>&1 </dev/null &`);
    const send = `head -c 3000 /dev/zero >/dev/udp/${receiver.address}/5000`;
    await lab().eventually(async () => {
      await Promise.all([target, other].map((guest) => guest.run('bash', '-c', send)));
      expect(readFileSync(file, 'utf8').split('\n')).toContain('3000');
    });
  }, 60_000);

  it('connects a Port that is created again with the same address on another host', async () => {
    const ipAddress = '10.50.1.77';
    await lab().apply(port('again', { ipAddress }));
    const before = await lab().guest({ name: 'before', port: 'again', namespace: 'red', on: 1 });
    await Promise.all([same, other].map((guest) => lab().eventually(() => guest.reaches(ipAddress))));
    await lab().delete('Port', 'red/again');
    await lab().gone('Port', 'red/again');
    await lab().apply(port('again', { ipAddress }));
    const after = await lab().guest({ name: 'after', port: 'again', namespace: 'red', on: 2 });
    expect(after.mac).not.toBe(before.mac);
    await Promise.all([same, other].map((guest) => lab().eventually(() => guest.reaches(ipAddress))));
    expect(await after.echoesReceived()).toBeGreaterThan(0);
  }, 60_000);

  describe('that is changed', () => {
    const lease = (guest: Guest): Promise<Lease> =>
      obtainLease(lab().lab.state.dir, guest.state.name, new Namespace(guest.state.netns));
    const change = (spec: object): Promise<void> => lab().edit('Subnet', 'red/other', { spec });

    it('gives VMs new DHCP options and a new gateway, and Ports addresses of a new pool', async () => {
      await change({
        dhcp: { dnsServers: ['192.0.2.53'] },
        gateway: { mode: 'Address', address: '10.50.2.254' },
        allocationPools: [{ start: '10.50.2.200', end: '10.50.2.249' }],
      });
      await lab().eventually(async () =>
        expect(await lease(other)).toMatchObject({ dnsServers: ['192.0.2.53'], routers: ['10.50.2.254'] }),
      );
      await lab().eventually(() => other.reaches(target.address));
      await lab().eventually(() => other.reaches(internet.host));
      const late = await lab().guest({ name: 'late', namespace: 'red', subnet: 'other', on: 1 });
      expect(late.address).toMatch(/^10\.50\.2\.2\d\d$/);
      await lab().eventually(() => late.reaches(other.address));
    }, 60_000);
  });
});
