import type { Port, TrafficPolicy } from '../../api/index.ts';
import { keyOf } from '../../reconcile/index.ts';
import type { Stores } from '../common/env.ts';
import { weightOf } from '../common/limits.ts';
import type { Problem } from '../common/problem.ts';
import type { Limits } from '../settings.ts';
import { isolationGroupUuid, policyGroupUuid } from '../rows/names.ts';
import { appliesTo, portKeys } from './selection.ts';

/**
 * The number of policies with a key of the Port, as a multiple of the limit for policies that apply to a Port. Above
 * it, the operator does not compare the policies with the Port.
 */
const CANDIDATES_PER_POLICY = 8;

/** The UIDs of a Port's Subnet and VPC, as far as they are known. */
export interface Surroundings {
  readonly subnetUid: string | undefined;
  readonly vpcUid: string | undefined;
}

/** The restrictions of a Port by TrafficPolicies. */
export interface Restrictions {
  /**
   * The port groups (UUIDs, sorted) that the Port joins: the group of each policy that applies to the Port, and the
   * isolation groups of its Subnet and VPC. If OVN does not contain the group of a policy yet, the Port waits for it.
   */
  readonly groups: readonly string[];
  /** Within what the policies isolate the Port. */
  readonly isolations: ReadonlySet<'Subnet' | 'VPC'>;
  /** Why OVN must drop all traffic of the Port: the policies exceed a limit, and no restriction may be ignored. */
  readonly excess: Problem | undefined;
}

/** Returns the restrictions of a Port. The cost depends on the limit and not on the number of policies. */
export function restrictionsOf(
  { TrafficPolicy: policies }: Pick<Stores, 'TrafficPolicy'>,
  port: Port,
  { subnetUid, vpcUid }: Surroundings,
  { policiesPerPort, matchesPerPort }: Limits,
): Restrictions {
  const keys = [...new Set(portKeys(port))];
  const candidates = keys.reduce((sum, key) => sum + policies.keysByIndex('appliesTo', key).size, 0);
  const most = CANDIDATES_PER_POLICY * policiesPerPort;
  if (candidates > most) {
    const what = `${candidates} TrafficPolicies of the namespace select by a label or Subnet of the Port, or exclude labels`;
    return {
      groups: [],
      isolations: new Set(),
      excess: excessOf(what, `${most} (${CANDIDATES_PER_POLICY} × limits.policiesPerPort)`),
    };
  }
  const groups = new Set<string>();
  const isolations = new Set<'Subnet' | 'VPC'>();
  let count = 0;
  let matches = 0;
  for (const policy of keys.flatMap((key) => [...policies.byIndex('appliesTo', key)])) {
    if (!appliesTo(policy, port)) continue;
    count++;
    groups.add(policyGroupUuid(policy.metadata.uid));
    matches += weightOf(policy.status);
    // A value that the schema does not contain isolates most.
    const { isolation } = policy.spec;
    if (isolation !== 'None') isolations.add(isolation === 'VPC' ? 'VPC' : 'Subnet');
  }
  if (isolations.has('Subnet') && subnetUid !== undefined) groups.add(isolationGroupUuid(subnetUid));
  if (isolations.has('VPC') && vpcUid !== undefined) groups.add(isolationGroupUuid(vpcUid));
  if (count > policiesPerPort) {
    const what = `${count} TrafficPolicies apply to the Port`;
    return { groups: [], isolations, excess: excessOf(what, `${policiesPerPort} (limits.policiesPerPort)`) };
  }
  if (matches > matchesPerPort) {
    const what = `The TrafficPolicies of the Port count as ${matches} flow matches, each policy rounded up`;
    return { groups: [], isolations, excess: excessOf(what, `${matchesPerPort} (limits.matchesPerPort)`) };
  }
  return { groups: [...groups].sort(), isolations, excess: undefined };
}

const excessOf = (what: string, limit: string): Problem => ({
  reason: 'TooManyPolicies',
  message:
    `${what}; the limit is ${limit}. Until fewer policies apply, OVN drops all traffic of the Port. ` +
    'Merge TrafficPolicies, or narrow their appliesTo.',
});

/** Returns the names of the Subnets in the policy that do not exist. */
export function missingSubnets(
  { Subnet: subnets }: Pick<Stores, 'Subnet'>,
  policy: TrafficPolicy,
): readonly string[] {
  const { namespace = '' } = policy.metadata;
  const names = (policy.spec.appliesTo.subnetRefs ?? []).map(({ name }) => name);
  return names.filter((name) => subnets.get(keyOf({ metadata: { namespace, name } })) === undefined);
}
