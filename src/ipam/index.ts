/**
 * Pools of addresses and of blocks that never give the same twice: pure state, no I/O, no clock.
 *
 * A controller makes a pool for each Subnet (AddressPool) and VPC (CidrPool), fills it with `rebuild` from status
 * and rows before the first allocation, then asks `allocate` or `claim` and releases when the rows are gone.
 */
export {
  AddressPool,
  type AddressCounts,
  type AddressRanges,
  type AdoptResult,
  type ClaimResult,
  type ReleaseListener,
  type Unusable,
} from './address-pool.ts';
export {
  CidrPool,
  type Block,
  type BlockClaimResult,
  type BlockReleaseListener,
  type CidrPoolOptions,
} from './cidr-pool.ts';
export { rebuild, type RebuildConflict, type UseRecord } from './rebuild.ts';
