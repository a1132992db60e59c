import { beforeAll, expect, it } from '@jest/globals';
import { describeLab } from '../support/dataplane/describe.ts';
import type { Guest } from '../support/dataplane/guest.ts';

/** A project of its own organization with one Subnet and one Port. */
const project = (namespace: string, port: string, cidr: string, subnet: string, ip: string): string => `
apiVersion: network.plasmavmc.io/v1alpha1
kind: VPC
metadata: { name: net, namespace: ${namespace} }
spec: { cidr: ${cidr}, defaults: None }
---
apiVersion: network.plasmavmc.io/v1alpha1
kind: Subnet
metadata: { name: only, namespace: ${namespace} }
spec: { cidr: ${subnet} }
---
apiVersion: network.plasmavmc.io/v1alpha1
kind: Port
metadata: { name: ${port}, namespace: ${namespace} }
spec: { subnetRef: { name: only }, ipAddress: ${ip}, trafficFiltering: Disabled, securityGroupRefs: [] }
`;

const peering = (from: string, to: string, more = ''): string => `
apiVersion: network.plasmavmc.io/v1alpha1
kind: VPCPeering
metadata: { name: to-${to}, namespace: ${from} }
spec: { peer: { namespace: ${to} }${more} }
`;

/** The range that the attacker takes: the victim reaches it through no gateway, so all packets to it are for the attacker. */
const taken = { cidr: '100.64.0.0/10', subnet: '100.64.10.0/24', address: '100.64.10.10' };
/** The range that two projects have. */
const shared = { cidr: '10.70.0.0/16', subnet: '10.70.1.0/24', address: '10.70.1.10' };

describeLab('traffic to a peer', (lab) => {
  let victim: Guest;
  let attacker: Guest;

  beforeAll(async () => {
    for (const name of ['victim', 'attacker', 'older', 'younger'])
      await lab().namespace(name, { 'network.plasmavmc.io/organization': name });
    await lab().apply(
      project('victim', 'victim', '10.50.0.0/16', '10.50.1.0/24', '10.50.1.10'),
      project('attacker', 'attacker', '10.60.0.0/16', '10.60.1.0/24', '10.60.1.10'),
      peering('victim', 'attacker'),
      peering('attacker', 'victim'),
    );
    [victim, attacker] = await lab().guests(
      { name: 'victim', namespace: 'victim', on: 1 },
      { name: 'attacker', namespace: 'attacker', on: 2 },
    );
  }, 120_000);

  /** The number of three pings that arrive, with or without an answer. */
  const arrive = async (address: string, at: Guest): Promise<number> => {
    const before = await at.echoesReceived();
    await victim.ping(address);
    return (await at.echoesReceived()) - before;
  };

  it('does not go to a VPC that the other tenant created again with another range, until this tenant consents', async () => {
    await lab().eventually(() => victim.reaches(attacker.address));
    await lab().eventually(() => attacker.reaches(victim.address));
    await lab().delete('VPCPeering', 'attacker/to-victim');
    await lab().delete('Port', 'attacker/attacker');
    await lab().delete('Subnet', 'attacker/only');
    await lab().delete('VPC', 'attacker/net');
    await lab().gone('VPC', 'attacker/net');
    await lab().apply(
      project('attacker', 'again', taken.cidr, taken.subnet, taken.address),
      peering('attacker', 'victim'),
    );
    const again = await lab().guest({ name: 'again', namespace: 'attacker', on: 2 });
    await lab().eventually(async () => {
      const { status } = await lab().get('VPCPeering', 'victim/to-attacker');
      expect(status?.conditions).toContainEqual(expect.objectContaining({ reason: 'ConsentRequired' }));
    });
    for (let attempt = 0; attempt < 5; attempt++) expect(await arrive(taken.address, again)).toBe(0);
    const before = await victim.echoesReceived();
    await again.ping(victim.address);
    expect(await victim.echoesReceived()).toBe(before);

    // Nothing but the missing consent stopped the packets.
    const { uid } = (await lab().get('VPC', 'attacker/net')).metadata;
    await lab().edit('VPCPeering', 'victim/to-attacker', { spec: { peer: { vpcUID: uid } } });
    await lab().eventually(async () => expect(await arrive(taken.address, again)).toBeGreaterThan(0));

    await lab().edit('VPCPeering', 'victim/to-attacker', { spec: { acceptedCIDRs: ['100.64.99.0/24'] } });
    await lab().eventually(async () => expect(await arrive(taken.address, again)).toBe(0));
    const after = await victim.echoesReceived();
    await again.ping(victim.address);
    expect(await victim.echoesReceived()).toBe(after);
  }, 120_000);

  it('goes only to the older of two peers with the same addresses, and never to both', async () => {
    await lab().apply(
      project('older', 'older', shared.cidr, shared.subnet, shared.address),
      project('younger', 'younger', shared.cidr, shared.subnet, shared.address),
      peering('victim', 'older'),
      peering('victim', 'younger'),
      peering('younger', 'victim'),
    );
    const [older, younger] = await lab().guests(
      { name: 'older', namespace: 'older', on: 1 },
      { name: 'younger', namespace: 'younger', on: 2 },
    );
    await lab().eventually(async () => expect(await arrive(shared.address, younger)).toBeGreaterThan(0));
    expect(await arrive(shared.address, older)).toBe(0);
    await lab().apply(peering('older', 'victim'));
    await lab().eventually(async () => expect(await arrive(shared.address, older)).toBeGreaterThan(0));
    for (let flow = 0; flow < 8; flow++) expect(await arrive(shared.address, younger)).toBe(0);
    // A smaller network inside the range of the older peer does not draw its traffic.
    await lab().edit('VPCPeering', 'younger/to-victim', { spec: { advertisedCIDRs: ['10.70.1.0/28'] } });
    await lab().eventually(async () => {
      const { status } = await lab().get('VPCPeering', 'victim/to-younger');
      expect(status?.refusedRoutes).toEqual([expect.objectContaining({ cidr: '10.70.1.0/28' })]);
    });
    expect(await arrive(shared.address, younger)).toBe(0);
    expect(await arrive(shared.address, older)).toBeGreaterThan(0);
  }, 120_000);
});
