import { resources, type ProjectPolicy } from '../../api/index.ts';
import type { Kind } from '../../reconcile/index.ts';
import { anyPolicy } from '../common/policies.ts';

export const projectPolicyKind: Kind<ProjectPolicy> = {
  type: resources.ProjectPolicy,
  /** Which policy applies to a namespace depends on all policies, so objects refer to all of them. */
  aliases: () => [anyPolicy],
  facts: ({ metadata: { uid }, spec }) => ({ uid, spec }),
};
