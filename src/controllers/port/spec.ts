import type { Port } from '../../api/index.ts';
import type { Problem } from '../common/problem.ts';
import { dhcpProblem, NAME, textProblem } from '../common/spec-checks.ts';

/** The first value of a Port's spec, its addresses aside, that a row cannot hold. */
export function specProblem({ dhcp, attachment }: Port['spec']): Problem | undefined {
  return (
    dhcpProblem(dhcp) ??
    textProblem('spec.attachment.host', attachment?.host, NAME, 253) ??
    textProblem('spec.attachment.migrationTargetHost', attachment?.migrationTargetHost, NAME, 253)
  );
}
