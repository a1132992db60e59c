import type { KubeObject, ResourceType } from './types.ts';

/** The coordination.k8s.io/v1 Lease, which records the leader. */
export const leaseType: ResourceType = {
  group: 'coordination.k8s.io',
  version: 'v1',
  kind: 'Lease',
  plural: 'leases',
  namespaced: true,
};

export interface LeaseSpec {
  /** Empty after the holder released the lease. */
  readonly holderIdentity?: string;
  readonly leaseDurationSeconds?: number;
  readonly acquireTime?: string;
  readonly renewTime?: string;
  readonly leaseTransitions?: number;
}

export interface Lease extends KubeObject {
  readonly spec?: LeaseSpec;
}

/** The holder sets this annotation when it cannot work: a candidate that can work may take the lease at once. */
const OFFER_ANNOTATION = 'overlay-network/offered';

/** Whether the holder offers the lease to other candidates. */
export function isOffered({ metadata: { annotations = {} } }: Lease): boolean {
  return annotations[OFFER_ANNOTATION] !== undefined;
}

/** The write of a holder or of a new holder. */
interface Claim {
  readonly identity: string;
  /** The time of the write, as MicroTime. */
  readonly now: string;
  readonly leaseMs: number;
  readonly offered: boolean;
}

/** Returns a lease that `identity` holds. The timestamps are informative. */
export function claimedLease(before: Lease, { identity, now, leaseMs, offered }: Claim): Lease {
  const { [OFFER_ANNOTATION]: _, ...annotations } = before.metadata.annotations ?? {};
  const offer = offered ? { [OFFER_ANNOTATION]: 'true' } : {};
  return {
    ...before,
    metadata: { ...before.metadata, annotations: { ...annotations, ...offer } },
    spec: claimedSpec(before.spec, { identity, now, leaseMs }),
  };
}

/** Returns the spec of a lease that `identity` holds; `before` is undefined for a new lease. */
export function claimedSpec(
  before: LeaseSpec | undefined,
  { identity, now, leaseMs }: Omit<Claim, 'offered'>,
): LeaseSpec {
  const isOurs = before?.holderIdentity === identity;
  const transitions = before?.leaseTransitions ?? 0;
  return {
    holderIdentity: identity,
    leaseDurationSeconds: Math.ceil(leaseMs / 1000),
    acquireTime: isOurs ? (before.acquireTime ?? now) : now,
    renewTime: now,
    leaseTransitions: isOurs || before === undefined ? transitions : transitions + 1,
  };
}
