import type { Given } from './arguments.ts';
import type { KindNames } from './names.ts';

/** The text of the module, `index.ts`. */
export function indexText({ kind, camel, pascal, description }: Given): string {
  return `/** ${kind}: ${description.slice(kind.length + 1)} */
import type { ${kind} } from '../../api/index.ts';
import type { KindModule } from '../kind-module.ts';
import { ${pascal}Controller } from './controller.ts';
import { ${camel}Kind } from './kind.ts';

export const ${camel}: KindModule<${kind}> = {
  kind: ${camel}Kind,
  controller: (env) => new ${pascal}Controller(env),
  writers: 'tenants',
  hasRows: true,
  hasFinalizer: false,
  keeps: { VPC: 'vpc' },
};
`;
}

/** The text of `kind.ts`. */
export function kindText({ kind, camel }: KindNames): string {
  return `import { resources, type ${kind} } from '../../api/index.ts';
import type { Kind } from '../../reconcile/index.ts';
import { vpcKeys } from '../vpc/index.ts';

export const ${camel}Kind: Kind<${kind}> = {
  type: resources.${kind},
  references: {
    /** The VPC counts as used, so a deleted VPC is reconciled when the last user is gone. */
    vpc: { to: 'VPC', keys: vpcKeys, wakesTarget: { afterMs: 500 } },
  },
};
`;
}

/** The text of `controller.ts`. */
export function controllerText({ kind, pascal }: KindNames): string {
  return `import type { ${kind}, VPC } from '../../api/index.ts';
import { nothing } from '../../ovn/index.ts';
import type { Intent } from '../common/converge.ts';
import type { Env } from '../common/env.ts';
import type { KindController } from '../common/kind-reconciler.ts';
import { conditionOf, type Checked } from '../common/problem.ts';
import { requireVpc, vpcNotReady, vpcRange } from '../vpc/index.ts';
import { plan${pascal}, portGroupName } from './plan.ts';

/** Decides on an object of the kind ${kind}: its port group. An object without a ready VPC has no rows. */
export class ${pascal}Controller implements KindController<${kind}> {
  readonly #env: Env;

  constructor(env: Env) {
    this.#env = env;
  }

  intent(_key: string, object: ${kind}): Intent<object> {
    const vpc = this.#readyVpc(object);
    if (!vpc.ok) return { desired: nothing, ...conditionOf(vpc.problem), status: () => ({}) };
    return {
      desired: plan${pascal}(object, vpc.value.metadata.uid),
      // While OVN cannot be written, the status keeps the name of the group that OVN has.
      status: (programmed) => ({
        portGroupName: programmed ? portGroupName(object.metadata.uid) : object.status?.portGroupName,
      }),
    };
  }

  #readyVpc(object: ${kind}): Checked<VPC> {
    const { stores, writer } = this.#env;
    const vpc = requireVpc(stores, object);
    return !vpc.ok || vpcRange(writer, vpc.value) !== undefined ? vpc : vpcNotReady(vpc.value);
  }
}
`;
}

/** The text of `plan.ts`. */
export function planText({ kind, pascal }: KindNames): string {
  return `import type { ${kind} } from '../../api/index.ts';
import { row, rowUuid, symbol, type DesiredState, type OvnSymbol } from '../../ovn/index.ts';

/** Key in \`external_ids\` of the port group: the UID of the VPC. */
const VPC_MARK = 'overlay-network/vpc';

/** The name of an object's port group. */
export const portGroupName = (uid: string): OvnSymbol => symbol(uid);

/** The rows of an object: a port group without ports, which changes no traffic. */
export function plan${pascal}({ metadata: { uid } }: ${kind}, vpcUid: string): DesiredState {
  const group = row('Port_Group', rowUuid(uid, 'group'), {
    name: portGroupName(uid),
    external_ids: { [VPC_MARK]: vpcUid },
  });
  return { rows: [group], memberships: [] };
}
`;
}
