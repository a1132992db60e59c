/** Manifests (YAML) of external networks, which several suites use. */
import { internet } from '../../../src/dev/lab/index.ts';
import type { Guest } from './guest.ts';
import type { TestLab } from './test-lab.ts';

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

/** The port at which the external host tells each client the address from which it connects. */
const SOURCE_PORT = 9000;

/** Starts the service for {@link seenAs} on the external host. */
export async function tellSources(lab: TestLab): Promise<void> {
  const service =
    "require('net').createServer((socket) => socket.end(socket.remoteAddress))" +
    `.listen(${SOURCE_PORT}, '0.0.0.0')`;
  const argv = ['sh', '-c', 'exec "$0" -e "$1" >/dev/null 2>&1 &', process.execPath, service];
  await lab.lab.internet.host.run(argv);
}

/** The source address of the VM's connections, as the external host sees it; empty if the connection fails. */
export async function seenAs(guest: Guest): Promise<string> {
  const argv = ['busybox', 'nc', '-w', '2', internet.host, String(SOURCE_PORT)];
  return (await guest.attempt(argv, { input: '' })).stdout.trim();
}
