import { formatAddress, parseAddress, type NatRule } from '../../api/index.ts';
import type { Owner } from '../../ovn/index.ts';
import { keyOf, type KubeObject } from '../../reconcile/index.ts';
import type { Env, PoolSources } from '../common/env.ts';
import { quotaLimits } from '../common/quota.ts';
import { tenantOf } from '../common/tenant.ts';
import { allowedNetwork, recountAddresses } from '../externalnetwork/index.ts';
import type { NamedClaim } from '../kind-module.ts';
import { recordedAddress } from '../pools/adopt-external.ts';
import type { ExternalAddress } from '../pools/external.ts';
import type { PoolConflict } from '../pools/pools.ts';
import { recordedNat } from '../rows/recorded.ts';
import { objectsOf } from '../vpc/index.ts';
import { compete, stakesOf, withdraw } from './conflicts.ts';
import { externalNetworkOf, holdsExternal, natContext } from './external.ts';

/** Releases a rule's shares of external addresses, and lets the rules that conflicted with it take effect. */
export function releaseNatRule(env: Env, uid: string): void {
  recountAddresses(env, env.pools.external.keepShares(uid));
  env.pools.usage.release(uid);
  withdraw(env, uid);
}

/**
 * Restores a rule's share of the address in its rows. The holds of VPCs and FloatingIPs were restored before and have
 * precedence. The rule also competes again with the other rules: a younger rule must not take effect because its
 * reconcile is the first one.
 */
export function adoptNatRule(sources: PoolSources, rule: NatRule): readonly PoolConflict[] {
  const { namespace = '', uid } = rule.metadata;
  const conflicts = adoptShare(sources, namespace, uid, keptAddress(sources, rule));
  const context = natContext(sources, rule);
  const isInLine = context.ok && holdsExternal(sources, rule, context.value);
  const stakes = isInLine ? stakesOf(sources, rule, context.value) : undefined;
  if (stakes !== undefined) compete(sources, rule, stakes);
  return conflicts;
}

/** Restores the share of a deleted rule whose rows still exist. */
export function adoptNatRuleOrphan(sources: PoolSources, { namespace, uid }: Owner): readonly PoolConflict[] {
  return adoptShare(sources, namespace, uid);
}

/** Returns the external addresses that rules name, for the VPCs on an ExternalNetwork. */
export function* natRuleClaims(sources: PoolSources, parent: KubeObject): Iterable<NamedClaim> {
  const { stores, pools } = sources;
  if (parent.kind !== 'ExternalNetwork') return;
  const { name, uid: networkUid } = parent.metadata;
  for (const vpc of stores.VPC.byIndex('externalNetwork', name))
    for (const object of objectsOf(stores, vpc, keyOf(vpc), stores.NatRule)) {
      const { externalIP } = object.spec;
      if (externalIP === undefined) continue;
      const { namespace = '', uid } = object.metadata;
      // Parsing belongs to the claim: claims are made in steps, the collection of all claims is one step.
      const claim = (): void => {
        const address = parseAddress(externalIP, { family: 4 });
        if (!address.ok || !allowedNetwork(stores, namespace, name).ok) return;
        const limits = quotaLimits(sources, namespace, 'externalAddresses');
        pools.external.share(networkUid, tenantOf(stores, namespace), uid, address.value, limits);
      };
      yield { object, claim };
    }
}

/** Returns the address that a rule without rows keeps: the spec names the address, and the status records it. */
function keptAddress({ stores }: PoolSources, rule: NatRule): ExternalAddress | undefined {
  const address = recordedAddress(rule.spec.externalIP);
  const networkUid = externalNetworkOf(stores, rule)?.metadata.uid;
  if (address === undefined || networkUid === undefined) return undefined;
  return rule.status?.externalIP === formatAddress(address) ? { networkUid, address } : undefined;
}

function adoptShare(
  { stores, pools, writer }: PoolSources,
  namespace: string,
  uid: string,
  kept?: ExternalAddress,
): readonly PoolConflict[] {
  const record = recordedNat(writer, uid);
  const tenant = tenantOf(stores, namespace);
  if (record !== undefined) pools.usage.hold('natRules', uid, tenant, 1);
  const recorded = recordedAddress(record?.external);
  const inRows =
    record === undefined || recorded === undefined
      ? undefined
      : { networkUid: record.networkUid, address: recorded };
  const held = inRows ?? kept;
  if (held === undefined) return [];
  const { networkUid, address } = held;
  if (pools.external.adoptShare(networkUid, tenant, uid, address)) return [];
  const holder = pools.external.network(networkUid)?.holder(address) ?? '';
  const owner = stores.FloatingIP.byUid(holder) ?? stores.VPC.byUid(holder);
  return owner?.metadata.namespace === namespace
    ? []
    : [{ kind: 'NatRule', uid, value: formatAddress(address) }];
}
