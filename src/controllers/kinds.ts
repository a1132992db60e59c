import type { Kinds } from '../api/index.ts';
import type { KubeObject } from '../reconcile/index.ts';
import type { KindName } from './common/env.ts';
import { externalNetwork } from './externalnetwork/index.ts';
import { floatingIP } from './floatingip/index.ts';
import type { KindModule } from './kind-module.ts';
import { natRule } from './natrule/index.ts';
import { port } from './port/index.ts';
import { projectPolicy } from './projectpolicy/index.ts';
import { securityGroup } from './securitygroup/index.ts';
import { subnet } from './subnet/index.ts';
import { trafficPolicy } from './trafficpolicy/index.ts';
import { providerNetwork } from './providernetwork/index.ts';
import { vpc } from './vpc/index.ts';
import { vpcPeering } from './vpcpeering/index.ts';

/**
 * All kinds of the API group. This is the only list of kinds: a missing entry is a compile error. Each kind comes
 * after the kinds that it refers to, so that the rebuild of the pools restores a parent before its children.
 */
export const kinds = {
  ExternalNetwork: externalNetwork,
  ProviderNetwork: providerNetwork,
  ProjectPolicy: projectPolicy,
  VPC: vpc,
  Subnet: subnet,
  SecurityGroup: securityGroup,
  TrafficPolicy: trafficPolicy,
  Port: port,
  FloatingIP: floatingIP,
  NatRule: natRule,
  VPCPeering: vpcPeering,
} satisfies { readonly [K in keyof Kinds]: KindModule<Kinds[K]> };

/** The names of all kinds, in the order of {@link kinds}. */
export const kindNames = Object.keys(kinds) as readonly KindName[];

/** All modules by kind, for code that treats all kinds alike. Callers must pass only objects of the module's kind. */
export const modules = kinds as unknown as Readonly<Record<KindName, KindModule<KubeObject>>>;

/**
 * Whether `kind` is a kind of this operator. The result is false for `Namespace`, and for a kind that only a newer
 * operator knows.
 */
export function isKind(kind: string): kind is KindName {
  return Object.hasOwn(kinds, kind);
}
