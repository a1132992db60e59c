/** A project that is peered with the project of examples/openstack-classic. */
import { API_VERSION } from '../../../src/api/index.ts';

/** The project advertises its Subnet `apps`, but not its Subnet `private`. */
export const partner = `
apiVersion: v1
kind: Namespace
metadata: { name: partner, labels: { network.plasmavmc.io/organization: classic } }
---
apiVersion: ${API_VERSION}
kind: VPC
metadata: { name: net, namespace: partner }
spec: { cidr: 10.50.0.0/16, defaults: None }
---
apiVersion: ${API_VERSION}
kind: Subnet
metadata: { name: apps, namespace: partner }
spec: { cidr: 10.50.1.0/24 }
---
apiVersion: ${API_VERSION}
kind: Subnet
metadata: { name: private, namespace: partner }
spec: { cidr: 10.50.2.0/24 }
---
apiVersion: ${API_VERSION}
kind: Port
metadata: { name: app, namespace: partner }
spec: { subnetRef: { name: apps }, ipAddress: 10.50.1.11, trafficFiltering: Disabled, securityGroupRefs: [] }
---
apiVersion: ${API_VERSION}
kind: Port
metadata: { name: secret, namespace: partner }
spec: { subnetRef: { name: private }, ipAddress: 10.50.2.11, trafficFiltering: Disabled, securityGroupRefs: [] }
---
apiVersion: ${API_VERSION}
kind: VPCPeering
metadata: { name: classic, namespace: partner }
spec: { peer: { namespace: classic }, advertisedCIDRs: [10.50.1.0/24] }
---
apiVersion: ${API_VERSION}
kind: VPCPeering
metadata: { name: partner, namespace: classic }
spec: { peer: { namespace: partner } }
`;
