import type { Steps } from '../../base/index.ts';
import type { KubeObject } from '../../reconcile/index.ts';
import type { PoolSources } from '../common/env.ts';
import { oldestFirst, oldestFirstInSteps } from '../common/oldest.ts';
import { kindNames, modules } from '../kinds.ts';

/**
 * Claims the addresses that the specs of all kinds name in the pool of `parent`, the oldest object first. The claims
 * come before the first allocation: an object without an address must not get an address that another object names.
 */
export function claimNamed(sources: PoolSources, parent: KubeObject): void {
  const claims = claimsIn(sources, parent);
  for (const object of oldestFirst(claims.keys())) claims.get(object)?.();
}

/** {@link claimNamed} in steps, for pools with thousands of objects. */
export function* claimNamedInSteps(sources: PoolSources, parent: KubeObject): Steps<void> {
  const claims = claimsIn(sources, parent);
  for (const object of yield* oldestFirstInSteps(claims.keys())) {
    claims.get(object)?.();
    yield;
  }
}

function claimsIn(sources: PoolSources, parent: KubeObject): ReadonlyMap<KubeObject, () => void> {
  const claims = new Map<KubeObject, () => void>();
  for (const kind of kindNames)
    for (const { object, claim } of modules[kind].namedClaims?.(sources, parent) ?? [])
      claims.set(object, claim);
  return claims;
}
