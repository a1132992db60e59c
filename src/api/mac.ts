import { hash } from 'node:crypto';
import { quote } from './address.ts';

/** The answer of `parseMac`: the canonical text, or a sentence for the user. */
export type ParsedMac =
  { readonly ok: true; readonly value: string } | { readonly ok: false; readonly message: string };

/**
 * Parses six hexadecimal octets joined by colons, and gives them in lower case, as OVN prints them.
 * Refuses what no interface may have: a multicast address (lowest bit of the first octet), and all zeros.
 */
export function parseMac(text: string): ParsedMac {
  if (!/^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/i.test(text)) {
    return { ok: false, message: `${quote(text)} is not a MAC address; write one such as 0a:58:0a:01:00:05` };
  }
  const mac = text.toLowerCase();
  if ((parseInt(mac.slice(0, 2), 16) & 1) === 1) {
    return { ok: false, message: `${mac} is a multicast MAC address; write one with an even first octet` };
  }
  if (mac === '00:00:00:00:00:00') {
    return { ok: false, message: `${mac} is no address; leave the field out to have one computed` };
  }
  return { ok: true, value: mac };
}

/**
 * The MAC address that goes with `role` of the object with this UID: always the same, so that it survives restarts and
 * needs no record. Locally administered, unicast (IEEE 802 clause 8.4): `0a:` and 40 bits of a hash. A collision
 * within one switch of 1,000 ports has a chance of 1 in 2 million; callers check for it (MACConflict).
 */
export function computeMac(uid: string, role: string): string {
  const digest = hash('sha256', `${uid}\0${role}`, 'hex');
  return `0a:${(digest.slice(0, 10).match(/../g) ?? []).join(':')}`;
}
