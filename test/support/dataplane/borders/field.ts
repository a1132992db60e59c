/** Generated tenants in a lab: their objects, their machines, and machines outside. */
import { computeMac } from '../../../../src/api/index.ts';
import { internet, Namespace } from '../../../../src/dev/lab/index.ts';
import type { Guest } from '../guest.ts';
import { publicNetwork } from '../outside.ts';
import type { TestLab } from '../test-lab.ts';
import { manifestsOf } from './manifests.ts';
import { nameOf, PacketFactory, type Facts, type Sender, type World } from './packets.ts';
import { Station } from './station.ts';
import { roles, type Tenant } from './tenants.ts';
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
  await lab.apply(publicNetwork, ...tenants.flatMap((tenant) => manifestsOf(tenant, tenants)));
  const machines = tenants.flatMap((tenant) => roles.map((role) => ({ tenant, role })));
  const [guests, stranger, facts] = await Promise.all([
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
    connectStranger(lab),
    Promise.all(tenants.map(async (tenant) => [tenant.name, await factsOf(lab, tenant)] as const)),
  ]);
  const world = { tenants, facts: new Map(facts) };
  await Promise.all(tenants.map((tenant) => routeToOthers(lab, tenant, world)));
  const { dir } = lab.cluster;
  const { host, router } = lab.lab.internet;
  const stations = await Promise.all([
    ...machines.map(({ tenant, role }, index) =>
      Station.start(new Namespace(guests[index]?.state.netns ?? ''), { name: `${tenant.name}/${role}`, dir }),
    ),
    Station.start(host, { name: 'host', dir }),
    Station.start(stranger, { name: 'stranger', dir }),
  ]);
  const macs = new Map(stations.map(({ name, mac }) => [name, mac]));
  const routerMac = (await router.run(['cat', '/sys/class/net/inside/address'])).trim();
  return {
    world,
    packets: new PacketFactory(world, macs, routerMac),
    volley: new Volley(stations),
    senders: [...machines, ...outsiders],
    guests: new Map(guests.map((guest, index) => [nameOf(machines[index] as Sender), guest])),
  };
}

/** Connects a machine to the physical network, without the external router. */
async function connectStranger({ lab }: TestLab): Promise<Namespace> {
  const stranger = await Namespace.create(`${lab.state.prefix}stranger`);
  const room = new Namespace(`${lab.state.prefix}net`);
  await room.ip(
    `link add stranger type veth peer name eth0 netns ${stranger.name}`,
    'link set stranger master physnet1 up',
  );
  await stranger.ip(`addr add ${STRANGER}/24 dev eth0`, 'link set eth0 up');
  await stranger.completeChecksums('eth0');
  return stranger;
}

/** Resolves with the facts of a tenant when its VPC has an address on the external network. */
async function factsOf(lab: TestLab, { name, floating }: Tenant): Promise<Facts> {
  const vpc = await lab.eventually(async () => {
    const found = await lab.get('VPC', `${name}/net`);
    if (found.status?.gatewayIPs?.[0] === undefined) throw new Error(`the VPC of ${name} has no gateway`);
    return found;
  });
  const [front, rear, network] = await Promise.all([
    lab.get('Subnet', `${name}/front`),
    lab.get('Subnet', `${name}/rear`),
    lab.get('ExternalNetwork', 'public'),
  ]);
  const gatewayMac = computeMac(vpc.metadata.uid, 'external');
  return {
    gatewayIP: vpc.status?.gatewayIPs?.[0] ?? '',
    gatewayMac,
    floatingMac:
      floating.mode === 'Distributed'
        ? computeMac(network.metadata.uid, `floating/${floating.address}`)
        : gatewayMac,
    routerMacs: {
      front: computeMac(front.metadata.uid, 'gateway'),
      rear: computeMac(rear.metadata.uid, 'gateway'),
    },
  };
}

/** Gives a tenant static routes to the ranges of all other tenants, through their gateways. */
async function routeToOthers(lab: TestLab, tenant: Tenant, { tenants, facts }: World): Promise<void> {
  const others = tenants.filter(({ prefix }) => prefix !== tenant.prefix);
  const routes = others.map(({ name, prefix }) => ({
    destination: `${prefix}.0.0/16`,
    nextHop: facts.get(name)?.gatewayIP,
  }));
  const staticRoutes = routes.filter(
    ({ destination }, index) => routes.findIndex((each) => each.destination === destination) === index,
  );
  await lab.edit('VPC', `${tenant.name}/net`, { spec: { staticRoutes } });
}
