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
import { towards } from './kind.ts';

type Sources = Pick<Env, 'stores' | 'writer'>;

/** One side of a connection. */
export interface Side {
  readonly peering: VPCPeering;
  readonly vpc: VPC;
  readonly range: Cidr;
  /** The networks that the other side may reach, and that may reach it; collapsed they are all of the VPC or less. */
  readonly advertised: readonly Cidr[];
}

/** Both sides of a connection that both want. */
export interface Connection {
  readonly own: Side;
  readonly other: Side;
}

/** The side of a peering by itself: what its own namespace says. */
function sideOf({ stores, writer }: Sources, peering: VPCPeering): Checked<Side> {
  const { namespace = '' } = peering.metadata;
  const { peer, advertisedCIDRs } = peering.spec;
  if (peer.namespace === namespace) {
    return bad(
      'InvalidSpec',
      'spec.peer.namespace is the namespace of the VPCPeering; set the namespace of the other VPC.',
    );
  }
  const oldest = oldestOf(stores.VPCPeering.byIndex('siblings', towards(namespace, peer.namespace)));
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
 * The connection that a peering is one side of. Of the other namespace nothing is told before it has a VPCPeering
 * that names this one, nor why that one is of no use.
 */
export function connectionOf(sources: Sources, peering: VPCPeering): Checked<Connection> {
  const { stores } = sources;
  const own = sideOf(sources, peering);
  if (!own.ok) return own;
  const { namespace = '' } = peering.metadata;
  const { peer } = peering.spec;
  const other = oldestFirst(stores.VPCPeering.byIndex('siblings', towards(peer.namespace, namespace)))
    .map((candidate) => sideOf(sources, candidate))
    .flatMap((side) => (side.ok ? [side.value] : []))
    .find((side) => names(peering, side.vpc) && names(side.peering, own.value.vpc));
  if (other === undefined) {
    const message =
      `The namespace "${peer.namespace}" has no VPCPeering that names this VPC; ` +
      'ask the owner of the namespace to create it.';
    return bad('PendingPeer', message);
  }
  const clash = clashOf(sources, own.value, other);
  if (clash !== undefined) return bad('CIDROverlap', clash);
  const taken = takenRoute(own.value, other);
  if (taken !== undefined) return bad('RouteConflict', taken);
  return good({ own: own.value, other });
}

/** Whether the peering may mean this VPC. */
const names = ({ spec: { peer } }: VPCPeering, { metadata }: VPC): boolean =>
  metadata.namespace === peer.namespace && (peer.name === undefined || peer.name === metadata.name);

/** Addresses that would be ambiguous: on both sides, or led to by an older peering of either side. */
function clashOf(sources: Sources, own: Side, other: Side): string | undefined {
  const inOwn = other.advertised.find((cidr) => overlaps(cidr, own.range));
  if (inOwn)
    return `The other side advertises ${formatCidr(inOwn)}, which overlaps the range of this VPC; ask it to advertise other networks.`;
  const inTheirs = own.advertised.find((cidr) => overlaps(cidr, other.range));
  if (inTheirs)
    return `This VPC advertises ${formatCidr(inTheirs)}, which overlaps the range of the other side; change spec.advertisedCIDRs.`;
  return routeClash(sources, own, other) ?? routeClash(sources, other, own);
}

/**
 * A static route of either VPC to the very network that the other side advertises. The router would spread packets
 * over both ways (ECMP); the static route is what its own side has said, so it stays, and the peering waits.
 */
function takenRoute(own: Side, other: Side): string | undefined {
  const inOwn = staticRouteTo(own.vpc, other.advertised);
  if (inOwn !== undefined) {
    return `The VPC already has a static route to ${inOwn}; remove the route, or ask the other side to advertise other networks.`;
  }
  const inTheirs = staticRouteTo(other.vpc, own.advertised);
  return inTheirs && `The other side already has a static route to ${inTheirs}; change spec.advertisedCIDRs.`;
}

function staticRouteTo({ spec }: VPC, networks: readonly Cidr[]): string | undefined {
  const taken = new Set((spec.staticRoutes ?? []).map(({ destination }) => destination));
  return networks.map(formatCidr).find((network) => taken.has(network));
}

/** Whether an older connection of `from` leads to addresses of `to`. */
function routeClash(sources: Sources, from: Side, to: Side): string | undefined {
  const { stores } = sources;
  const { namespace = '' } = from.peering.metadata;
  const pair = new Set([from.peering.metadata.uid, to.peering.metadata.uid]);
  for (const peering of oldestFirst(stores.VPCPeering.byIndex('namespace', namespace))) {
    if (pair.has(peering.metadata.uid)) break;
    const back = oldestFirst(
      stores.VPCPeering.byIndex('siblings', towards(peering.spec.peer.namespace, namespace)),
    ).map((candidate) => sideOf(sources, candidate))[0];
    if (back?.ok !== true || !names(peering, back.value.vpc)) continue;
    const clash = to.advertised.find((cidr) => back.value.advertised.some((led) => overlaps(led, cidr)));
    if (clash)
      return `${formatCidr(clash)} overlaps a network that an older VPCPeering connects; change the advertised networks, or delete one of the VPCPeerings.`;
  }
  return undefined;
}
