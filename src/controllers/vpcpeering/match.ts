import { formatCidr, type VPCPeering } from '../../api/index.ts';
import { keyOf } from '../../reconcile/index.ts';
import { bad, good, type Checked } from '../common/problem.ts';
import { covers } from './consent.ts';
import { peeringsOf } from './kind.ts';
import { namesVpc, sideOf, type Side, type Sources } from './side.ts';

/** Two VPCPeerings that name each other's VPC, and whose consents cover it. */
export interface Pair {
  readonly own: Side;
  readonly other: Side;
}

/**
 * Returns the pair of a peering. The message reveals nothing about the other namespace until it has a VPCPeering that
 * names this VPC and consents to it, and does not state why a VPCPeering of the other side is not suitable.
 */
export function pairOf(sources: Sources, peering: VPCPeering): Checked<Pair> {
  const own = sideOf(sources, peering);
  if (!own.ok) return own;
  const { namespace = '' } = peering.metadata;
  const { peer } = peering.spec;
  const [candidate] = peeringsOf(sources.stores, peer.namespace, namespace);
  const side = candidate && sideOf(sources, candidate);
  const other = side?.ok === true ? side.value : undefined;
  if (
    other === undefined ||
    !namesVpc(peering, other.vpc) ||
    !namesVpc(other.peering, own.value.vpc) ||
    !covers(sources, other.consent, own.value.vpc)
  ) {
    const message =
      `The namespace "${peer.namespace}" has no VPCPeering that names this VPC; ` +
      'ask the owner of the namespace to create it.';
    return bad('PendingPeer', message);
  }
  if (!covers(sources, own.value.consent, other.vpc)) return bad('ConsentRequired', consentMessage(other));
  return good({ own: own.value, other });
}

function consentMessage({ vpc, advertised }: Side): string {
  const { uid } = vpc.metadata;
  return (
    `The VPC of the other side is now "${keyOf(vpc)}" with the UID ${uid}, and this VPCPeering consented to another VPC. ` +
    `The present VPC advertises ${advertised.map(formatCidr).join(', ')}. ` +
    `To consent to it, create this VPCPeering again, or set spec.peer.vpcUID to "${uid}".`
  );
}
