/**
 * The meaning of SecurityGroups and TrafficPolicies in the simplest possible form, without code of the operator. Tests
 * compare compiled ACLs with this model.
 */
import ipaddr from 'ipaddr.js';

export interface Rule {
  readonly protocol: 'TCP' | 'UDP' | 'SCTP' | 'ICMP' | 'ICMPv6' | 'All';
  readonly ports?: { readonly min: number; readonly max?: number };
  readonly icmp?: { readonly type: number; readonly code?: number };
  readonly remote?: { readonly cidr?: string; readonly securityGroupRef?: { readonly name: string } };
}

export interface Group {
  readonly ingress: readonly Rule[];
  readonly egress: readonly Rule[];
  readonly stateful: 'Enabled' | 'Disabled';
}

export interface Policy {
  readonly appliesTo: {
    readonly subnetRefs?: readonly { readonly name: string }[];
    readonly portSelector?: { readonly matchLabels?: Readonly<Record<string, string>> };
  };
  readonly ingress?: readonly Rule[];
  readonly egress?: readonly Rule[];
  readonly isolation: 'None' | 'Subnet' | 'VPC';
}

export interface PortOf {
  readonly subnet: string;
  readonly ip: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly groups: readonly string[];
  readonly filtered: boolean;
}

export interface World {
  readonly vpc: string;
  /** CIDRs by name. */
  readonly subnets: Readonly<Record<string, string>>;
  readonly groups: Readonly<Record<string, Group>>;
  readonly policies: readonly Policy[];
  readonly ports: Readonly<Record<string, PortOf>>;
}

/** The first packet of a connection. An end that is a Port of the world has a name; any other end only has an address. */
export interface Packet {
  readonly from: { readonly port?: string; readonly ip: string };
  readonly to: { readonly port?: string; readonly ip: string };
  /** IANA protocol number. */
  readonly protocol: number;
  /** Destination port of TCP, UDP and SCTP. */
  readonly sourcePort?: number;
  readonly port?: number;
  /** Type and code of ICMP and ICMPv6. */
  readonly icmp?: { readonly type: number; readonly code: number };
  readonly ttl: number;
  /** Whether the frame is multicast, with any IP destination. The result must not depend on this. */
  readonly isMulticastFrame: boolean;
}

/** Whether the packet passes: the rules of the sender and the rules of the receiver allow it. */
export function isAllowed(world: World, packet: Packet): boolean {
  return (
    passes(world, packet, 'egress', packet.from, packet.to) &&
    passes(world, packet, 'ingress', packet.to, packet.from)
  );
}

type End = Packet['from'];
type Side = 'ingress' | 'egress';

function passes(world: World, packet: Packet, side: Side, own: End, other: End): boolean {
  const port = own.port === undefined ? undefined : world.ports[own.port];
  if (port === undefined) return true;
  const isLifeline =
    isNeighbourDiscovery(packet) || (side === 'egress' && isDhcpRequest(world, port, packet));
  const policies = world.policies.filter((policy) => applies(policy, port));
  if (policies.some(({ isolation }) => !isWithin(world, port, isolation, side, other.ip))) return false;
  if (isLifeline) return true;
  for (const policy of policies) {
    const listed = policy[side];
    if (listed !== undefined && !listed.some((rule) => matches(world, rule, packet, other.ip))) return false;
  }
  if (!port.filtered) return true;
  if (side === 'egress' && isOfServer(packet)) return false;
  const rules = port.groups.flatMap((name) => world.groups[name]?.[side] ?? []);
  return rules.some((rule) => matches(world, rule, packet, other.ip));
}

function applies({ appliesTo }: Policy, port: PortOf): boolean {
  if (appliesTo.subnetRefs !== undefined)
    return appliesTo.subnetRefs.some(({ name }) => name === port.subnet);
  const wanted = Object.entries(appliesTo.portSelector?.matchLabels ?? {});
  return wanted.every(([key, value]) => port.labels[key] === value);
}

/** Whether isolation allows the packet: it stays in the Subnet or VPC, or it is link-local. */
function isWithin(
  world: World,
  port: PortOf,
  isolation: Policy['isolation'],
  side: Side,
  other: string,
): boolean {
  const link = ['169.254.0.0/16', 'fe80::/10'];
  const ofLink = {
    egress: ['224.0.0.0/4', '255.255.255.255/32', 'ff00::/8'],
    ingress: ['0.0.0.0/8', '::/8'],
  };
  if (isolation === 'None' || [...link, ...ofLink[side]].some((cidr) => isIn(other, cidr))) return true;
  return isIn(other, isolation === 'VPC' ? world.vpc : (world.subnets[port.subnet] ?? ''));
}

function matches(world: World, rule: Rule, packet: Packet, other: string): boolean {
  const { cidr, securityGroupRef } = rule.remote ?? {};
  if (cidr !== undefined && !isIn(other, cidr)) return false;
  if (securityGroupRef !== undefined && !isMember(world, securityGroupRef.name, other)) return false;
  switch (rule.protocol) {
    case 'All':
      return true;
    case 'ICMP':
      return isVersion4(other) && packet.protocol === 1 && matchesIcmp(rule, packet);
    case 'ICMPv6':
      return !isVersion4(other) && packet.protocol === 58 && matchesIcmp(rule, packet);
    default: {
      if (packet.protocol !== { TCP: 6, UDP: 17, SCTP: 132 }[rule.protocol]) return false;
      if (rule.ports === undefined) return true;
      const { min, max = min } = rule.ports;
      return packet.port !== undefined && packet.port >= min && packet.port <= max;
    }
  }
}

function matchesIcmp({ icmp }: Rule, packet: Packet): boolean {
  if (icmp === undefined) return true;
  return packet.icmp?.type === icmp.type && (icmp.code === undefined || packet.icmp.code === icmp.code);
}

function isMember(world: World, group: string, ip: string): boolean {
  return Object.values(world.ports).some(
    (port) => port.filtered && port.ip === ip && port.groups.includes(group),
  );
}

export const isVersion4 = (ip: string): boolean => ipaddr.parse(ip).kind() === 'ipv4';

function isIn(ip: string, cidr: string): boolean {
  const address = ipaddr.parse(ip);
  const [network, length] = ipaddr.parseCIDR(cidr);
  return address.kind() === network.kind() && address.match(network, length);
}

/** Whether a DHCP request is broadcast, or goes to the server of the Port's Subnet, which has the first address. */
function isDhcpRequest(
  world: World,
  { subnet }: PortOf,
  { protocol, sourcePort, port, to }: Packet,
): boolean {
  const server = world.subnets[subnet]?.replace(/0\/24$/, '1');
  return (
    (to.ip === '255.255.255.255' || to.ip === server) && protocol === 17 && sourcePort === 68 && port === 67
  );
}

/** Whether only a DHCP server or a router may send the packet. */
function isOfServer({ protocol, port, icmp, ttl, to }: Packet): boolean {
  if (protocol === 17 && (port === 68 || port === 546)) return true;
  if (isVersion4(to.ip)) return protocol === 1 && icmp?.type === 5;
  return protocol === 58 && (icmp?.type === 137 || (icmp?.type === 134 && icmp.code === 0 && ttl === 255));
}

/** Neighbour solicitations and advertisements have a hop limit of 255 (RFC 4861). */
function isNeighbourDiscovery({ protocol, icmp, ttl, to }: Packet): boolean {
  return (
    !isVersion4(to.ip) &&
    protocol === 58 &&
    (icmp?.type === 135 || icmp?.type === 136) &&
    icmp.code === 0 &&
    ttl === 255
  );
}
