/** Generates tenants that differ in everything that affects a border. The same seed gives the same tenants. */
import { randomOf, shuffled } from '../../operator/seeded-random.ts';

/** The machines of a tenant, from the least to the most protected. */
export const roles = ['front', 'web', 'back'] as const;

/**
 * - `front` is alone in the Subnet `front`. Nothing limits what it sends: no filter, no spoofing protection, and it may
 *   use the addresses of the other tenants. A port of the gateway is forwarded to it.
 * - `web` is in the Subnet `rear`, and has the floating IP.
 * - `back` is in the Subnet `rear`, too. TrafficPolicies isolate it.
 */
export type Role = (typeof roles)[number];

/** A namespace with a VPC, and what it declares. */
export interface Tenant {
  readonly name: string;
  /** The first half of the addresses of its VPC: the VPC is `<prefix>.0.0/16`. Several tenants can have the same. */
  readonly prefix: string;
  readonly snat: 'Enabled' | 'Disabled';
  readonly floating: { readonly mode: 'Centralized' | 'Distributed'; readonly address: string };
  /** The isolation of the machine `back`. */
  readonly isolation: 'None' | 'Subnet' | 'VPC';
  /** The tenant with which the Subnet `front` is peered. */
  readonly peer?: string;
  /** The hypervisor of each machine, from 1. */
  readonly hosts: Readonly<Record<Role, number>>;
}

const names = ['amber', 'birch', 'cedar', 'delta'] as const;

/** Returns four tenants. Each value of each property occurs; which tenant has it depends on the seed. */
export function tenantsOf(seed: number): readonly Tenant[] {
  const random = randomOf(seed);
  const draw = <const T>(...values: readonly T[]): readonly T[] => shuffled(values, random);
  // The first two tenants have the same range, and the last two are peered.
  const order = draw(...names);
  const peers = new Map([
    [order[2], order[3]],
    [order[3], order[2]],
  ]);
  const [one, two, three] = draw('10.50', '10.60', '10.70');
  const prefixes = [one, one, two, three];
  // Of the tenants with the same range, one does not translate: its own addresses are addresses of the other tenant.
  const snat = [...draw('Enabled', 'Disabled'), ...draw('Enabled', 'Disabled')] as const;
  const modes = draw('Centralized', 'Centralized', 'Distributed', 'Distributed');
  const isolations = draw('None', 'Subnet', 'Subnet', 'VPC');
  return order.map((name, index) => {
    const peer = peers.get(name);
    const [front = 1, other = 2] = draw(1, 2);
    return {
      name,
      prefix: prefixes[index] ?? '',
      snat: snat[index] ?? 'Enabled',
      floating: { mode: modes[index] ?? 'Centralized', address: `203.0.113.15${index}` },
      isolation: isolations[index] ?? 'None',
      ...(peer === undefined ? {} : { peer }),
      hosts: { front, web: other, back: draw(1, 2)[0] ?? 1 },
    } as const;
  });
}

export const subnetOf = (role: Role): 'front' | 'rear' => (role === 'front' ? 'front' : 'rear');

/** The private address of a machine. */
export function privateAddress({ prefix }: Pick<Tenant, 'prefix'>, role: Role): string {
  return `${prefix}.${{ front: '1.11', web: '2.12', back: '2.11' }[role]}`;
}

/** The ranges of the Subnets. */
export const rangeOf = ({ prefix }: Pick<Tenant, 'prefix'>, subnet: 'front' | 'rear'): string =>
  `${prefix}.${subnet === 'front' ? 1 : 2}.0/24`;

/** The port of the tenant's gateway that is forwarded to the echo service of `front`. */
export const FORWARDED_PORT = 5300;
