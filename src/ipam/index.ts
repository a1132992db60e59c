/**
 * Pools of addresses and of CIDR blocks. A pool never grants one address to two owners. The code is pure
 * state: no I/O, no clock.
 *
 * A controller creates one AddressPool per Subnet and one CidrPool per VPC. Before the first allocation the
 * controller restores the pool with `adopt` from status and rows. Afterwards the controller calls `allocate`
 * or `claim`, and calls `release` when the rows that used the address are removed.
 */
export { AddressLink } from './address-link.ts';
export { AddressPool } from './address-pool.ts';
export type { AddressRanges, Unusable } from './address-results.ts';
export { keepShared, share } from './share.ts';
export { commonAddress } from './overlap.ts';
export { SharedValues } from './shared-values.ts';
export { CidrPool, type BlockClaimResult } from './cidr-pool.ts';
export { RangeTree } from './range-tree.ts';
