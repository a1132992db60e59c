import { parseAddress, type Port, type PortDHCP, type Subnet } from '../../api/index.ts';
import type { Problem } from './problem.ts';

/*
 * What goes into rows as text or as a number, checked again. The schema has refused all of this; but OVN makes actions
 * and lists of the text (`domain_name` and addresses of DHCP, `requested-chassis`), so it is not left to one check.
 */

const domain = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
const name = /^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?$/;

/** What of a Subnet's spec cannot stand in a row. */
export function subnetProblem({ dhcp, mtu, provider }: Subnet['spec']): Problem | undefined {
  return (
    dhcpProblem(dhcp) ??
    numberProblem('spec.mtu', mtu, 576, 9216) ??
    textProblem('spec.provider.physicalNetwork', provider?.physicalNetwork, name, 63) ??
    numberProblem('spec.provider.vlanID', provider?.vlanID, 1, 4094)
  );
}

/** What of a Port's spec cannot stand in a row, besides its addresses. */
export function portProblem({ dhcp, attachment }: Port['spec']): Problem | undefined {
  return (
    dhcpProblem(dhcp) ??
    textProblem('spec.attachment.host', attachment?.host, name, 253) ??
    textProblem('spec.attachment.migrationTargetHost', attachment?.migrationTargetHost, name, 253)
  );
}

/** What of DHCP options cannot. */
export function dhcpProblem(dhcp: PortDHCP = {}): Problem | undefined {
  for (const field of ['dnsServers', 'ntpServers'] as const) {
    for (const [index, text] of (dhcp[field] ?? []).entries()) {
      const parsed = parseAddress(text, { family: 4 });
      if (!parsed.ok) {
        return { reason: 'InvalidCIDR', message: `spec.dhcp.${field}[${index}]: ${parsed.message}` };
      }
    }
  }
  return (
    textProblem('spec.dhcp.domainName', dhcp.domainName, domain, 253) ??
    numberProblem('spec.dhcp.leaseSeconds', dhcp.leaseSeconds, 60, 31_536_000)
  );
}

function textProblem(
  field: string,
  text: string | undefined,
  grammar: RegExp,
  limit: number,
): Problem | undefined {
  if (text === undefined || (text.length <= limit && grammar.test(text))) return undefined;
  return { reason: 'InvalidSpec', message: `${field}: not a name that OVN can be told.` };
}

function numberProblem(
  field: string,
  value: number | undefined,
  min: number,
  max: number,
): Problem | undefined {
  if (value === undefined || (Number.isInteger(value) && value >= min && value <= max)) return undefined;
  return { reason: 'InvalidSpec', message: `${field}: must be an integer from ${min} to ${max}.` };
}
