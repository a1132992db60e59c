import type { TrafficPolicy } from '../../api/index.ts';
import type { DesiredState } from '../../ovn/index.ts';
import type { Intent } from '../common/converge.ts';
import type { Env } from '../common/env.ts';
import type { KindController } from '../common/kind-reconciler.ts';
import { holdRules, tooManyRules } from '../common/limits.ts';
import type { Problem } from '../common/problem.ts';
import type { Limits } from '../settings.ts';
import { aclRow, groupWith, type Acl } from '../rows/acl.ts';
import { countPorts } from '../rows/group-members.ts';
import { policyGroupName, policyGroupUuid } from '../rows/names.ts';
import { RuleError } from '../rows/rule.ts';
import { missingSubnets } from './membership.ts';
import { dropAllAcls, policyAcls, type PolicyAcls } from './rules.ts';

/**
 * Decides on a TrafficPolicy: its port group and the ACLs that drop traffic. A policy prevents the deletion of no
 * object, and no object prevents the deletion of a policy.
 */
export class TrafficPolicyController implements KindController<TrafficPolicy> {
  readonly #env: Env;

  constructor(env: Env) {
    this.#env = env;
  }

  intent(_key: string, policy: TrafficPolicy): Intent<object> {
    const { stores, settings, writer } = this.#env;
    const found = aclsOrProblem(policy, settings.limits);
    const problem = holdRules(this.#env, policy, found.problem, CONSEQUENCE);
    const { acls, matchCount } =
      problem === undefined ? found : dropAllAcls(policyGroupName(policy.metadata.uid));
    const missing = missingSubnets(stores, policy);
    return {
      // If a policy cannot be expressed, it forbids everything, and the condition states that: a restriction must not
      // fail open.
      desired: planPolicy(policy.metadata.uid, acls),
      accepted: problem,
      resolvedRefs: missing.length === 0 ? undefined : missingProblem(missing),
      status: (programmed) => ({
        matchCount: programmed ? matchCount : policy.status?.matchCount,
        portCount:
          programmed || policy.status?.portCount !== undefined
            ? countPorts(writer, policyGroupUuid(policy.metadata.uid))
            : undefined,
      }),
    };
  }
}

const CONSEQUENCE = 'Until you correct the rules, the policy forbids everything.';

/** Returns the rows of a TrafficPolicy: a port group that its Ports join, with ACLs that drop traffic. */
function planPolicy(uid: string, acls: readonly Acl[]): DesiredState {
  const rows = acls.map((acl) => aclRow(uid, acl));
  return groupWith(policyGroupUuid(uid), policyGroupName(uid), rows);
}

function aclsOrProblem(
  { metadata, spec }: TrafficPolicy,
  limits: Limits,
): PolicyAcls & { readonly problem: Problem | undefined } {
  const group = policyGroupName(metadata.uid);
  try {
    const acls = policyAcls(spec, group);
    const problem = tooManyRules(spec, acls.acls, limits, CONSEQUENCE) ?? tooManyFlows(acls, limits);
    return { ...(problem === undefined ? acls : dropAllAcls(group)), problem };
  } catch (error) {
    if (!(error instanceof RuleError)) throw error;
    const message = `${error.message}. ${CONSEQUENCE} Correct the rule.`;
    return { ...dropAllAcls(group), problem: { reason: 'InvalidRule', message } };
  }
}

/** Returns a problem if the policy alone exceeds the limit of a Port. */
function tooManyFlows({ matchCount }: PolicyAcls, { matchesPerPort }: Limits): Problem | undefined {
  if (!(matchCount > matchesPerPort)) return undefined;
  const message =
    `The rules need ${matchCount} flow matches on a hypervisor; the limit is ${matchesPerPort} (limits.matchesPerPort). ` +
    `${CONSEQUENCE} A rule of the protocol All with a CIDR needs about 250 flow matches for each bit of the prefix if ` +
    'other rules list protocols; use larger networks, or list protocols.';
  return { reason: 'TooManyRules', message };
}

function missingProblem(names: readonly string[]): Problem {
  const quoted = names.map((name) => `"${name}"`).join(', ');
  const message = `There is no Subnet ${quoted} in the namespace; create the Subnet, or correct the name.`;
  return { reason: 'SubnetNotFound', message };
}
