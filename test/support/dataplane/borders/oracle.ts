/**
 * States which test packets must arrive. The model follows from the declarations of the tenants and from
 * docs/security.md. It shares no code with the operator.
 */
import ipaddr from 'ipaddr.js';
import { isRole, nameOf, ownAddress, type Packet, type Sender, type World } from './packets.ts';
import type { Arrival } from './station.ts';
import { rolesOf, subnetOf, type Role, type Tenant } from './tenants.ts';

/** Where a packet must arrive, and with which source. Its answer must return to the sender. */
export interface Delivery {
  readonly at: string;
  readonly as: string;
}

/** Returns the delivery of a packet; undefined when the packet must not arrive at any machine of another tenant. */
export function deliveryOf({ sender, source, destination }: Packet, world: World): Delivery | undefined {
  if (source.address !== ownAddress(sender)) return undefined;
  const { owner, what } = destination;
  if (what === 'outside host') {
    const as = publicAddress(sender, world);
    return as === undefined ? undefined : { at: 'host', as };
  }
  if (owner === undefined || what === 'gateway' || what === 'Subnet gateway' || what === 'metadata service')
    return undefined;
  if (what === 'floating IP' || what === 'forwarded port') {
    const as = publicAddress(sender, world);
    const at = `${owner.name}/${what === 'floating IP' ? 'web' : 'front'}`;
    return as === undefined || isOf(sender, owner) ? undefined : { at, as };
  }
  if ('tenant' in sender) {
    // Several tenants can have the destination. The own network is first, then the peer.
    const peer = world.tenants.find(({ name }) => name === sender.tenant.peer);
    const candidates = [sender.tenant, ...(peer === undefined ? [] : [peer])];
    const own = candidates.find((each) => inRange(each, destination.address)) ?? owner;
    if (!rolesOf(own).includes(what)) return undefined;
    const arrives = own === sender.tenant ? isNeighbourly(sender, what) : isPeered(sender, own, what);
    if (arrives) return { at: `${own.name}/${what}`, as: source.address };
    if (own === sender.tenant) return undefined;
  }
  // A routed machine with a floating IP answers with the floating IP, so its answer may not return.
  const as = what === 'web' ? undefined : publicAddress(sender, world);
  return as === undefined || !isReachedByRoute(owner, what) ? undefined : { at: `${owner.name}/${what}`, as };
}

/**
 * Whether the model states nothing about the arrival of a packet at a station. A tenant's own network is no border,
 * except for isolation. A machine outside can send with every public source, and everybody on the external network can
 * send to a range that is routed there.
 */
function isBeyondModel(packet: Packet, station: string, world: World): boolean {
  const { sender, source, destination } = packet;
  const { owner, what } = destination;
  if (!('tenant' in sender)) {
    const isOpen =
      what === 'floating IP' ||
      what === 'forwarded port' ||
      (owner !== undefined && isRole(what) && isReachedByRoute(owner, what));
    return isOpen && (isPublic(source.address) || isRouted(source.address, owner, world));
  }
  const [tenant, role] = station.split('/') as [string, Role];
  if (tenant === sender.tenant.name) return isNeighbourly(sender, role);
  // The model states no delivery to a routed machine with a floating IP. The packet may arrive nevertheless.
  const isToRoutedWeb = owner?.isRouted === true && what === 'web' && station === `${owner.name}/web`;
  return isToRoutedWeb && source.address === ownAddress(sender) && publicAddress(sender, world) !== undefined;
}

/** Returns the problem of an arrival; undefined when the packet may arrive there. */
export function problemOf(
  packet: Packet,
  station: string,
  arrival: Arrival,
  world: World,
): string | undefined {
  const delivery = deliveryOf(packet, world);
  if (delivery !== undefined) {
    if (isAnswerTo(packet, arrival) && station === nameOf(packet.sender)) return undefined;
    if (!arrival.isAnswer && station === delivery.at && arrival.from === delivery.as) return undefined;
  }
  return isBeyondModel(packet, station, world)
    ? undefined
    : `arrived at ${station} ${arrival.isAnswer ? 'as an answer ' : ''}from ${arrival.from} to ${arrival.to}`;
}

/** Whether an arrival is the answer to a packet, from the address to which the packet was sent. */
export const isAnswerTo = ({ id, destination }: Packet, arrival: Arrival): boolean =>
  arrival.id === id && arrival.isAnswer && arrival.from === destination.address;

/** The address that the outside sees; undefined when the sender cannot communicate with the outside. */
function publicAddress(sender: Sender, { facts }: World): string | undefined {
  if (!('tenant' in sender)) return sender.address;
  const { tenant, role } = sender;
  if (role === 'back' && tenant.isolation !== 'None') return undefined;
  if (role === 'web') return tenant.floating.address;
  if (tenant.isRouted) return ownAddress(sender);
  return tenant.snat === 'Enabled' ? facts.get(tenant.name)?.gatewayIP : undefined;
}

/** Whether a machine can be reached from the external network with its private address. */
const isReachedByRoute = ({ isRouted, isolation }: Tenant, role: Role): boolean =>
  isRouted && (role !== 'back' || isolation === 'None');

/** Whether an address is in the routed range of another tenant than `owner`. Nobody sends its own address to a tenant. */
const isRouted = (address: string, owner: Tenant | undefined, { tenants }: World): boolean =>
  tenants.some((tenant) => tenant.isRouted && tenant !== owner && inRange(tenant, address));

/** Whether isolation permits traffic between two machines of one tenant. */
function isNeighbourly({ tenant, role }: Extract<Sender, { tenant: Tenant }>, other: Role): boolean {
  if (tenant.isolation !== 'Subnet' || (role !== 'back' && other !== 'back')) return true;
  return subnetOf(role) === subnetOf(other);
}

/** A peering connects the Subnets `front` of both tenants. */
const isPeered = (
  { tenant, role }: Extract<Sender, { tenant: Tenant }>,
  other: Tenant,
  what: Role,
): boolean => tenant.peer === other.name && role === 'front' && what === 'front';

/** Whether the internet routes an address: it is not private, and has no special purpose (RFC 6890). */
const isPublic = (address: string): boolean => {
  const range = ipaddr.parse(address).range();
  return range === 'unicast' || address.startsWith('203.0.113.') || address.startsWith('198.51.100.');
};

const isOf = (sender: Sender, owner: Tenant): boolean => 'tenant' in sender && sender.tenant === owner;
const inRange = ({ prefix }: Tenant, address: string): boolean => address.startsWith(`${prefix}.`);
