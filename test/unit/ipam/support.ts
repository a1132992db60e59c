import {
  formatAddress,
  formatCidr,
  mustParseAddress,
  mustParseCidr,
  type Address,
  type Cidr,
} from '../../../src/api/cidr.ts';
import { seedOf } from '../../support/seed.ts';

/** The pools use numbers. These helpers let the tests write and compare addresses as text. */
export const ip = (text: string) => mustParseAddress(text);
export const cidr = (text: string) => mustParseCidr(text);
export const range = (start: string, end: string) => ({ start: ip(start), end: ip(end) });

/** Formats an address or a block. Returns other values (`exhausted`, undefined) unchanged. */
export function show(value: Address | Cidr | string | undefined): string | undefined {
  if (typeof value !== 'object') return value;
  return 'base' in value ? formatCidr(value) : formatAddress(value);
}

export const seed = seedOf('IPAM', 20_240_601);
