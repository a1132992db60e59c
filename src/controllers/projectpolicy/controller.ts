import { parseCidr, type ProjectPolicy } from '../../api/index.ts';
import { nothing } from '../../ovn/index.ts';
import type { Intent } from '../common/converge.ts';
import type { Env } from '../common/env.ts';
import type { KindController } from '../common/kind-reconciler.ts';
import { collect, fromParsed } from '../common/problem.ts';

/**
 * Decides on a ProjectPolicy, which has no rows: other kinds ask for the policy of their namespace (`Policies`). The
 * status shows to how many namespaces the policy applies.
 */
export class ProjectPolicyController implements KindController<ProjectPolicy> {
  readonly #env: Env;

  constructor(env: Env) {
    this.#env = env;
  }

  intent(key: string, { spec }: ProjectPolicy): Intent<object> {
    const ranges = collect(
      (spec.vpcRanges ?? []).map((text, index) =>
        fromParsed(parseCidr(text, { family: 4 }), `spec.vpcRanges[${index}]`),
      ),
    );
    return {
      desired: nothing,
      accepted: ranges.ok ? undefined : ranges.problem,
      status: () => ({ namespaceCount: this.#env.policies.count(key) }),
    };
  }
}
