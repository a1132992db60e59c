/** Networks that lead outside, as several suites have them; YAML. */
import { internet } from '../../../src/dev/lab/index.ts';

/** An ExternalNetwork `public` on the lab's physical network, for everybody, with the first two hosts as gateways. */
export const publicNetwork = `
apiVersion: network.plasmavmc.io/v1alpha1
kind: ExternalNetwork
metadata: { name: public }
spec:
  physicalNetwork: physnet1
  cidr: ${internet.externalCidr}
  gateway: ${internet.router}
  allocationPools: [{ start: 203.0.113.101, end: 203.0.113.200 }]
  allowedNamespaces: { selector: {} }
  gatewayChassis: { mode: Named, names: [hv1, hv2] }
`;

/**
 * A VPC `net` of a namespace with a way out to `public`, a Subnet `apps` (the .1 of `prefix`, the first half of an
 * address) and a default group that lets everything pass.
 */
export const openProject = (namespace: string, prefix: string): string => `
apiVersion: network.plasmavmc.io/v1alpha1
kind: VPC
metadata: { name: net, namespace: ${namespace} }
spec: { cidr: ${prefix}.0.0/16, defaults: None, externalGateway: { externalNetworkRef: { name: public } } }
---
apiVersion: network.plasmavmc.io/v1alpha1
kind: Subnet
metadata: { name: apps, namespace: ${namespace} }
spec: { cidr: ${prefix}.1.0/24 }
---
apiVersion: network.plasmavmc.io/v1alpha1
kind: SecurityGroup
metadata: { name: default, namespace: ${namespace} }
spec: { ingress: [{ protocol: All }], egress: [{ protocol: All }] }
`;
