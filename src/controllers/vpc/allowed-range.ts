import {
  addressCount,
  containsCidr,
  formatCidr,
  parseCidr,
  type Cidr,
  type ProjectPolicy,
} from '../../api/index.ts';
import type { Problem } from '../common/problem.ts';
import type { NetworkSettings } from '../settings.ts';

type RangeSettings = Pick<NetworkSettings, 'vpcRanges' | 'minVpcPrefix'>;

/** Returns the shortest prefix length of a VPC: the largest VPC that administrators allow. */
export const minPrefix = (settings: RangeSettings, policy: ProjectPolicy | undefined): number =>
  policy?.spec.minVPCPrefixLength ?? settings.minVpcPrefix;

/**
 * Returns why a VPC may not name this range. Administrators list the ranges and the largest size: a VPC with a public
 * range would attract traffic that is meant for the owner of the range, and a large VPC leaves no range to others.
 */
export function rangeProblem(
  cidr: Cidr,
  settings: RangeSettings,
  policy: ProjectPolicy | undefined,
): Problem | undefined {
  const shortest = minPrefix(settings, policy);
  if (cidr.prefix < shortest) {
    const size = { ...cidr, prefix: shortest };
    const message =
      `${formatCidr(cidr)} has ${addressCount(cidr)} addresses; the largest allowed VPC is a /${shortest} with ` +
      `${addressCount(size)} addresses. Create the VPC with a smaller cidr, or ask an administrator for a larger VPC.`;
    return { reason: 'RangeNotAllowed', message };
  }
  const allowed = allowedRanges(settings, policy);
  if (allowed.some((range) => containsCidr(range, cidr))) return undefined;
  const listed = allowed.length === 0 ? 'none' : allowed.map(formatCidr).join(', ');
  const message =
    `${formatCidr(cidr)} is not inside a network that administrators allow for VPCs (${listed}); ` +
    'create the VPC with another cidr, or without cidr, or ask an administrator for the network.';
  return { reason: 'RangeNotAllowed', message };
}

/** Returns the allowed networks. A malformed network, which the schema normally rejects, allows nothing. */
function allowedRanges(settings: RangeSettings, policy: ProjectPolicy | undefined): readonly Cidr[] {
  if (policy?.spec.vpcRanges === undefined) return settings.vpcRanges;
  return policy.spec.vpcRanges.flatMap((text) => {
    const parsed = parseCidr(text, { family: 4 });
    return parsed.ok ? [parsed.value] : [];
  });
}
