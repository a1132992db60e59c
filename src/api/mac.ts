import { hash } from 'node:crypto';
import { quote } from './address.ts';

/** The result of `parseMac`: the canonical text, or a message for the user. */
type ParsedMac =
  { readonly ok: true; readonly value: string } | { readonly ok: false; readonly message: string };

/**
 * Parses six hexadecimal octets joined by colons. Returns them in lower case, as OVN prints them. Rejects addresses
 * that no interface may have: multicast addresses (lowest bit of the first octet) and the all-zero address.
 */
export function parseMac(text: string): ParsedMac {
  if (!/^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/i.test(text)) {
    return {
      ok: false,
      message: `${quote(text)} is not a MAC address; write six octets such as 0a:58:0a:01:00:05`,
    };
  }
  const mac = text.toLowerCase();
  if ((parseInt(mac.slice(0, 2), 16) & 1) === 1) {
    return {
      ok: false,
      message: `${mac} is a multicast MAC address; write a unicast address, whose first octet is even`,
    };
  }
  if (mac === '00:00:00:00:00:00') {
    return {
      ok: false,
      message: `${mac} is not a usable MAC address; remove the field, so that the operator computes an address`,
    };
  }
  return { ok: true, value: mac };
}

/**
 * Computes the MAC address for `role` of the object with this UID. The result never changes, so no record of the
 * address is necessary after a restart. The address is locally administered and unicast (IEEE 802 clause 8.4): `0a:`
 * and 40 bits of a hash. The probability of a collision within one switch of 1,000 ports is 1 in 2 million; callers
 * must check for collisions (MACConflict).
 */
export function computeMac(uid: string, role: string): string {
  const digest = hash('sha256', `${uid}\0${role}`, 'hex');
  return `0a:${(digest.slice(0, 10).match(/../g) ?? []).join(':')}`;
}
