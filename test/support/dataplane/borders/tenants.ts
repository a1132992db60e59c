/** Generates tenants that differ in everything that affects a border. The same seed gives the same tenants. */
import { randomOf, shuffled } from '../../operator/seeded-random.ts';

/** The virtual machines of each tenant. */
export const virtualRoles = ['front', 'web', 'back'] as const;

/**
 * The machines of a tenant:
 * - `front` is alone in the Subnet `front`. Nothing limits what it sends: no filter, no spoofing protection, and it may
 *   use the addresses of the other tenants. A port of the gateway is forwarded to it.
 * - `web` is in the Subnet `rear`, and has the floating IP.
 * - `back` is in the Subnet `rear`, too. TrafficPolicies isolate it.
 * - `plant` is a physical machine on a VLAN, in the Subnet `floor`. Not every tenant has one.
 */
export type Role = (typeof virtualRoles)[number] | 'plant';

/** The Subnets of a tenant. */
export type SubnetName = 'front' | 'rear' | 'floor';

/** A namespace with a VPC, and what it declares. */
export interface Tenant {
  readonly name: string;
  /** The first half of the addresses of its VPC: the VPC is `<prefix>.0.0/16`. Several tenants can have the same. */
  readonly prefix: string;
  readonly snat: 'Enabled' | 'Disabled';
  /** Whether the external network routes the range of the VPC without translation. */
  readonly isRouted: boolean;
  readonly floating: { readonly mode: 'Centralized' | 'Distributed'; readonly address: string };
  /** The isolation of the machine `back`. */
  readonly isolation: 'None' | 'Subnet' | 'VPC';
  /** The tenant with which the Subnet `front` is peered. */
  readonly peer?: string;
  /** The VLAN of the Subnet `floor`; undefined for a tenant without this Subnet. */
  readonly vlan?: number;
  /** The hypervisor of each virtual machine, from 1. */
  readonly hosts: Readonly<Record<Exclude<Role, 'plant'>, number>>;
}

const names = ['amber', 'birch', 'cedar', 'delta'] as const;

/** Returns four tenants. Each value of each property occurs; which tenant has it depends on the seed. */
export function tenantsOf(seed: number): readonly Tenant[] {
  const random = randomOf(seed);
  const draw = <const T>(...values: readonly T[]): readonly T[] => shuffled(values, random);
  // The first two tenants have the same range. The second and the third are peered. The range of the fourth is routed.
  const order = draw(...names);
  const peers = new Map([
    [order[1], order[2]],
    [order[2], order[1]],
  ]);
  const [one, two, three] = draw('10.50', '10.60', '10.70');
  const prefixes = [one, one, two, three];
  // Of the tenants with the same range, one does not translate: its own addresses are addresses of the other tenant.
  const snat = [...draw('Enabled', 'Disabled'), 'Enabled', 'Disabled'] as const;
  const modes = draw('Centralized', 'Centralized', 'Distributed', 'Distributed');
  const vlans = draw(71, 72, undefined, undefined);
  const isolations = draw('None', 'Subnet', 'Subnet', 'VPC');
  return order.map((name, index) => {
    const peer = peers.get(name);
    const [front = 1, other = 2] = draw(1, 2);
    return {
      name,
      prefix: prefixes[index] ?? '',
      snat: snat[index] ?? 'Enabled',
      isRouted: index === 3,
      floating: { mode: modes[index] ?? 'Centralized', address: `203.0.113.15${index}` },
      isolation: isolations[index] ?? 'None',
      ...(peer === undefined ? {} : { peer }),
      ...(vlans[index] === undefined ? {} : { vlan: vlans[index] }),
      hosts: { front, web: other, back: draw(1, 2)[0] ?? 1 },
    } as const;
  });
}

/** The machines of a tenant. */
export const rolesOf = ({ vlan }: Pick<Tenant, 'vlan'>): readonly Role[] =>
  vlan === undefined ? virtualRoles : [...virtualRoles, 'plant'];

export const subnetsOf = ({ vlan }: Pick<Tenant, 'vlan'>): readonly SubnetName[] =>
  vlan === undefined ? ['front', 'rear'] : ['front', 'rear', 'floor'];

/** The Subnet of a machine. */
export const subnetOf = (role: Role): SubnetName =>
  (({ front: 'front', web: 'rear', back: 'rear', plant: 'floor' }) as const)[role];

/** The private address of a machine. */
export function privateAddress({ prefix }: Pick<Tenant, 'prefix'>, role: Role): string {
  return `${prefix}.${{ front: '1.11', web: '2.12', back: '2.11', plant: '3.50' }[role]}`;
}

/** The range of a Subnet. */
export const rangeOf = ({ prefix }: Pick<Tenant, 'prefix'>, subnet: SubnetName): string =>
  `${prefix}.${{ front: 1, rear: 2, floor: 3 }[subnet]}.0/24`;

/** The port of the tenant's gateway that is forwarded to the echo service of `front`. */
export const FORWARDED_PORT = 5300;
