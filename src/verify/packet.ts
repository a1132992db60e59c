import { containsAddress, parseAddress, parseCidr } from '../api/index.ts';
import type { SecurityGroupRule } from '../api/index.ts';

/** The fields of a packet that rules match. */
export type Packet =
  | { readonly protocol: 'ICMP'; readonly type: number }
  | { readonly protocol: 'TCP' | 'UDP'; readonly port: number };

/** The ICMP messages of `ping` (RFC 792). */
export const echoRequest: Packet = { protocol: 'ICMP', type: 8 };
const echoReply: Packet = { protocol: 'ICMP', type: 0 };

/** The first ephemeral port (RFC 6335, section 6). */
const EPHEMERAL_PORT = 49_152;

/** Returns the reply to a packet, for stateless rules. A TCP or UDP reply goes to an ephemeral port. */
export function replyTo(packet: Packet): Packet {
  return packet.protocol === 'ICMP' ? echoReply : { ...packet, port: EPHEMERAL_PORT };
}

/** The remote end of a packet, with the properties that rules match. */
export interface Remote {
  readonly address: string;
  /** Keys (`namespace/name`) of the SecurityGroups of the remote Port. */
  readonly groups: ReadonlySet<string>;
}

/** Whether a rule of a SecurityGroup in `namespace` matches a packet from or to `remote`. */
export function ruleMatches(
  rule: SecurityGroupRule,
  namespace: string,
  packet: Packet,
  { address, groups }: Remote,
): boolean {
  return protocolMatches(rule, packet) && remoteMatches();

  function remoteMatches(): boolean {
    const { cidr, securityGroupRef } = rule.remote ?? {};
    if (securityGroupRef !== undefined) return groups.has(`${namespace}/${securityGroupRef.name}`);
    return cidr === undefined || isWithin(cidr, address);
  }
}

/** Whether a network contains an address; false when either text is invalid. */
export function isWithin(network: string, address: string): boolean {
  const [cidr, parsed] = [parseCidr(network), parseAddress(address)];
  return cidr.ok && parsed.ok && containsAddress(cidr.value, parsed.value);
}

function protocolMatches({ protocol, ports, icmp }: SecurityGroupRule, packet: Packet): boolean {
  if (protocol === 'All') return true;
  if (protocol !== packet.protocol) return false;
  if (packet.protocol === 'ICMP')
    return icmp === undefined || (icmp.type === packet.type && (icmp.code ?? 0) === 0);
  return ports === undefined || (packet.port >= ports.min && packet.port <= (ports.max ?? ports.min));
}
