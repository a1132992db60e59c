import type { ExternalNetwork, ProviderNetwork, Segment } from '../../api/index.ts';
import type { Problem } from './problem.ts';
import { ovnName, textProblem } from './spec-checks.ts';

/**
 * The alias of all ExternalNetworks and of all ProviderNetworks on a physical network. Each of these kinds depends on
 * the other one: a segment belongs to ExternalNetworks or to Subnets.
 */
export const onPhysicalNetwork = (physicalNetwork: string): string => `physical-network/${physicalNetwork}`;

/** Returns the segment of an ExternalNetwork. */
export function externalSegment({ spec }: Pick<ExternalNetwork, 'spec'>): Segment {
  return { physicalNetwork: spec.physicalNetwork, vlanID: spec.vlanID };
}

/** Returns a problem if a row cannot contain the name of the physical network. */
export function physicalNetworkProblem(name: string): Problem | undefined {
  return textProblem('spec.physicalNetwork', name, ovnName, 63);
}

/** Whether Subnets may use the VLAN, or the untagged frames, through a ProviderNetwork. */
export function listsVlan({ spec }: ProviderNetwork, vlanID: number | undefined): boolean {
  if (physicalNetworkProblem(spec.physicalNetwork) !== undefined) return false;
  if (vlanID === undefined) return spec.untagged === 'Allowed';
  if (!Number.isInteger(vlanID)) return false;
  return (spec.vlanIDs ?? []).some(({ min, max = min }) => min <= vlanID && vlanID <= max);
}
