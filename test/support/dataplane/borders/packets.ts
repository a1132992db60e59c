/**
 * The test packets: each sender sends packets with each source to each destination. To test another border, add a row
 * to {@link sourcesOf} or {@link destinationsOf}.
 */
import { internet } from '../../../../src/dev/lab/index.ts';
import { ethernet, ipv4, udp } from '../frames.ts';
import { ECHO_PORT, payloadOf } from './station.ts';
import {
  FORWARDED_PORT,
  privateAddress,
  rolesOf,
  subnetOf,
  virtualRoles,
  type Role,
  type SubnetName,
  type Tenant,
} from './tenants.ts';

/** What is known about a tenant only after its objects are Ready. */
export interface Facts {
  /** The address of the router in the external network. */
  readonly gatewayIP: string;
  /** The MAC address of the router in the external network. */
  readonly gatewayMac: string;
  /** The MAC address that answers for the floating IP in the external network. */
  readonly floatingMac: string;
  /** The MAC addresses of the router in the Subnets. */
  readonly routerMacs: ReadonlyMap<SubnetName, string>;
}

/** The tenants and the facts of each tenant. */
export interface World {
  readonly tenants: readonly Tenant[];
  readonly facts: ReadonlyMap<string, Facts>;
}

/** A machine of a tenant, or a machine outside: behind the external router, or on the external network itself. */
export type Sender =
  | { readonly tenant: Tenant; readonly role: Role }
  | { readonly outside: 'host' | 'stranger'; readonly address: string };

/** The border at a destination of another tenant. */
type Target =
  | Role
  | 'floating IP'
  | 'forwarded port'
  | 'gateway'
  | 'Subnet gateway'
  | 'metadata service'
  | 'outside host';

export interface Destination {
  readonly what: Target;
  /** The tenant that owns the destination; undefined for destinations of all tenants. */
  readonly owner?: Tenant;
  readonly address: string;
  readonly port: number;
}

interface Source {
  readonly what: string;
  readonly address: string;
}

export interface Packet {
  readonly id: number;
  readonly sender: Sender;
  readonly source: Source;
  readonly destination: Destination;
  readonly frame: Buffer;
}

export const nameOf = (sender: Sender): string =>
  'tenant' in sender ? `${sender.tenant.name}/${sender.role}` : sender.outside;

export const describePacket = ({ id, sender, source, destination }: Packet): string =>
  `packet ${id} of ${nameOf(sender)} from ${source.what} (${source.address}) to ` +
  `${destination.owner === undefined ? 'the' : `${destination.owner.name}'s`} ${destination.what} ` +
  `(${destination.address}:${destination.port})`;

/** The address that belongs to a sender. */
export const ownAddress = (sender: Sender): string =>
  'tenant' in sender ? privateAddress(sender.tenant, sender.role) : sender.address;

/** The destinations that belong to no tenant. */
const shared: readonly Destination[] = [
  { what: 'outside host', address: internet.host, port: ECHO_PORT },
  { what: 'metadata service', address: '169.254.169.254', port: ECHO_PORT },
];

/** The destinations in a tenant. */
function destinationsOf(owner: Tenant, { gatewayIP }: Facts): readonly Destination[] {
  return [
    ...rolesOf(owner).map((what) => ({ what, owner, address: privateAddress(owner, what), port: ECHO_PORT })),
    { what: 'floating IP', owner, address: owner.floating.address, port: ECHO_PORT },
    { what: 'forwarded port', owner, address: gatewayIP, port: FORWARDED_PORT },
    { what: 'gateway', owner, address: gatewayIP, port: ECHO_PORT },
    { what: 'Subnet gateway', owner, address: `${owner.prefix}.2.1`, port: ECHO_PORT },
  ];
}

/** The sources that a packet to `victim` can claim to have, besides the sender's own address. */
function sourcesOf(victim: Tenant, { gatewayIP }: Facts, tenants: readonly Tenant[]): readonly Source[] {
  const peer = tenants.find(({ name }) => name === victim.peer);
  return [
    ...rolesOf(victim).map((role) => ({
      what: `${victim.name}'s ${role}`,
      address: privateAddress(victim, role),
    })),
    { what: `${victim.name}'s Subnet gateway`, address: `${victim.prefix}.2.1` },
    { what: `${victim.name}'s floating IP`, address: victim.floating.address },
    { what: `${victim.name}'s gateway`, address: gatewayIP },
    ...(peer === undefined
      ? []
      : [{ what: `the peer of ${victim.name}`, address: privateAddress(peer, 'front') }]),
    ...general,
  ];
}

/** Sources that no machine may have, or that belong to nobody. */
const general: readonly Source[] = [
  { what: 'the external router', address: internet.router },
  { what: 'an unused external address', address: '203.0.113.240' },
  { what: 'another private address', address: '192.168.7.7' },
  { what: 'a public address', address: '8.8.8.8' },
  { what: 'the metadata address', address: '169.254.169.254' },
  { what: 'a link-local address', address: '169.254.7.7' },
  { what: 'the unspecified address', address: '0.0.0.0' },
  { what: 'a loopback address', address: '127.0.0.1' },
  { what: 'a multicast address', address: '224.0.0.251' },
  { what: 'the broadcast address', address: '255.255.255.255' },
];

/** Source ports begin here. Each packet has its own port, so no packet belongs to the connection of another packet. */
const FIRST_SOURCE_PORT = 10_000;
const SOURCE_PORTS = 55_000;

/** Numbers and builds packets. Each number is used once. */
export class PacketFactory {
  readonly #world: World;
  /** The MAC addresses of the machines. */
  readonly #macs: ReadonlyMap<string, string>;
  /** The MAC address of the external router on the side of the outside host. */
  readonly #routerMac: string;
  #next = 1;

  constructor(world: World, macs: ReadonlyMap<string, string>, routerMac: string) {
    this.#world = world;
    this.#macs = macs;
    this.#routerMac = routerMac;
  }

  build(sender: Sender, source: Source, destination: Destination): Packet {
    const id = this.#next++;
    const sourcePort = FIRST_SOURCE_PORT + (id % SOURCE_PORTS);
    const datagram = udp(sourcePort, destination.port, payloadOf(id));
    const from = this.#macs.get(nameOf(sender)) ?? '';
    const packet = ipv4(source.address, destination.address, 17, datagram);
    return {
      id,
      sender,
      source,
      destination,
      frame: ethernet(this.#nextHop(sender, destination), from, 0x0800, packet),
    };
  }

  /** A packet with the sender's own address. */
  honest(sender: Sender, destination: Destination): Packet {
    return this.build(sender, { what: 'its own address', address: ownAddress(sender) }, destination);
  }

  /** All packets from a sender to other tenants and to the outside host. */
  attacks(sender: Sender): readonly Packet[] {
    const { tenants, facts } = this.#world;
    const isFree = !('tenant' in sender) || ['front', 'plant'].includes(sender.role);
    const own = 'tenant' in sender ? sender.tenant.name : undefined;
    return tenants.flatMap((victim) => {
      const known = facts.get(victim.name);
      if (known === undefined) return [];
      const beyond = 'tenant' in sender ? shared : [];
      const destinations = [...destinationsOf(victim, known), ...beyond];
      const sources = isFree
        ? sourcesOf(victim, known, tenants).filter(({ address }) => address !== ownAddress(sender))
        : [];
      // Within the own network, only the isolation of the machine `back` and the physical network are borders.
      const isAtBorder = 'tenant' in sender && ['back', 'plant'].includes(sender.role);
      const targets = destinations.filter(
        ({ what }) =>
          victim.name !== own ||
          beyond.some((each) => each.what === what) ||
          (isAtBorder ? isRole(what) : what === 'back' || what === 'plant'),
      );
      const others = targets.filter(({ address }) => address !== ownAddress(sender));
      return others.flatMap((destination) => [
        this.honest(sender, destination),
        ...sources.map((source) => this.build(sender, source, destination)),
      ]);
    });
  }

  /** The MAC address to which the sender's network sends a packet. */
  #nextHop(sender: Sender, { owner, what }: Destination): string {
    if ('tenant' in sender) {
      const { tenant, role } = sender;
      const isOwnRange = owner?.prefix === tenant.prefix;
      if (isOwnRange && isRole(what) && subnetOf(what) === subnetOf(role))
        return this.#macs.get(`${tenant.name}/${what}`) ?? '';
      return this.#world.facts.get(tenant.name)?.routerMacs.get(subnetOf(role)) ?? '';
    }
    if (sender.outside === 'host') return this.#routerMac;
    const facts = this.#world.facts.get(owner?.name ?? '');
    return (what === 'floating IP' ? facts?.floatingMac : facts?.gatewayMac) ?? '';
  }
}

/** Whether a destination is a machine. */
export const isRole = (what: string): what is Role =>
  what === 'plant' || (virtualRoles as readonly string[]).includes(what);
