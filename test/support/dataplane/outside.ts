/** Manifests (YAML) of external networks, which several suites use. */
import { internet } from '../../../src/dev/lab/index.ts';

/** An ExternalNetwork `public` on the lab's physical network, for all namespaces, with two hosts as gateways. */
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
 * A VPC `net` with the external gateway `public`, a Subnet `apps` (`<prefix>.1.0/24`; `prefix` is the first half of an
 * address), and a default group that allows all traffic.
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
