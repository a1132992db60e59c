import type { Port } from '../../api/index.ts';
import type { Problem } from '../common/problem.ts';
import { dhcpProblem, ovnName, textProblem } from '../common/spec-checks.ts';

/** Returns the first value of a Port's spec, except its addresses, that a row cannot contain. */
export function specProblem({ dhcp, attachment }: Port['spec']): Problem | undefined {
  return (
    dhcpProblem(dhcp) ??
    textProblem('spec.attachment.host', attachment?.host, ovnName, 253) ??
    textProblem('spec.attachment.migrationTargetHost', attachment?.migrationTargetHost, ovnName, 253)
  );
}
