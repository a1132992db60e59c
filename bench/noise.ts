/** The changes of a noisy tenant, and the objects that they need. */
import type { BareClient } from './http.ts';
import { BareOvsdb } from './ovsdb.ts';
import { eachBy16, pathOf, type World } from './world.ts';

/** The number of NatRules that exclude each other: only two of them can be in effect. */
const NAT_RULES = 1000;
const GROUP_RULES = 100;
const SUBNETS = 100;
const PORTS = 40;

export type Noise = keyof typeof noises;

const merge = 'application/merge-patch+json';

const manifest = ({ group }: World, kind: string, name: string, spec: unknown): string =>
  JSON.stringify({ apiVersion: `${group}/v1alpha1`, kind, metadata: { name }, spec });

const natRule = (n: number): unknown => ({
  type: 'DNAT',
  protocol: 'TCP',
  externalPort: 80 + (n % 2),
  target: { address: `10.60.0.${1 + (n % 200)}` },
});

const groupRules = (n: number): unknown => ({
  ingress: Array.from({ length: GROUP_RULES }, (_, rule) => ({
    protocol: 'TCP',
    ports: { min: 1000 + 2 * rule + (n % 2) },
  })),
});

/** Each function makes change number `n`. */
export const noises = {
  'nat-rules': (client: BareClient, world: World, n: number) =>
    client.send(
      'PATCH',
      pathOf(world, 'natrules', `rule-${n % NAT_RULES}`),
      JSON.stringify({ spec: natRule(Math.floor(n / NAT_RULES) + n) }),
      merge,
    ),
  ports: (client: BareClient, world: World, n: number) => {
    const name = `flap-${Math.floor(n / 2) % PORTS}`;
    return n % 2 === 0
      ? client.send(
          'POST',
          pathOf(world, 'ports'),
          manifest(world, 'Port', name, { subnetRef: { name: 'web' } }),
        )
      : client.send('DELETE', pathOf(world, 'ports', name));
  },
  group: (client: BareClient, world: World, n: number) =>
    client.send(
      'PATCH',
      pathOf(world, 'securitygroups', 'large'),
      JSON.stringify({ spec: groupRules(n) }),
      merge,
    ),
  'invalid-subnets': (client: BareClient, world: World, n: number) =>
    client.send(
      'PATCH',
      pathOf(world, 'subnets', `bad-${n % SUBNETS}`),
      JSON.stringify({ spec: { mtu: 1400 + (Math.floor(n / SUBNETS) % 2) } }),
      merge,
    ),
} satisfies Record<string, (client: BareClient, world: World, n: number) => Promise<unknown>>;

export const noiseNames = Object.keys(noises) as readonly Noise[];

/** Creates the namespace of a noisy tenant with the objects that the noises change. */
export async function prepareNoise(client: BareClient, world: World): Promise<void> {
  const metadata = { name: world.namespace };
  await client.send(
    'POST',
    '/api/v1/namespaces',
    JSON.stringify({ apiVersion: 'v1', kind: 'Namespace', metadata }),
  );
  const create = (plural: string, kind: string, name: string, spec: unknown): Promise<unknown> =>
    client.send('POST', pathOf(world, plural), manifest(world, kind, name, spec));
  await client.send(
    'POST',
    pathOf({ group: world.group }, 'externalnetworks'),
    manifest(world, 'ExternalNetwork', 'public', {
      physicalNetwork: 'physnet1',
      cidr: '203.0.113.0/24',
      gateway: '203.0.113.1',
      allowedNamespaces: { selector: {} },
    }),
  );
  await create('vpcs', 'VPC', 'net', {
    cidr: '10.60.0.0/16',
    defaults: 'None',
    externalGateway: { externalNetworkRef: { name: 'public' }, snat: 'Disabled' },
  });
  await create('subnets', 'Subnet', 'web', { cidr: '10.60.0.0/18' });
  await create('securitygroups', 'SecurityGroup', 'large', groupRules(0));
  const numbers = (count: number): number[] => Array.from({ length: count }, (_, n) => n);
  await eachBy16(numbers(NAT_RULES), (n) => create('natrules', 'NatRule', `rule-${n}`, natRule(n)));
  // All but one of these Subnets are refused, because their range is in use.
  await eachBy16(numbers(SUBNETS), (n) =>
    create('subnets', 'Subnet', `bad-${n}`, { cidr: '10.60.128.0/24', mtu: 1400 }),
  );
}

/**
 * Gives the objects of one world the statuses of the same objects of another world. The API server then needs the same
 * time for a change in both worlds.
 */
export async function copyStatuses(client: BareClient, from: World, to: World): Promise<void> {
  for (const plural of ['natrules', 'subnets', 'securitygroups']) {
    const { items } = JSON.parse(await client.send('GET', pathOf(from, plural))) as {
      items: readonly { readonly metadata: { readonly name: string }; readonly status?: unknown }[];
    };
    await eachBy16(items, ({ metadata: { name }, status }) =>
      client.send('PATCH', `${pathOf(to, plural, name)}/status`, JSON.stringify({ status }), merge),
    );
  }
}

/** Adds a gateway host to the Southbound database, as its ovn-controller would. */
export async function addGatewayHost(southbound: string): Promise<void> {
  const sb = await BareOvsdb.connect(southbound, 'OVN_Southbound');
  try {
    const encap = { type: 'geneve', ip: '127.0.1.1', chassis_name: 'gw1' };
    const options = [
      'map',
      [
        ['ovn-cms-options', 'enable-chassis-as-gw'],
        ['ovn-bridge-mappings', 'physnet1:br-ex'],
      ],
    ];
    await sb.transact([
      { op: 'insert', table: 'Encap', 'uuid-name': 'encap', row: encap },
      {
        op: 'insert',
        table: 'Chassis',
        row: { name: 'gw1', hostname: 'gw1', encaps: ['named-uuid', 'encap'], other_config: options },
      },
    ]);
  } finally {
    sb.close();
  }
}
