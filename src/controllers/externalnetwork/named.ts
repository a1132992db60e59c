import { parseAddress, type ExternalNetwork } from '../../api/index.ts';
import { keyOf } from '../../reconcile/index.ts';
import type { Stores } from '../common/env.ts';
import { oldestFirst } from '../common/oldest.ts';
import type { Pools } from '../pools/pools.ts';
import { objectsOf } from '../vpc/lookup.ts';
import { allowedNetwork } from './kind.ts';

/**
 * Holds for each FloatingIP and NatRule the address that it names, the oldest first, before any is allocated, as
 * Subnets do for Ports. What cannot be held is refused when that object is looked at.
 */
export function claimNamedAddresses(pools: Pools, stores: Stores, { metadata }: ExternalNetwork): void {
  const { name, uid: networkUid } = metadata;
  const isAllowed = (namespace: string): boolean => allowedNetwork(stores, namespace, name).ok;
  const rules = [...stores.vpcs.byIndex('externalNetwork', name)].flatMap((vpc) => [
    ...objectsOf(stores, vpc, keyOf(vpc), stores.natRules),
  ]);
  for (const object of oldestFirst([...stores.floatingIPs.byIndex('externalNetwork', name), ...rules])) {
    const { namespace = '', uid } = object.metadata;
    const text = object.kind === 'NatRule' ? object.spec.externalIP : object.spec.address;
    const address = text === undefined ? undefined : parseAddress(text, { family: 4 });
    if (address?.ok !== true || !isAllowed(namespace)) continue;
    if (object.kind === 'NatRule') pools.external.share(networkUid, namespace, uid, address.value);
    else pools.external.claim(networkUid, uid, address.value);
  }
}
