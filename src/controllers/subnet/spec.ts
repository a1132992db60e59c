import type { Subnet } from '../../api/index.ts';
import type { Problem } from '../common/problem.ts';
import { dhcpProblem, NAME, numberProblem, textProblem } from '../common/spec-checks.ts';

/** The first value of a Subnet's spec that a row cannot hold. */
export function specProblem({ dhcp, mtu, provider }: Subnet['spec']): Problem | undefined {
  return (
    dhcpProblem(dhcp) ??
    numberProblem('spec.mtu', mtu, 576, 9216) ??
    textProblem('spec.provider.physicalNetwork', provider?.physicalNetwork, NAME, 63) ??
    numberProblem('spec.provider.vlanID', provider?.vlanID, 1, 4094)
  );
}
