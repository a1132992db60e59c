import { formatAddress, parseAddress, type Address } from '../../api/index.ts';
import type { Holder } from './external-pool.ts';
import type { PoolConflict, Pools } from './pools.ts';

/**
 * Restores the hold of an object on an external address. Returns a conflict if another object holds the
 * address.
 */
export function adoptExternal(
  pools: Pools,
  kind: string,
  holder: Holder,
  networkUid: string | undefined,
  address: Address | undefined,
): readonly PoolConflict[] {
  if (networkUid === undefined || address === undefined) return [];
  if (pools.external.adopt(networkUid, holder, address)) return [];
  return [{ kind, uid: holder.uid, value: formatAddress(address) }];
}

/** Parses the IPv4 address in a status or a row; undefined for text that is not an address. */
export function recordedAddress(text: string | undefined): Address | undefined {
  const address = text === undefined ? undefined : parseAddress(text, { family: 4 });
  return address?.ok === true ? address.value : undefined;
}
