import { containsCidr, formatCidr, overlaps, type Cidr } from '../../api/index.ts';
import type { Problem } from '../common/problem.ts';
import { specialNetworks } from '../common/special-networks.ts';
import { externalRange, staticDestinations } from '../vpc/index.ts';
import { peeringsOf } from './kind.ts';
import { pairOf, type Pair } from './match.ts';
import type { Side, Sources } from './side.ts';

/** A network of the other side to which the router does not route. */
export interface Refusal {
  readonly network: Cidr;
  readonly reason: 'CIDROverlap' | 'ConsentRequired' | 'RouteConflict';
  /** A sentence for the owner of the router. */
  readonly message: string;
}

/** The routes of one router to the networks that the other side advertises. */
export interface Routes {
  /** The networks that the other side advertises, this side accepts, and nothing else on the router uses. */
  readonly accepted: readonly Cidr[];
  readonly refused: readonly Refusal[];
}

/** A pair, and the routes on both routers. */
export interface Connection extends Pair {
  /** The routes of the own router. */
  readonly toOther: Routes;
  /** The routes of the other router. */
  readonly toOwn: Routes;
}

/** Returns why a connection carries no traffic: one of the two routers has no route to the other. */
export function problemOf({ toOther, toOwn }: Connection): Problem | undefined {
  const [own] = toOther.refused;
  if (toOther.accepted.length === 0 && own !== undefined) return own;
  const [other] = toOwn.refused;
  return toOwn.accepted.length === 0 && other !== undefined ? mirrored(other) : undefined;
}

/** Returns the problem of a side whose networks the other side refuses. The details belong to the other side. */
function mirrored({ network, reason }: Refusal): Problem {
  const text = formatCidr(network);
  if (reason === 'ConsentRequired') {
    const message = `The other side accepts no network that this VPC advertises, such as ${text}; ask the other side to add it to spec.acceptedCIDRs.`;
    return { reason: 'PendingPeer', message };
  }
  const message =
    reason === 'RouteConflict'
      ? `The other side already has a static route to ${text}; change spec.advertisedCIDRs.`
      : `This VPC advertises ${text}, which overlaps a network of the other side; change spec.advertisedCIDRs.`;
  return { reason, message };
}

/** Returns the routes on the router of `from` to the networks of `to`. */
export function routesOf(sources: Sources, from: Side, to: Side): Routes {
  const { accepted, refused } = claimsOf(sources, from, to);
  const older = accepted.length === 0 ? [] : olderClaims(sources, from);
  const isTaken = (network: Cidr): boolean => older.some((each) => overlaps(each, network));
  return {
    accepted: accepted.filter((network) => !isTaken(network)),
    refused: [
      ...refused,
      ...accepted.filter(isTaken).map((network) => ({
        network,
        reason: 'CIDROverlap' as const,
        message: `${formatCidr(network)} overlaps a network that an older VPCPeering connects; change the advertised networks, or delete one of the VPCPeerings.`,
      })),
    ],
  };
}

/**
 * Returns the networks of `to` that `from` claims on its router, whatever its other peerings claim. A younger peering
 * gives way to these claims. The function does not depend on other peerings: otherwise three VPCs that are peered in a
 * circle could exclude each other endlessly.
 */
export function claimsOf(sources: Sources, from: Side, to: Side): Routes {
  const accepted = new Map<string, Cidr>();
  const refused: Refusal[] = [];
  const external = externalRange(sources.stores, from.vpc);
  const routes = new Set(staticDestinations(sources, from.vpc, from.range).map(formatCidr));
  const limits = from.accepted ?? [from.consent.range ?? to.range];
  for (const network of to.advertised) {
    const parts = partsIn(network, limits);
    if (!parts.includes(network)) refused.push(notAccepted(network, parts));
    for (const part of parts) {
      const refusal = refusalOf(part, from.range, external, routes);
      if (refusal === undefined) accepted.set(formatCidr(part), part);
      else refused.push(refusal);
    }
  }
  return { accepted: [...accepted.values()], refused };
}

/** Returns the parts of the network that the limits contain: the network itself, or smaller networks in it. */
function partsIn(network: Cidr, limits: readonly Cidr[]): readonly Cidr[] {
  if (limits.some((limit) => containsCidr(limit, network))) return [network];
  return limits.filter((limit) => containsCidr(network, limit));
}

function notAccepted(network: Cidr, parts: readonly Cidr[]): Refusal {
  const text = formatCidr(network);
  const message =
    parts.length === 0
      ? `The other side advertises ${text}, which this VPCPeering does not accept; to accept it, list it in spec.acceptedCIDRs.`
      : `The other side advertises ${text}, and this VPCPeering accepts only ${parts.map(formatCidr).join(', ')}; to accept all of it, list it in spec.acceptedCIDRs.`;
  return { network, reason: 'ConsentRequired', message };
}

/** Returns why the router of a VPC with this range, ExternalNetwork and static routes refuses a network. */
function refusalOf(
  network: Cidr,
  range: Cidr,
  external: Cidr | undefined,
  routes: ReadonlySet<string>,
): Refusal | undefined {
  const text = formatCidr(network);
  const overlap = (what: string): Refusal => ({
    network,
    reason: 'CIDROverlap',
    message: `The other side advertises ${text}, which overlaps ${what}; ask the other side to advertise other networks.`,
  });
  if (overlaps(network, range)) return overlap('the range of this VPC');
  if (external !== undefined && overlaps(network, external))
    return overlap('the range of the ExternalNetwork of this VPC');
  const reserved = specialNetworks.find((each) => overlaps(each.network, network));
  if (reserved !== undefined) return overlap(`the reserved network ${formatCidr(reserved.network)}`);
  if (!routes.has(text)) return undefined;
  return {
    network,
    reason: 'RouteConflict',
    message: `The VPC already has a static route to ${text}; remove the route, or ask the other side to advertise other networks.`,
  };
}

/** Returns the claims of the older peerings of the same VPC. */
function olderClaims(sources: Sources, { peering }: Side): readonly Cidr[] {
  const { namespace = '', uid } = peering.metadata;
  const claims: Cidr[] = [];
  for (const older of sources.stores.VPCPeering.oldestFirst('namespace', namespace)) {
    if (older.metadata.uid === uid) break;
    // This check is fast: a namespace may have many peerings without another side.
    const [other] = peeringsOf(sources.stores, older.spec.peer.namespace, namespace);
    const pair = other && pairOf(sources, older);
    if (pair?.ok === true) claims.push(...claimsOf(sources, pair.value.own, pair.value.other).accepted);
  }
  return claims;
}
