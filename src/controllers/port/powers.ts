import {
  containsCidr,
  formatCidr,
  parseCidr,
  type Cidr,
  type Port,
  type PortPowers,
} from '../../api/index.ts';
import type { Problem } from '../common/problem.ts';
import { noPowers } from '../common/policies.ts';
import type { Env } from '../common/env.ts';

type Spec = Port['spec'];

/** Whether the spec of a Port uses a power that administrators can forbid. */
export const usesPower = ({ trafficFiltering, spoofingProtection, allowedAddresses = [] }: Spec): boolean =>
  trafficFiltering === 'Disabled' || spoofingProtection !== 'MACAndIP' || allowedAddresses.length > 0;

/** A Port without the powers that its namespace does not have. */
interface Restricted {
  readonly port: Port;
  /** Which powers the spec uses without permission. */
  readonly forbidden: Problem | undefined;
}

/** The Subnet of a Port, as far as it decides which powers the Port has. */
interface Place {
  readonly isProvider: boolean;
  /** The range of the Subnet; undefined while it is unknown. */
  readonly cidr: Cidr | undefined;
}

/**
 * Returns the Port without the powers that its namespace does not have. While it is not known which policy applies to
 * the namespace, the Port has no powers.
 */
export function restrict({ policies }: Pick<Env, 'policies'>, port: Port, place: Place): Restricted {
  const { namespace = '' } = port.metadata;
  const isKnown = policies.isKnown(namespace);
  return withPowers(port, isKnown ? policies.powers(namespace, place.isProvider) : noPowers, place);
}

/**
 * Returns the Port with the safe value in place of each forbidden power: its traffic is filtered, OVN checks its MAC
 * and IP addresses, and forbidden entries of `allowedAddresses` have no effect.
 */
function withPowers(port: Port, powers: PortPowers, place: Place): Restricted {
  const { spec } = port;
  if (!usesPower(spec)) return { port, forbidden: undefined };
  const forbidden: string[] = [];
  const safe = (isForbidden: boolean, text: string): boolean => {
    if (isForbidden) forbidden.push(text);
    return isForbidden;
  };
  const isFiltered = safe(
    spec.trafficFiltering === 'Disabled' && powers.trafficFilteringDisabled === 'Forbidden',
    'trafficFiltering: Disabled',
  );
  const isProtected =
    safe(
      spec.spoofingProtection === 'Disabled' && powers.spoofingProtectionDisabled === 'Forbidden',
      'spoofingProtection: Disabled',
    ) ||
    safe(
      spec.spoofingProtection === 'MACOnly' && powers.spoofingProtectionMACOnly === 'Forbidden',
      'spoofingProtection: MACOnly',
    );
  const allowedAddresses = spec.allowedAddresses?.filter(
    ({ cidr }, index) => !safe(!mayAllow(cidr, powers, place), `allowedAddresses[${index}] (${cidr})`),
  );
  if (forbidden.length === 0) return { port, forbidden: undefined };
  const restricted: Spec = {
    ...spec,
    ...(isFiltered ? { trafficFiltering: 'Enabled' } : {}),
    ...(isProtected ? { spoofingProtection: 'MACAndIP' } : {}),
    ...(allowedAddresses === undefined ? {} : { allowedAddresses }),
  };
  return { port: { ...port, spec: restricted }, forbidden: problemOf(forbidden, powers, place) };
}

/** Whether an entry of `allowedAddresses` may take effect. The addressing of the Port reports a malformed entry. */
function mayAllow(text: string, powers: PortPowers, { cidr: within }: Place): boolean {
  if (powers.allowedAddresses === 'None') return false;
  const cidr = parseCidr(text, { family: 4 });
  if (!cidr.ok) return true;
  const isWide = cidr.value.prefix < powers.minAllowedPrefixLength;
  if (isWide || powers.allowedAddresses === 'Any') return !isWide;
  return within !== undefined && containsCidr(within, cidr.value);
}

function problemOf(
  fields: readonly string[],
  { allowedAddresses, minAllowedPrefixLength }: PortPowers,
  { isProvider, cidr }: Place,
): Problem {
  const where = isProvider ? ' in a Subnet on a provider network' : '';
  const allowed = {
    Any: `networks of at least /${minAllowedPrefixLength}`,
    WithinSubnet: `networks of at least /${minAllowedPrefixLength} inside ${cidr === undefined ? 'the Subnet' : formatCidr(cidr)}`,
    None: 'none',
  }[allowedAddresses];
  const hint = fields.some((field) => field.startsWith('allowedAddresses'))
    ? ` Allowed entries of allowedAddresses: ${allowed}.`
    : '';
  const message =
    `Administrators do not allow Ports of this namespace${where} to set ${fields.join(', ')}. The operator ignores ` +
    `these values and uses the safe ones.${hint} Remove them from the spec, or ask an administrator for permission.`;
  return { reason: 'PowerForbidden', message };
}
