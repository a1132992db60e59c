import { parseAddress, type PortDHCP } from '../../api/index.ts';
import type { Problem } from './problem.ts';

/*
 * Checks of values that rows contain as text or numbers. The schema of the API rejects the same values. OVN builds
 * actions and lists from the text (`domain_name` and addresses of DHCP, `requested-chassis`), so the operator checks
 * the values again.
 */

/** The form of a text, and how a message describes the form. */
interface Grammar {
  readonly pattern: RegExp;
  readonly description: string;
}

const domainName: Grammar = {
  pattern: /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/,
  description: 'that is a DNS name in lower case',
};

/** The names of hosts and physical networks. */
export const ovnName: Grammar = {
  pattern: /^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?$/,
  description: 'that consists of letters, digits, ".", "_" and "-", with a letter or digit at both ends',
};

/** Returns the first DHCP option that a row cannot contain. */
export function dhcpProblem(dhcp: PortDHCP = {}): Problem | undefined {
  for (const field of ['dnsServers', 'ntpServers'] as const) {
    for (const [index, text] of (dhcp[field] ?? []).entries()) {
      const parsed = parseAddress(text, { family: 4 });
      if (!parsed.ok) {
        return { reason: 'InvalidCIDR', message: `spec.dhcp.${field}[${index}]: ${parsed.message}.` };
      }
    }
  }
  return (
    textProblem('spec.dhcp.domainName', dhcp.domainName, domainName, 253) ??
    numberProblem('spec.dhcp.leaseSeconds', dhcp.leaseSeconds, 60, 31_536_000)
  );
}

/** Returns a problem if the text does not have the form or has more than `limit` characters. */
export function textProblem(
  field: string,
  text: string | undefined,
  { pattern, description }: Grammar,
  limit: number,
): Problem | undefined {
  if (text === undefined || (text.length <= limit && pattern.test(text))) return undefined;
  return {
    reason: 'InvalidSpec',
    message: `${field} is not valid; write a text of at most ${limit} characters ${description}.`,
  };
}

/** Returns a problem if the number is not an integer from `min` to `max`. */
export function numberProblem(
  field: string,
  value: number | undefined,
  min: number,
  max: number,
): Problem | undefined {
  if (value === undefined || (Number.isInteger(value) && value >= min && value <= max)) return undefined;
  return { reason: 'InvalidSpec', message: `${field} is ${value}; set an integer from ${min} to ${max}.` };
}
