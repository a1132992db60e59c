import {
  formatCidr,
  inRange,
  parseAddress,
  parseCidr,
  type Address,
  type Cidr,
  type ExternalNetwork,
} from '../../api/index.ts';
import { AddressPool } from '../../ipam/index.ts';
import { poolSettings, type PoolSettings } from '../pools/pool-settings.ts';
import { bad, collect, fromParsed, good, type Checked } from '../common/problem.ts';
import { rangesWithin } from '../common/ranges.ts';

/** The range of an ExternalNetwork and the addresses that can be allocated. */
export interface ExternalAddressing {
  readonly cidr: Cidr;
  readonly ranges: PoolSettings;
  /** The ranges of VPCs that may use the network without translation. */
  readonly routedRanges: readonly Cidr[];
}

/** Parses the addresses of the spec. The schema checks most of them before. */
export function externalAddressing({ spec }: ExternalNetwork): Checked<ExternalAddressing> {
  const cidr = fromParsed(parseCidr(spec.cidr, { family: 4 }), 'spec.cidr');
  if (!cidr.ok) return cidr;
  const gateway = fromParsed(parseAddress(spec.gateway, { family: 4 }), 'spec.gateway');
  if (!gateway.ok) return gateway;
  if (new AddressPool(cidr.value).unusable(gateway.value) !== undefined) {
    return bad(
      'InvalidCIDR',
      `The gateway ${spec.gateway} is not a usable address of ${formatCidr(cidr.value)}; set a host address of this range.`,
    );
  }
  const limit = { cidr: cidr.value, name: 'the ExternalNetwork', reason: 'InvalidCIDR' } as const;
  const allocationPools = rangesWithin(spec.allocationPools, limit, 'spec.allocationPools');
  if (!allocationPools.ok) return allocationPools;
  const reservedRanges = rangesWithin(spec.reservedRanges, limit, 'spec.reservedRanges');
  if (!reservedRanges.ok) return reservedRanges;
  const routedRanges = cidrs(spec.routedRanges, 'spec.routedRanges');
  if (!routedRanges.ok) return routedRanges;
  const privateSources = cidrs(spec.privateSources, 'spec.privateSources');
  if (!privateSources.ok) return privateSources;
  return good({
    cidr: cidr.value,
    routedRanges: routedRanges.value,
    ranges: poolSettings(cidr.value, {
      gateway: gateway.value,
      allocationPools: allocationPools.value,
      reservedRanges: reservedRanges.value,
      perNamespace: spec.maxAddressesPerNamespace,
      forGateways: spec.gatewayReserve,
    }),
  });
}

const cidrs = (texts: readonly string[] = [], field: string): Checked<readonly Cidr[]> =>
  collect(texts.map((text, index) => fromParsed(parseCidr(text, { family: 4 }), `${field}[${index}]`)));

/** Whether objects may get this address of the network: it is in the allocation pools and not reserved. */
export function isInPools(
  cidr: Cidr,
  { allocationPools = [], ...ranges }: PoolSettings,
  address: Address,
): boolean {
  const isInside = allocationPools.length === 0 || allocationPools.some((range) => inRange(range, address));
  return isInside && new AddressPool(cidr, ranges).unusable(address) === undefined;
}
