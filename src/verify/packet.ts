import { containsAddress, parseAddress, parseCidr } from '../api/index.ts';
import type { SecurityGroupRule } from '../api/index.ts';

/** What is sent, as far as rules look at it. */
export type Packet =
  | { readonly protocol: 'ICMP'; readonly type: number }
  | { readonly protocol: 'TCP' | 'UDP'; readonly port: number };

/** What `ping` sends, and what comes back (RFC 792). */
export const echoRequest: Packet = { protocol: 'ICMP', type: 8 };
const echoReply: Packet = { protocol: 'ICMP', type: 0 };

/** What answers a packet, for rules that remember no connection: replies to TCP and UDP go to a port above 1023. */
export function replyTo(packet: Packet): Packet {
  return packet.protocol === 'ICMP' ? echoReply : { ...packet, port: 49_152 };
}

/** The far end of a packet, as rules look at it. */
export interface Remote {
  readonly address: string;
  /** Keys (`namespace/name`) of the groups that its Port is a member of. */
  readonly groups: ReadonlySet<string>;
}

/** Whether a rule of a group in `namespace` is about a packet from or to `remote`. */
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

/** Whether an address is in a network; false for what is neither. */
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
