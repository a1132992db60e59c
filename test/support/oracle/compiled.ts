/** Compiles a world with the operator's controllers, and evaluates packets with the resulting ACLs. */
import { namespace, port, securityGroup, subnet, trafficPolicy, vpc } from '../controllers/manifests.ts';
import { OfflineCluster } from '../controllers/offline-cluster.ts';
import { evaluate, type Fields, type Names } from './expression.ts';
import type { Packet, World } from './model.ts';

/** The name of the Port through which external hosts send and receive. Each Subnet has one, without filtering. */
export const outsiderIn = (subnetName: string): string => `outsider-${subnetName}`;

/** Adds the world's objects in a namespace, and runs the controllers. */
export async function compile(cluster: OfflineCluster, world: World, space: string): Promise<void> {
  // Each namespace has its own organization, so that all VPCs can have the same range.
  cluster.apply(namespace(space, { 'network.plasmavmc.io/organization': space }));
  cluster.apply(vpc('net', { cidr: world.vpc, defaults: 'None' }, space));
  for (const [name, cidr] of Object.entries(world.subnets)) {
    cluster.apply(subnet(name, { cidr, dhcp: { mode: 'Disabled' } }, space));
    cluster.apply(
      port(
        outsiderIn(name),
        {
          subnetRef: { name },
          securityGroupRefs: [],
          trafficFiltering: 'Disabled',
          spoofingProtection: 'Disabled',
        },
        space,
      ),
    );
  }
  for (const [name, spec] of Object.entries(world.groups))
    cluster.apply(securityGroup(name, { ...spec }, space));
  for (const [index, spec] of world.policies.entries()) {
    // The Ports of outsiders represent external hosts, so no policy applies to them.
    cluster.apply(
      trafficPolicy(`policy-${index}`, { ...spec, appliesTo: exceptOutsiders(spec.appliesTo) }, space),
    );
  }
  for (const [name, { subnet: subnetName, ip, labels, groups, filtered }] of Object.entries(world.ports)) {
    const manifest = port(
      name,
      {
        subnetRef: { name: subnetName },
        ipAddress: ip,
        securityGroupRefs: groups.map((each) => ({ name: each })),
        trafficFiltering: filtered ? 'Enabled' : 'Disabled',
        spoofingProtection: 'Disabled',
      },
      space,
    );
    const all = { ...labels, subnet: subnetName };
    cluster.apply({ ...manifest, metadata: { ...manifest.metadata, labels: all } });
  }
  await cluster.settle();
}

/** Selects the Ports of Subnets by a label, because the Ports of outsiders do not have the label. */
function exceptOutsiders(appliesTo: World['policies'][number]['appliesTo']): object {
  const names = appliesTo.subnetRefs?.map(({ name }) => name);
  const labels = appliesTo.portSelector?.matchLabels ?? {};
  return {
    portSelector: {
      matchLabels: labels,
      matchExpressions: [{ key: 'subnet', operator: 'In', values: names ?? ['a', 'b'] }],
    },
  };
}

/** The name of a Port's logical switch port. */
export function logicalPort(cluster: OfflineCluster, space: string, name: string): string {
  const uid = cluster.get('Port', `${space}/${name}`)?.metadata.uid;
  if (uid === undefined) throw new Error(`the Port ${space}/${name} does not exist`);
  return uid;
}

interface Acl {
  readonly direction: string;
  readonly priority: number;
  readonly action: string;
  readonly match: string;
  /** The ports of the switch to which the ACL applies; undefined when a port group in the match limits it. */
  readonly ports: ReadonlySet<string> | undefined;
}

/** The ACLs of all rows, with the port groups and address sets that they reference. */
export class CompiledAcls {
  readonly #acls: readonly Acl[];
  readonly #names: Names;

  constructor(cluster: OfflineCluster) {
    const states = [...cluster.writer.states.values()].map(({ desired }) => desired);
    const rows = states.flatMap(({ rows: own }) => own);
    const memberships = states.flatMap(({ memberships: own }) => own);
    const byUuid = new Map(rows.map((row) => [row.uuid, row]));
    const nameOf = (uuid: string) => byUuid.get(uuid)?.columns['name'] as string;
    const switchOf = new Map(
      memberships.filter(({ table }) => table === 'Logical_Switch').map(({ element, row }) => [element, row]),
    );
    const portsOf = (uuid: string) =>
      new Set([...switchOf].filter(([, row]) => row === uuid).map(([element]) => nameOf(element)));
    this.#acls = rows
      .filter(({ table }) => table === 'ACL')
      .map(({ uuid, columns }) => {
        const on = switchOf.get(uuid);
        return { ...(columns as unknown as Acl), ports: on === undefined ? undefined : portsOf(on) };
      });
    const members = new Map<string, Set<string>>();
    const addresses = new Map<string, Set<string>>();
    for (const { uuid, table, columns } of rows) {
      if (table !== 'Port_Group') continue;
      const name = columns['name'] as string;
      const ports = memberships
        .filter(({ row, column }) => row === uuid && column === 'ports')
        .flatMap(({ element }) => byUuid.get(element) ?? []);
      members.set(name, new Set(ports.map(({ columns: { name: lsp } }) => lsp as string)));
      // ovn-northd creates address sets with the addresses of the members.
      const texts = ports.flatMap(({ columns: { addresses: own } }) => [...(own as ReadonlySet<string>)]);
      addresses.set(`${name}_ip4`, new Set(texts.flatMap((text) => text.split(' ').slice(1))));
      addresses.set(`${name}_ip6`, new Set());
    }
    const known = (map: ReadonlyMap<string, ReadonlySet<string>>) => (name: string) => {
      const found = map.get(name);
      // OVN rejects the whole match.
      if (found === undefined) throw new Error(`the match references an unknown name: ${name}`);
      return found;
    };
    this.#names = { group: known(members), set: known(addresses) };
  }

  /** Whether the ACLs of both directions allow a packet from one logical port to another. */
  isAllowed(packet: Packet, inport: string, outport: string): boolean {
    const fields: Fields = {
      inport,
      outport,
      source: packet.from.ip,
      destination: packet.to.ip,
      ...packet,
    };
    return this.#passes('from-lport', fields) && this.#passes('to-lport', fields);
  }

  #passes(direction: string, fields: Fields): boolean {
    const near = direction === 'from-lport' ? fields.inport : fields.outport;
    const hits = this.#acls
      .filter((acl) => acl.direction === direction && (acl.ports?.has(near) ?? true))
      .filter(({ match }) => evaluate(match, fields, this.#names))
      .sort((a, b) => b.priority - a.priority);
    const [first] = hits;
    const samePriority = hits.filter(({ priority }) => priority === first?.priority);
    const actions = new Set(samePriority.map(({ action }) => action === 'drop'));
    if (actions.size > 1) throw new Error('two matching ACLs have the same priority and different actions');
    return first?.action !== 'drop';
  }
}
