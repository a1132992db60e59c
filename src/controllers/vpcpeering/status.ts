import {
  condition,
  formatCidr,
  type DesiredCondition,
  type VPCPeering,
  type VPCPeeringStatus,
} from '../../api/index.ts';
import type { Consent } from '../rows/recorded.ts';
import type { Pair } from './match.ts';
import type { Refusal } from './routes.ts';

/**
 * Returns the consent for the status. The status contains the range of the other VPC only if the other side advertises
 * all of it.
 */
export function consentStatus(
  { status }: VPCPeering,
  { vpcUid, range }: Consent,
  pair: Pair | undefined,
): VPCPeeringStatus['consent'] {
  if (vpcUid === undefined) return undefined;
  const known = range && formatCidr(range);
  const isAdvertised =
    pair === undefined
      ? status?.consent?.vpcUID === vpcUid && status.consent.cidr === known
      : pair.other.advertised.some((network) => formatCidr(network) === known);
  return { vpcUID: vpcUid, ...(isAdvertised && known !== undefined && { cidr: known }) };
}

/** Returns the refused networks for the status; undefined if there are none. */
export function refusedRoutes(refused: readonly Refusal[]): VPCPeeringStatus['refusedRoutes'] {
  if (refused.length === 0) return undefined;
  return refused.map(({ network, reason, message }) => ({ cidr: formatCidr(network), reason, message }));
}

/** Returns the condition that states whether both routers route to every network that the other side advertises. */
export function routesAccepted(own: readonly Refusal[], other: readonly Refusal[]): DesiredCondition {
  const sentences = own.map(({ message }) => message);
  if (other.length > 0) {
    const networks = other.map(({ network }) => formatCidr(network)).join(', ');
    sentences.push(
      `The other side does not route to all of ${networks}, which this VPC advertises; ask the other side to accept them, or change spec.advertisedCIDRs.`,
    );
  }
  if (sentences.length > 0) return condition('RoutesAccepted', 'False', 'RoutesRefused', sentences.join(' '));
  const message = 'Both routers route to every network that the other side advertises.';
  return condition('RoutesAccepted', 'True', 'RoutesAccepted', message);
}
