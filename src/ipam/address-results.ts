import type { Address, AddressRange } from '../api/cidr.ts';

/** The settings of an address pool that can change while owners hold addresses. */
export interface AddressRanges {
  /** The router's address in the subnet; absent when the subnet has no router. */
  readonly gateway?: Address | undefined;
  /**
   * The ranges that `allocate` uses. An empty list means the whole CIDR. The pool ignores addresses outside
   * the CIDR.
   */
  readonly allocationPools?: readonly AddressRange[];
  /** Addresses that the pool never grants, not even to an explicit claim. */
  readonly reservedRanges?: readonly AddressRange[];
}

/** Why no owner can claim an address. */
export type Unusable = 'outside' | 'network' | 'broadcast' | 'gateway' | 'reserved';

/**
 * The result of a claim. `taken`: another owner (`holder`) holds the address. `shared`: another owner (`holder`) shares
 * the address. `taken-on-link`: another pool of the link uses or blocks the address. `holds-another`: the owner must
 * first release the address that it holds (`held`).
 */
export type ClaimResult =
  | { readonly ok: true }
  | { readonly ok: false; readonly refused: Unusable }
  | { readonly ok: false; readonly refused: 'taken' | 'shared'; readonly holder: string }
  | { readonly ok: false; readonly refused: 'taken-on-link' }
  | { readonly ok: false; readonly refused: 'holds-another'; readonly held: Address };

/** The result of an adoption: recorded, or the conflict with an earlier adoption. */
export type AdoptResult =
  | { readonly ok: true }
  | { readonly ok: false; readonly conflict: 'wrong-family' }
  | { readonly ok: false; readonly conflict: 'taken'; readonly holder: string }
  | { readonly ok: false; readonly conflict: 'holds-another'; readonly held: Address };

/** Numbers of addresses, capped at 2^53-1. */
export interface AddressCounts {
  /** Addresses that `allocate` can grant when no address is held. */
  readonly total: number;
  /** Addresses that owners hold, inside and outside the allocation pools. */
  readonly used: number;
  /** Addresses that `allocate` can grant now. */
  readonly available: number;
}

/**
 * Called after an address became free or passed to another owner. After `reconfigure` the argument is
 * undefined, because any address can be free then.
 */
export type ReleaseListener = (address: Address | undefined) => void;
