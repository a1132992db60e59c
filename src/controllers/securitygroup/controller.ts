import type { SecurityGroup } from '../../api/index.ts';
import type { DesiredState, OvnSymbol } from '../../ovn/index.ts';
import { refKey } from '../../reconcile/index.ts';
import type { Intent } from '../common/converge.ts';
import { namesOfUsers } from '../common/deletion.ts';
import type { Env } from '../common/env.ts';
import type { KindController } from '../common/kind-reconciler.ts';
import { holdRules, matchCount, tooManyRules } from '../common/limits.ts';
import type { Problem } from '../common/problem.ts';
import type { Limits } from '../settings.ts';
import { aclRow, groupWith, type Acl } from '../rows/acl.ts';
import { countPorts } from '../rows/group-members.ts';
import { groupName, groupUuid } from '../rows/names.ts';
import { RuleError } from '../rows/rule.ts';
import { isInOvn, missingGroups, remoteGroupNames } from './kind.ts';
import { ruleAcls } from './rules.ts';

/** Decides on a SecurityGroup: its port group and ACLs. */
export class SecurityGroupController implements KindController<SecurityGroup> {
  readonly #env: Env;

  constructor(env: Env) {
    this.#env = env;
  }

  /**
   * Returns the users of a group. A group that is being deleted does not count, so that two groups that refer to each
   * other can be deleted.
   */
  users(key: string, group: SecurityGroup): readonly string[] {
    return namesOfUsers(
      this.#env.usersOf('SecurityGroup', [key]),
      ({ kind, metadata }) => kind !== 'SecurityGroup' || metadata.uid !== group.metadata.uid,
    );
  }

  intent(_key: string, group: SecurityGroup): Intent<object> {
    const { stores, settings, writer } = this.#env;
    const { uid, namespace = '' } = group.metadata;
    const remotes = this.#remotes(group);
    const found = aclsOrProblem(group, (name) => remotes.get(name), settings.limits);
    const problem = holdRules(this.#env, group, found.problem, CONSEQUENCE);
    const acls = problem === undefined ? found.acls : [];
    const missing = remoteGroupNames(group.spec).filter((name) => !remotes.has(name));
    return {
      // If a rule cannot be expressed, the whole group allows nothing (invariant 10), and the condition states that.
      desired: planGroup(uid, acls),
      accepted: problem,
      resolvedRefs: missingGroups(
        stores.SecurityGroup,
        namespace,
        missing,
        'rules that refer to a missing group match nothing',
      ),
      status: (programmed) => ({
        ruleCount: programmed ? acls.length : group.status?.ruleCount,
        matchCount: programmed ? matchCount(acls) : group.status?.matchCount,
        portCount: countPorts(writer, groupUuid(uid)),
      }),
    };
  }

  /**
   * Returns the port groups of the remote groups in the rules: the group itself, and other groups that OVN contains.
   */
  #remotes(group: SecurityGroup): ReadonlyMap<string, OvnSymbol> {
    const { namespace = '', name: self } = group.metadata;
    const { stores, writer } = this.#env;
    const found = new Map<string, OvnSymbol>();
    for (const name of remoteGroupNames(group.spec)) {
      const remote = name === self ? group : stores.SecurityGroup.get(refKey({ namespace, name }));
      if (remote !== undefined && (remote === group || isInOvn(writer, remote))) {
        found.set(name, groupName(remote.metadata.uid));
      }
    }
    return found;
  }
}

const CONSEQUENCE = 'Until you correct the rules, the group allows nothing.';

/** Returns the rows of a SecurityGroup: a port group that its Ports join, with one ACL per rule. */
function planGroup(uid: string, acls: readonly Acl[]): DesiredState {
  const rows = new Map(acls.map((acl) => aclRow(uid, acl)).map((each) => [each.uuid, each]));
  return groupWith(groupUuid(uid), groupName(uid), [...rows.values()]);
}

function aclsOrProblem(
  { metadata, spec }: SecurityGroup,
  remote: (name: string) => OvnSymbol | undefined,
  limits: Limits,
): { acls: readonly Acl[]; problem: Problem | undefined } {
  try {
    const acls = ruleAcls(spec, groupName(metadata.uid), remote);
    const problem = tooManyRules(spec, acls, limits, CONSEQUENCE);
    return { acls: problem === undefined ? acls : [], problem };
  } catch (error) {
    if (!(error instanceof RuleError)) throw error;
    return {
      acls: [],
      problem: { reason: 'InvalidRule', message: `${error.message}. ${CONSEQUENCE} Correct the rule.` },
    };
  }
}
