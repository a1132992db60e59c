/** Generated tenants in a lab: their objects, their machines, and machines outside. */
import { computeMac } from '../../../../src/api/index.ts';
import { hypervisorNamed, internet, Namespace, run } from '../../../../src/dev/lab/index.ts';
import type { Guest } from '../guest.ts';
import { publicNetwork } from '../outside.ts';
import type { TestLab } from '../test-lab.ts';
import { floors, manifestsOf } from './manifests.ts';
import { nameOf, PacketFactory, type Facts, type Sender, type World } from './packets.ts';
import { Station } from './station.ts';
import { privateAddress, subnetsOf, virtualRoles, type Tenant } from './tenants.ts';
import { Volley } from './volley.ts';

/** The address of a machine on the external network that does not belong to the operator. */
const STRANGER = '203.0.113.50';

const ORGANIZATION = 'network.plasmavmc.io/organization';

/** The senders outside of all tenants. */
export const outsiders: readonly Sender[] = [
  { outside: 'host', address: internet.host },
  { outside: 'stranger', address: STRANGER },
];

export interface Field {
  readonly world: World;
  readonly packets: PacketFactory;
  readonly volley: Volley;
  /** All machines that send. */
  readonly senders: readonly Sender[];
  /** The machines of the tenants, as `tenant/role`. */
  readonly guests: ReadonlyMap<string, Guest>;
}

/** Creates the tenants and their machines. Resolves when all machines capture. */
export async function prepareField(lab: TestLab, tenants: readonly Tenant[]): Promise<Field> {
  for (const { name } of tenants) await lab.namespace(name, { [ORGANIZATION]: name });
  await lab.apply(publicNetwork, floors);
  const routedRanges = tenants.filter(({ isRouted }) => isRouted).map(({ prefix }) => `${prefix}.0.0/16`);
  await lab.edit('ExternalNetwork', 'public', { spec: { routedRanges } });
  await lab.apply(...tenants.flatMap((tenant) => manifestsOf(tenant, tenants)));
  const machines = tenants.flatMap((tenant) => virtualRoles.map((role) => ({ tenant, role })));
  const plants = tenants.flatMap((tenant) =>
    tenant.vlan === undefined ? [] : [{ tenant, role: 'plant', vlan: tenant.vlan } as const],
  );
  const [guests, physical, facts] = await Promise.all([
    Promise.all(
      machines.map(({ tenant, role }) =>
        lab.guest({
          name: `${tenant.name}-${role}`,
          port: role,
          namespace: tenant.name,
          on: tenant.hosts[role],
        }),
      ),
    ),
    Promise.all([connectStranger(lab), ...plants.map(({ tenant, vlan }) => connectPlant(lab, tenant, vlan))]),
    Promise.all(tenants.map(async (tenant) => [tenant.name, await factsOf(lab, tenant)] as const)),
  ]);
  const world = { tenants, facts: new Map(facts) };
  const { dir } = lab.cluster;
  const { host, router } = lab.lab.internet;
  await Promise.all(tenants.map((tenant) => routeToOthers(lab, tenant, world)));
  // The external router has routes to all tenants, so that only the tenants' own filters stop packets to private addresses.
  for (const { name, prefix } of tenants.filter(isFirstWithRange))
    await router.ip(`route add ${prefix}.0.0/16 via ${world.facts.get(name)?.gatewayIP ?? ''}`);
  const virtual = await Promise.all([
    ...machines.map(({ tenant, role }, index) =>
      Station.start(new Namespace(guests[index]?.state.netns ?? ''), { name: `${tenant.name}/${role}`, dir }),
    ),
    Station.start(host, { name: 'host', dir }),
  ]);
  const stations = [...virtual, ...physical];
  const macs = new Map(stations.map(({ name, mac }) => [name, mac]));
  const routerMac = (await router.run(['cat', '/sys/class/net/inside/address'])).trim();
  return {
    world,
    packets: new PacketFactory(world, macs, routerMac),
    volley: new Volley(stations),
    senders: [...machines, ...plants, ...outsiders],
    guests: new Map(guests.map((guest, index) => [nameOf(machines[index] as Sender), guest])),
  };
}

/**
 * Connects a physical machine to a VLAN, or with `vlan` 0 to the untagged frames, through an access port of the second
 * hypervisor's bridge: the kernel may lack VLAN devices, and a packet socket does not show the tag of a frame.
 */
async function connectPhysical(lab: TestLab, vlan: number, ...setUp: readonly string[]): Promise<Namespace> {
  const { state } = lab.lab;
  const { namespace, database } = hypervisorNamed(state, 'hv2');
  const [machine, host] = [
    await Namespace.create(`${state.prefix}physical${vlan}`),
    new Namespace(namespace),
  ];
  const device = `physical${vlan}`;
  await machine.ip(`link add eth0 type veth peer name ${device} netns ${namespace}`, 'link set eth0 up');
  await machine.ip(...setUp);
  await host.ip(`link set ${device} up`);
  await Promise.all([machine.completeChecksums('eth0'), host.completeChecksums(device)]);
  await run(['ovs-vsctl', `--db=${database}`, '--timeout=20', 'add-port', 'br-ex', device, `tag=${vlan}`]);
  return machine;
}

/** Connects a machine to the external network, without the external router. */
async function connectStranger(lab: TestLab): Promise<Station> {
  const stranger = await connectPhysical(lab, 0, `addr add ${STRANGER}/24 dev eth0`);
  return Station.start(stranger, { name: 'stranger', dir: lab.cluster.dir });
}

/** Connects the physical machine of a tenant to its VLAN. */
async function connectPlant(lab: TestLab, tenant: Tenant, vlan: number): Promise<Station> {
  const plant = await connectPhysical(
    lab,
    vlan,
    `addr add ${privateAddress(tenant, 'plant')}/24 dev eth0`,
    `route add default via ${tenant.prefix}.3.1`,
  );
  return Station.start(plant, { name: `${tenant.name}/plant`, dir: lab.cluster.dir });
}

/** Resolves with the facts of a tenant when its VPC has an address on the external network. */
async function factsOf(lab: TestLab, tenant: Tenant): Promise<Facts> {
  const { name, floating } = tenant;
  const vpc = await lab.eventually(async () => {
    const found = await lab.get('VPC', `${name}/net`);
    if (found.status?.gatewayIPs?.[0] === undefined) throw new Error(`the VPC of ${name} has no gateway`);
    return found;
  });
  const network = await lab.get('ExternalNetwork', 'public');
  const routerMacs = await Promise.all(
    subnetsOf(tenant).map(async (subnet) => {
      const { metadata } = await lab.get('Subnet', `${name}/${subnet}`);
      return [subnet, computeMac(metadata.uid, 'gateway')] as const;
    }),
  );
  const gatewayMac = computeMac(vpc.metadata.uid, 'external');
  return {
    gatewayIP: vpc.status?.gatewayIPs?.[0] ?? '',
    gatewayMac,
    floatingMac:
      floating.mode === 'Distributed'
        ? computeMac(network.metadata.uid, `floating/${floating.address}`)
        : gatewayMac,
    routerMacs: new Map(routerMacs),
  };
}

const isFirstWithRange = ({ prefix }: Tenant, index: number, all: readonly Tenant[]): boolean =>
  all.findIndex((each) => each.prefix === prefix) === index;

/**
 * Gives a tenant static routes to the ranges of all other tenants, through their gateways. The operator refuses these
 * routes.
 */
async function routeToOthers(lab: TestLab, tenant: Tenant, { tenants, facts }: World): Promise<void> {
  const staticRoutes = tenants
    .filter(({ prefix }) => prefix !== tenant.prefix)
    .filter(isFirstWithRange)
    .map(({ name, prefix }) => ({
      destination: `${prefix}.0.0/16`,
      nextHop: facts.get(name)?.gatewayIP,
    }));
  await lab.edit('VPC', `${tenant.name}/net`, { spec: { staticRoutes } });
}
