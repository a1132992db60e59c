/** ProjectPolicy: what administrators allow tenants in the namespaces that a selector names. */
import type { ProjectPolicy } from '../../api/index.ts';
import type { KindModule } from '../kind-module.ts';
import { ProjectPolicyController } from './controller.ts';
import { projectPolicyKind } from './kind.ts';

export const projectPolicy: KindModule<ProjectPolicy> = {
  kind: projectPolicyKind,
  controller: (env) => new ProjectPolicyController(env),
  hasRows: false,
  hasFinalizer: false,
  writers: 'administrators',
};
