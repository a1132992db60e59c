/** The common part of the rules of SecurityGroups and TrafficPolicies. */
import { inport, outport, type Family } from '../../ovn/index.ts';

/** The directions of rules in OVN: ingress is traffic to the VM. */
export const directions = {
  ingress: { direction: 'to-lport', remote: 'src', members: outport },
  egress: { direction: 'from-lport', remote: 'dst', members: inport },
} as const;

/** Protocols with ports, and their names in OVN. */
export const transports = { TCP: 'tcp', UDP: 'udp', SCTP: 'sctp' } as const;

/** A rule cannot be expressed in OVN. The message begins with the field. */
export class RuleError extends Error {
  override readonly name = 'RuleError';
  readonly code = 'INVALID_RULE';
}

/**
 * Returns the meaning of a value of an enumeration. The schema rejects other values, but a stored object may be older
 * than the schema.
 *
 * @throws RuleError for a value that is not in the enumeration
 */
export function oneOf<T>(meanings: Readonly<Record<string, T>>, word: string): T {
  if (!Object.hasOwn(meanings, word))
    throw new RuleError(`${JSON.stringify(word)} is not one of ${Object.keys(meanings).join(', ')}`);
  return meanings[word] as T;
}

/**
 * Returns the result of `build`.
 *
 * @throws RuleError for every error of `build`, with the field at the start of the message
 */
export function inField<T>(field: string, build: () => T): T {
  try {
    return build();
  } catch (error) {
    throw new RuleError(`${field}: ${error instanceof Error ? error.message : String(error)}`, {
      cause: error,
    });
  }
}

/** Returns the IP versions of a rule: ICMP has one version, all other protocols have both. */
export function familiesOf({ protocol }: { readonly protocol: string }): readonly Family[] {
  if (protocol === 'ICMP') return [4];
  return protocol === 'ICMPv6' ? [6] : [4, 6];
}
