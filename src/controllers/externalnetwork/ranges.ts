import {
  containsRange,
  formatCidr,
  parseAddress,
  parseCidr,
  parseRange,
  type AddressRange,
  type Cidr,
  type ExternalNetwork,
  type RangeSpec,
} from '../../api/index.ts';
import { AddressPool } from '../../ipam/index.ts';
import type { ExternalRanges } from '../pools/external.ts';
import { bad, collect, fromParsed, good, type Checked } from '../common/problem.ts';

/** An ExternalNetwork's range, and which of its addresses are given out. */
export interface ExternalAddressing {
  readonly cidr: Cidr;
  readonly ranges: ExternalRanges;
}

/** What the spec says of addresses. The schema checked most of it before. */
export function externalAddressing({ spec }: ExternalNetwork): Checked<ExternalAddressing> {
  const cidr = fromParsed(parseCidr(spec.cidr, { family: 4 }), 'spec.cidr');
  if (!cidr.ok) return cidr;
  const gateway = fromParsed(parseAddress(spec.gateway, { family: 4 }), 'spec.gateway');
  if (!gateway.ok) return gateway;
  if (new AddressPool(cidr.value).unusable(gateway.value) !== undefined) {
    return bad(
      'InvalidCIDR',
      `The gateway ${spec.gateway} is not a usable address of ${formatCidr(cidr.value)}.`,
    );
  }
  const allocationPools = rangesIn(spec.allocationPools, cidr.value, 'spec.allocationPools');
  if (!allocationPools.ok) return allocationPools;
  const reservedRanges = rangesIn(spec.reservedRanges, cidr.value, 'spec.reservedRanges');
  if (!reservedRanges.ok) return reservedRanges;
  return good({
    cidr: cidr.value,
    ranges: {
      gateway: gateway.value,
      allocationPools: allocationPools.value,
      reservedRanges: reservedRanges.value,
      text: JSON.stringify([spec.gateway, spec.allocationPools, spec.reservedRanges]),
    },
  });
}

function rangesIn(
  specs: readonly RangeSpec[] | undefined,
  cidr: Cidr,
  field: string,
): Checked<readonly AddressRange[]> {
  return collect(
    (specs ?? []).map((spec, index) => {
      const parsed = fromParsed(parseRange(spec, { family: 4 }), `${field}[${index}]`);
      if (!parsed.ok || containsRange(cidr, parsed.value)) return parsed;
      const range = `${field}[${index}] (${spec.start} to ${spec.end})`;
      return bad('InvalidCIDR', `${range} is not inside the network's range ${formatCidr(cidr)}.`);
    }),
  );
}
