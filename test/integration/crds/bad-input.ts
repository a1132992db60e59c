import type { Kind } from './support.ts';

/** A spec that one object alone proves wrong, and the cause that must be given (a part of `field: message`). */
export type BadInput = readonly [
  what: string,
  kind: Kind,
  spec: unknown,
  causes: readonly (string | RegExp)[],
];

/** No CIDR at all. */
export const notCidr = /INVALID_CIDR: not a CIDR; write an IPv4 network such as/;
/** IPv6 where IPv4 is due. */
export const v6 = /INVALID_CIDR: IPv6 is not supported here yet; write an IPv4/;
/** Not a network but an address in one. */
export const hostBits = /INVALID_CIDR: host bits are set; write the first address of the network/;
/** The message at the field. */
export const at = (field: string, message: RegExp): RegExp =>
  new RegExp(`^${field.replaceAll(/[.[\]]/g, '\\$&')}: Invalid value: .*: ${message.source}`);
