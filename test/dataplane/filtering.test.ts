import { beforeAll, expect, it } from '@jest/globals';
import { computeMac } from '../../src/api/index.ts';
import { describeLab } from '../support/dataplane/describe.ts';
import {
  dhcpRenewal,
  dhcpStart,
  ethernet,
  ipv4,
  ipv6,
  neighbourAdvertisement,
  neighbourSolicitation,
  sendFrames,
  Sniffer,
  udp,
} from '../support/dataplane/frames.ts';
import type { Guest } from '../support/dataplane/guest.ts';

const web = (...ports: readonly number[]): string => `
apiVersion: network.plasmavmc.io/v1alpha1
kind: SecurityGroup
metadata: { name: web }
spec:
  ingress: [${ports.map((port) => `{ name: p${port}, protocol: TCP, ports: { min: ${port} } }`).join(', ')}]
`;

describeLab('security groups', (lab) => {
  let server: Guest;
  let client: Guest;
  let closed: Guest;
  let isolated: Guest;
  let gate: Guest;
  let atGate: Sniffer;
  let atClosed: Sniffer;

  beforeAll(async () => {
    await lab().apply(
      `
apiVersion: network.plasmavmc.io/v1alpha1
kind: VPC
metadata: { name: main }
spec: { cidr: 10.3.0.0/16 }
---
apiVersion: network.plasmavmc.io/v1alpha1
kind: Subnet
metadata: { name: edge }
spec: { cidr: 10.3.1.0/24 }
---
apiVersion: network.plasmavmc.io/v1alpha1
kind: Port
metadata: { name: gate }
spec:
  subnetRef: { name: edge }
  ipAddress: 10.3.1.9
  trafficFiltering: Disabled
  spoofingProtection: Disabled
---
apiVersion: network.plasmavmc.io/v1alpha1
kind: Port
metadata: { name: isolated, labels: { isolated: 'yes' } }
---
apiVersion: network.plasmavmc.io/v1alpha1
kind: TrafficPolicy
metadata: { name: isolated }
spec: { appliesTo: { portSelector: { matchLabels: { isolated: 'yes' } } }, isolation: VPC }
---
apiVersion: network.plasmavmc.io/v1alpha1
kind: Port
metadata: { name: server }
spec: { securityGroupRefs: [{ name: web }] }
---
apiVersion: network.plasmavmc.io/v1alpha1
kind: Port
metadata: { name: closed }
spec: { subnetRef: { name: edge }, securityGroupRefs: [], spoofingProtection: MACOnly }
`,
      web(80),
    );
    [server, client, closed, isolated, gate] = await lab().guests(
      { name: 'server', on: 1 },
      { name: 'client', on: 2 },
      { name: 'closed', on: 2 },
      { name: 'isolated', on: 1 },
      { name: 'gate', on: 1 },
    );
    atGate = await Sniffer.start(gate, lab().cluster.dir);
    atClosed = await Sniffer.start(closed, lab().cluster.dir);
    const staticRoutes = [{ destination: '0.0.0.0/0', nextHop: gate.address }];
    await lab().edit('VPC', 'main', { spec: { staticRoutes } });
    await gate.run('ip', 'address', 'add', '192.0.2.1/32', 'dev', 'lo');
    await lab().eventually(() => client.reaches('192.0.2.1'));
    await Promise.all([server.serveHttp(80, 81), closed.serveHttp(80)]);
  }, 120_000);

  /** The MAC address of a Subnet's gateway. */
  const routerIn = async (subnet: string): Promise<string> =>
    computeMac((await lab().get('Subnet', subnet)).metadata.uid, 'gateway');

  it('admit traffic that a rule lists and its answers, and drop other traffic', async () => {
    await lab().eventually(async () => expect(await client.connects(server.address, 80)).toBe(true));
    expect(await client.connects(server.address, 81)).toBe(false);
    expect(await client.ping(server.address)).toMatchObject({ received: 0 });
  });

  it('drop outgoing traffic that no rule lists', async () => {
    expect(await server.ping(gate.address)).toMatchObject({ received: 0 });
    expect(await server.ping('10.3.255.1')).toMatchObject({ received: 0 });
  });

  it('drop all traffic except DHCP on a Port without groups', async () => {
    expect(closed.state.lease?.address).toBe(closed.address);
    expect(await client.connects(closed.address, 80)).toBe(false);
    expect(await closed.connects(server.address, 80)).toBe(false);
  });

  it('let a closed VM renew its lease, but not send DHCP requests to other hosts', async () => {
    const router = await routerIn('edge');
    const asks = (to: string, address: string, what: string): Buffer =>
      ethernet(to, closed.mac, 0x0800, ipv4(closed.address, address, 17, udp(68, 67, Buffer.from(what))));
    const renewal = ipv4(closed.address, '10.3.1.1', 17, dhcpRenewal(closed.mac, closed.address, 0xab54a98c));
    // ovn-controller creates the answer, so frames that were sent before the request have arrived by then, or never will.
    await lab().eventually(async () => {
      await sendFrames(
        closed,
        asks(gate.mac, gate.address, 'ask a neighbour'),
        asks(router, '192.0.2.1', 'ask beyond'),
        ethernet(router, closed.mac, 0x0800, renewal),
      );
      await lab().eventually(() => atClosed.count(dhcpStart(2, 0xab54a98c)) > 0, 3_000);
    });
    expect(atGate.count(Buffer.from('ask '))).toBe(0);
  });

  it('let a closed VM discover IPv6 neighbours, but send no IPv6 data', async () => {
    const [own, other] = ['fe80::c', 'fe80::9'];
    const question = neighbourSolicitation(closed.mac, own, other);
    const answer = neighbourAdvertisement(gate.mac, other, own);
    const packet = (from: string, to: string) =>
      ipv6(from, to, 17, udp(1000, 2000, Buffer.from('IPv6 data')));
    await sendFrames(
      closed,
      ethernet(gate.mac, closed.mac, 0x86dd, packet(own, other)),
      ethernet('33:33:ff:00:00:09', closed.mac, 0x86dd, question),
    );
    await lab().eventually(() => expect(atGate.count(question)).toBe(1));
    await sendFrames(
      gate,
      ethernet(closed.mac, gate.mac, 0x86dd, packet(other, own)),
      ethernet(closed.mac, gate.mac, 0x86dd, answer),
    );
    await lab().eventually(() => expect(atClosed.count(answer)).toBe(1));
    expect([atGate, atClosed].map((sniffer) => sniffer.count(Buffer.from('IPv6 data')))).toEqual([0, 0]);
  });

  it('and isolation VPC keep an isolated VM from hosts outside, with any destination MAC or IP address', async () => {
    const router = await routerIn('default');
    const sends = (to: string, address: string, what: string): Buffer =>
      ethernet(to, isolated.mac, 0x0800, ipv4(isolated.address, address, 17, udp(7, 7, Buffer.from(what))));
    const frames = [
      sends(router, '192.0.2.1', 'out by the router'),
      sends('01:00:5e:00:00:01', '192.0.2.1', 'out by a multicast frame'),
      sends(router, '224.0.0.18', 'out to a group'),
      sends(router, '255.255.255.255', 'out to everybody'),
    ];
    await sendFrames(
      isolated,
      ...frames,
      ...frames,
      ...frames,
      sends(router, gate.address, 'within the VPC'),
    );
    await lab().eventually(() => expect(atGate.count(Buffer.from('within the VPC'))).toBe(1));
    expect(atGate.count(Buffer.from('out '))).toBe(0);
  });

  it('apply changed rules to running VMs', async () => {
    await lab().apply(web(81));
    await lab().eventually(async () => expect(await client.connects(server.address, 81)).toBe(true));
    await lab().stops(() => client.connects(server.address, 80));
  });
});
