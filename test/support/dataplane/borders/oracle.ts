/**
 * States which test packets must arrive. The model follows from the declarations of the tenants and from
 * docs/security.md. It shares no code with the operator.
 */
import ipaddr from 'ipaddr.js';
import { nameOf, ownAddress, type Packet, type Sender, type World } from './packets.ts';
import type { Arrival } from './station.ts';
import { subnetOf, type Role, type Tenant } from './tenants.ts';

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
  if (!('tenant' in sender)) return undefined;
  const own = inRange(sender.tenant, destination.address) ? sender.tenant : owner;
  const arrives = own === sender.tenant ? isNeighbourly(sender, what) : isPeered(sender, own, what);
  return arrives ? { at: `${own.name}/${what}`, as: source.address } : undefined;
}

/**
 * Whether the model states nothing about the arrival of a packet at a station: a tenant's own network is no border,
 * except for isolation. A machine outside can send with every public source.
 */
function isBeyondModel({ sender, source, destination }: Packet, station: string): boolean {
  if (!('tenant' in sender))
    return ['floating IP', 'forwarded port'].includes(destination.what) && isPublic(source.address);
  const [tenant, role] = station.split('/') as [string, Role];
  return tenant === sender.tenant.name && isNeighbourly(sender, role);
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
  return isBeyondModel(packet, station)
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
  return tenant.snat === 'Enabled' ? facts.get(tenant.name)?.gatewayIP : undefined;
}

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
