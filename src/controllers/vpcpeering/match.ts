import {
  containsCidr,
  formatCidr,
  overlaps,
  parseCidr,
  type Cidr,
  type VPC,
  type VPCPeering,
} from '../../api/index.ts';
import type { Env } from '../common/env.ts';
import { oldestFirst, oldestOf } from '../common/oldest.ts';
import { bad, collect, fromParsed, good, type Checked } from '../common/problem.ts';
import { oldestVpc, requireVpc, vpcNotReady, vpcRange } from '../vpc/index.ts';
import { directionKey } from './kind.ts';

type Sources = Pick<Env, 'stores' | 'writer'>;

/** One side of a connection. */
export interface Side {
  readonly peering: VPCPeering;
  readonly vpc: VPC;
  readonly range: Cidr;
  /** The networks that the other side can reach, and from which it can be reached: all of the VPC, or less. */
  readonly advertised: readonly Cidr[];
}

/** A connection that both sides request. */
export interface Connection {
  readonly own: Side;
  readonly other: Side;
}

/** Returns the side of a peering, from the objects of its own namespace only. */
function sideOf({ stores, writer }: Sources, peering: VPCPeering): Checked<Side> {
  const { namespace = '' } = peering.metadata;
  const { peer, advertisedCIDRs } = peering.spec;
  if (peer.namespace === namespace) {
    return bad(
      'InvalidSpec',
      'spec.peer.namespace is the namespace of the VPCPeering; set the namespace of the other VPC.',
    );
  }
  const oldest = oldestOf(stores.VPCPeering.byIndex('siblings', directionKey(namespace, peer.namespace)));
  if (oldest !== undefined && oldest.metadata.uid !== peering.metadata.uid) {
    const { name } = oldest.metadata;
    return bad(
      'PeeringConflict',
      `The older VPCPeering "${name}" already names the same namespace; delete one of the two.`,
    );
  }
  const found = requireVpc(stores, peering);
  if (!found.ok) return found;
  const vpc = found.value;
  if (vpc.metadata.uid !== oldestVpc(stores, namespace)?.metadata.uid)
    return bad(
      'VPCNotFound',
      `The VPC "${vpc.metadata.name}" is not in effect because the namespace has an older VPC; correct spec.vpcRef.`,
    );
  const range = vpcRange(writer, vpc);
  if (range === undefined) return vpcNotReady(vpc);
  const advertised = collect(
    (advertisedCIDRs ?? []).map((text, index) => {
      const field = `spec.advertisedCIDRs[${index}]`;
      const parsed = fromParsed(parseCidr(text, { family: 4 }), field);
      if (!parsed.ok || containsCidr(range, parsed.value)) return parsed;
      return bad(
        'AddressOutsideVPC',
        `${field}: ${text} is not inside the range ${formatCidr(range)} of the VPC; set a CIDR inside this range.`,
      );
    }),
  );
  if (!advertised.ok) return advertised;
  return good({
    peering,
    vpc,
    range,
    advertised: advertised.value.length === 0 ? [range] : advertised.value,
  });
}

/**
 * Returns the connection of a peering. The message reveals nothing about the other namespace until it has a
 * VPCPeering that names this VPC, and does not state why a VPCPeering of the other side is not suitable.
 */
export function connectionOf(sources: Sources, peering: VPCPeering): Checked<Connection> {
  const { stores } = sources;
  const own = sideOf(sources, peering);
  if (!own.ok) return own;
  const { namespace = '' } = peering.metadata;
  const { peer } = peering.spec;
  const other = oldestFirst(stores.VPCPeering.byIndex('siblings', directionKey(peer.namespace, namespace)))
    .map((candidate) => sideOf(sources, candidate))
    .flatMap((side) => (side.ok ? [side.value] : []))
    .find((side) => namesVpc(peering, side.vpc) && namesVpc(side.peering, own.value.vpc));
  if (other === undefined) {
    const message =
      `The namespace "${peer.namespace}" has no VPCPeering that names this VPC; ` +
      'ask the owner of the namespace to create it.';
    return bad('PendingPeer', message);
  }
  const overlap = overlapOf(sources, own.value, other);
  if (overlap !== undefined) return bad('CIDROverlap', overlap);
  const conflict = staticRouteConflict(own.value, other);
  if (conflict !== undefined) return bad('RouteConflict', conflict);
  return good({ own: own.value, other });
}

/** Whether the peering names this VPC, directly or by its namespace. */
const namesVpc = ({ spec: { peer } }: VPCPeering, { metadata }: VPC): boolean =>
  metadata.namespace === peer.namespace && (peer.name === undefined || peer.name === metadata.name);

/**
 * Returns a problem if addresses would be ambiguous: both sides have them, or an older peering of either side leads
 * to them.
 */
function overlapOf(sources: Sources, own: Side, other: Side): string | undefined {
  const inOwn = other.advertised.find((cidr) => overlaps(cidr, own.range));
  if (inOwn)
    return `The other side advertises ${formatCidr(inOwn)}, which overlaps the range of this VPC; ask the other side to advertise other networks.`;
  const inOther = own.advertised.find((cidr) => overlaps(cidr, other.range));
  if (inOther)
    return `This VPC advertises ${formatCidr(inOther)}, which overlaps the range of the other side; change spec.advertisedCIDRs.`;
  return peeringOverlap(sources, own, other) ?? peeringOverlap(sources, other, own);
}

/**
 * Returns a problem if a static route of either VPC has the same destination as an advertised network of the other
 * side. The router would distribute packets over both routes (ECMP). The static route has precedence, because the
 * owner of the VPC wrote it, and the peering waits.
 */
function staticRouteConflict(own: Side, other: Side): string | undefined {
  const inOwn = staticRouteTo(own.vpc, other.advertised);
  if (inOwn !== undefined) {
    return `The VPC already has a static route to ${inOwn}; remove the route, or ask the other side to advertise other networks.`;
  }
  const inOther = staticRouteTo(other.vpc, own.advertised);
  return inOther && `The other side already has a static route to ${inOther}; change spec.advertisedCIDRs.`;
}

function staticRouteTo({ spec }: VPC, networks: readonly Cidr[]): string | undefined {
  const destinations = new Set((spec.staticRoutes ?? []).map(({ destination }) => destination));
  return networks.map(formatCidr).find((network) => destinations.has(network));
}

/** Returns a problem if an older connection of `from` leads to addresses of `to`. */
function peeringOverlap(sources: Sources, from: Side, to: Side): string | undefined {
  const { stores } = sources;
  const { namespace = '' } = from.peering.metadata;
  const pair = new Set([from.peering.metadata.uid, to.peering.metadata.uid]);
  for (const peering of oldestFirst(stores.VPCPeering.byIndex('namespace', namespace))) {
    if (pair.has(peering.metadata.uid)) break;
    const back = oldestFirst(
      stores.VPCPeering.byIndex('siblings', directionKey(peering.spec.peer.namespace, namespace)),
    ).map((candidate) => sideOf(sources, candidate))[0];
    if (back?.ok !== true || !namesVpc(peering, back.value.vpc)) continue;
    const overlap = to.advertised.find((cidr) => back.value.advertised.some((led) => overlaps(led, cidr)));
    if (overlap)
      return `${formatCidr(overlap)} overlaps a network that an older VPCPeering connects; change the advertised networks, or delete one of the VPCPeerings.`;
  }
  return undefined;
}
