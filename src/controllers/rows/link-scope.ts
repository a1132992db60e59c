import { parseNetwork } from '../../ovn/index.ts';

/** Link-local addresses, as sources and as destinations (RFC 3927 §7, RFC 4291 §2.5.6). */
export const linkLocal = { 4: parseNetwork('169.254.0.0/16'), 6: parseNetwork('fe80::/10') } as const;

/** Destinations on the link: link-local addresses, multicast groups and the limited broadcast (RFC 1812 §5.3.5). */
export const onLink = {
  4: [linkLocal[4], parseNetwork('224.0.0.0/4'), parseNetwork('255.255.255.255')],
  6: [linkLocal[6], parseNetwork('ff00::/8')],
} as const;

/**
 * Networks that contain the source address of a VM without an address. Routers do not forward them (RFC 1122
 * §3.2.1.3).
 */
export const unspecified = { 4: parseNetwork('0.0.0.0/8'), 6: parseNetwork('::/8') } as const;
