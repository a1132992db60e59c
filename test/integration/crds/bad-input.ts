import type { Kind } from './support.ts';

/** A spec that is invalid by itself, and the causes that the server must report (each a part of `field: message`). */
export type BadInput = readonly [
  what: string,
  kind: Kind,
  spec: unknown,
  causes: readonly (string | RegExp)[],
];

/** The message for text that is not a CIDR. */
export const notCidr = /INVALID_CIDR: the value is not a CIDR; write an IPv4 network such as/;
/** The message for an IPv6 value in a field that takes IPv4 only. */
export const v6 = /INVALID_CIDR: this field does not support IPv6; write an IPv4/;
/** The message for a CIDR with host bits. */
export const hostBits = /INVALID_CIDR: the network has host bits set; write its first address/;
/** A pattern for the message at the field. */
export const at = (field: string, message: RegExp): RegExp =>
  new RegExp(`^${field.replaceAll(/[.[\]]/g, '\\$&')}: Invalid value: .*: ${message.source}`);
