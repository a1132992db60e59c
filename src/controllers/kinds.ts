import type { Kind, KubeObject, Reconciler } from '../reconcile/index.ts';
import type { Env } from './common/env.ts';
import { ExternalNetworkReconciler } from './externalnetwork/controller.ts';
import { externalNetworkKind } from './externalnetwork/kind.ts';
import { FloatingIPReconciler } from './floatingip/controller.ts';
import { floatingIPKind } from './floatingip/kind.ts';
import { NatRuleReconciler } from './natrule/controller.ts';
import { natRuleKind } from './natrule/kind.ts';
import { PortReconciler } from './port/controller.ts';
import { portKind } from './port/kind.ts';
import { SecurityGroupReconciler } from './securitygroup/controller.ts';
import { securityGroupKind } from './securitygroup/kind.ts';
import { SubnetReconciler } from './subnet/controller.ts';
import { subnetKind } from './subnet/kind.ts';
import { TrafficPolicyReconciler } from './trafficpolicy/controller.ts';
import { trafficPolicyKind } from './trafficpolicy/kind.ts';
import { VpcReconciler } from './vpc/controller.ts';
import { namespaceKind, vpcKind } from './vpc/kind.ts';
import { VPCPeeringReconciler } from './vpcpeering/controller.ts';
import { vpcPeeringKind } from './vpcpeering/kind.ts';

/** Every kind that is followed, with its reconciler where it is reconciled. */
export function addKinds(
  env: Env,
  add: <T extends KubeObject>(kind: Kind<T>, reconciler?: Reconciler<T>) => void,
): void {
  add(namespaceKind);
  add(vpcKind, new VpcReconciler(env));
  add(subnetKind, new SubnetReconciler(env));
  add(portKind, new PortReconciler(env));
  add(securityGroupKind, new SecurityGroupReconciler(env));
  add(trafficPolicyKind, new TrafficPolicyReconciler(env));
  add(externalNetworkKind, new ExternalNetworkReconciler(env));
  add(floatingIPKind, new FloatingIPReconciler(env));
  add(natRuleKind, new NatRuleReconciler(env));
  add(vpcPeeringKind, new VPCPeeringReconciler(env));
}
