import type { Subnet } from '../../api/index.ts';
import type { Problem } from '../common/problem.ts';
import { dhcpProblem, numberProblem } from '../common/spec-checks.ts';

/** Returns the first value of a Subnet's spec that a row cannot contain. */
export function specProblem({ dhcp, mtu, provider }: Subnet['spec']): Problem | undefined {
  return (
    dhcpProblem(dhcp) ??
    numberProblem('spec.mtu', mtu, 576, 9216) ??
    numberProblem('spec.provider.vlanID', provider?.vlanID, 1, 4094)
  );
}
