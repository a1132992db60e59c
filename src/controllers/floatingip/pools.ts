import { parseAddress, type FloatingIP } from '../../api/index.ts';
import { keyOf, type KubeObject } from '../../reconcile/index.ts';
import type { Env, PoolSources } from '../common/env.ts';
import { quotaLimits } from '../common/quota.ts';
import { tenantOf } from '../common/tenant.ts';
import { allowedNetwork, recountAddresses } from '../externalnetwork/index.ts';
import type { NamedClaim } from '../kind-module.ts';
import { adoptExternal, recordedAddress } from '../pools/adopt-external.ts';
import type { PoolConflict } from '../pools/pools.ts';
import { recordedNat } from '../rows/recorded.ts';

/** Releases the address of a FloatingIP and enqueues the network to count its addresses again. */
export function releaseFloatingIP(env: Env, uid: string): void {
  const networks = env.pools.external.networksOf(uid);
  env.pools.external.release(uid);
  recountAddresses(env, networks);
}

/** Restores the address of a FloatingIP, from its status or from the rows of the NatRules that use it. */
export function adoptFloatingIP(
  { stores, pools, writer }: PoolSources,
  floatingIP: FloatingIP,
): readonly PoolConflict[] {
  const network = stores.ExternalNetwork.get(floatingIP.spec.externalNetworkRef.name);
  const users = [...stores.NatRule.byIndex('floatingIP', keyOf(floatingIP))];
  const used = users.map(({ metadata }) => recordedNat(writer, metadata.uid)?.external).find(Boolean);
  const address = recordedAddress(floatingIP.status?.address ?? used);
  const { uid, namespace } = floatingIP.metadata;
  const holder = { uid, tenant: tenantOf(stores, namespace) };
  return adoptExternal(pools, 'FloatingIP', holder, network?.metadata.uid, address);
}

/** Returns the addresses that FloatingIPs name in an ExternalNetwork. */
export function* floatingIPClaims(sources: PoolSources, parent: KubeObject): Iterable<NamedClaim> {
  const { stores, pools } = sources;
  if (parent.kind !== 'ExternalNetwork') return;
  const { name, uid: networkUid } = parent.metadata;
  for (const object of stores.FloatingIP.byIndex('externalNetwork', name)) {
    const named = object.spec.address;
    if (named === undefined) continue;
    const { namespace = '', uid } = object.metadata;
    // Parsing belongs to the claim: claims are made in steps, the collection of all claims is one step.
    const claim = (): void => {
      const address = parseAddress(named, { family: 4 });
      if (!address.ok || !allowedNetwork(stores, namespace, name).ok) return;
      const holder = { uid, tenant: tenantOf(stores, namespace) };
      pools.external.claim(
        networkUid,
        holder,
        address.value,
        quotaLimits(sources, namespace, 'externalAddresses'),
      );
    };
    yield { object, claim };
  }
}
