/** What the rules of SecurityGroups and TrafficPolicies have in common. */
import { inport, outport, type Family } from '../../ovn/index.ts';

/** A direction of rules, as OVN names it: ingress is what reaches the machine. */
export const directions = {
  ingress: { direction: 'to-lport', remote: 'src', members: outport },
  egress: { direction: 'from-lport', remote: 'dst', members: inport },
} as const;

/** Protocols with ports, and what OVN calls them. */
export const transports = { TCP: 'tcp', UDP: 'udp', SCTP: 'sctp' } as const;

/** A rule that cannot be expressed, and where it stands. */
export class RuleError extends Error {
  override readonly name = 'RuleError';
  readonly code = 'INVALID_RULE';
}

/**
 * What a word of an enumeration stands for. @throws RuleError for a word that is none: the schema lets no such through,
 * but what is stored may be older than the schema, or have been written while there was none.
 */
export function oneOf<T>(meanings: Readonly<Record<string, T>>, word: string): T {
  if (!Object.hasOwn(meanings, word))
    throw new RuleError(`${JSON.stringify(word)} is not one of ${Object.keys(meanings).join(', ')}`);
  return meanings[word] as T;
}

/** What `build` makes. @throws RuleError with the rule's place in front, for whatever it throws. */
export function inPlace<T>(place: string, build: () => T): T {
  try {
    return build();
  } catch (error) {
    throw new RuleError(`${place}: ${error instanceof Error ? error.message : String(error)}`, {
      cause: error,
    });
  }
}

/** ICMP is of one IP version; all else is of both. */
export function familiesOf({ protocol }: { readonly protocol: string }): readonly Family[] {
  if (protocol === 'ICMP') return [4];
  return protocol === 'ICMPv6' ? [6] : [4, 6];
}
