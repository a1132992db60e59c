import {
  firstAddress,
  formatAddress,
  formatCidr,
  parseAddress,
  type Address,
  type Cidr,
  type Subnet,
} from '../../api/index.ts';
import { AddressPool } from '../../ipam/index.ts';
import { poolSettings, type PoolSettings } from '../pools/pool-settings.ts';
import { bad, fromParsed, good, type Checked } from '../common/problem.ts';
import { rangesWithin } from '../common/ranges.ts';

/** Returns the gateway and the allocation settings of a Subnet's spec. The schema checks most of them before. */
export function subnetRanges({ spec }: Subnet, cidr: Cidr): Checked<PoolSettings> {
  const gateway = gatewayOf(spec.gateway, cidr);
  if (!gateway.ok) return gateway;
  const limit = { cidr, name: 'the Subnet', reason: 'IPOutsideSubnet' } as const;
  const allocationPools = rangesWithin(spec.allocationPools, limit, 'spec.allocationPools');
  if (!allocationPools.ok) return allocationPools;
  const reservedRanges = rangesWithin(spec.reservedRanges, limit, 'spec.reservedRanges');
  if (!reservedRanges.ok) return reservedRanges;
  return good(
    poolSettings(cidr, {
      gateway: gateway.value,
      allocationPools: allocationPools.value,
      reservedRanges: reservedRanges.value,
    }),
  );
}

function gatewayOf({ mode, address }: Subnet['spec']['gateway'], cidr: Cidr): Checked<Address | undefined> {
  if (mode === 'None') return good(undefined);
  const first = { family: cidr.family, value: firstAddress(cidr).value + 1n };
  if (mode === 'Automatic') return good(first);
  if (address === undefined)
    return bad(
      'InvalidSpec',
      'spec.gateway.mode is Address, and spec.gateway.address is missing; set spec.gateway.address.',
    );
  const parsed = fromParsed(parseAddress(address, { family: 4 }), 'spec.gateway.address');
  if (!parsed.ok) return parsed;
  const unusable = new AddressPool(cidr).unusable(parsed.value);
  if (unusable === undefined) return parsed;
  return bad(
    unusable === 'outside' ? 'IPOutsideSubnet' : 'IPReserved',
    `The gateway ${address} is not a usable address of ${formatCidr(cidr)}; ` +
      `set spec.gateway.address to another address, for example the first usable address ${formatAddress(first)}.`,
  );
}
