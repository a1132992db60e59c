/** Projects on the same ExternalNetwork, and the external addresses in their rows. */
import { externalNetwork, namespace, natRule, portIn, subnet, vpc } from './manifests.ts';
import { OfflineCluster, printable, type Manifest } from './offline-cluster.ts';

export const externalNetworkRef = { name: 'public' };

const cidrs: Readonly<Record<string, string>> = {
  mine: '10.1.0.0/16',
  rival: '10.2.0.0/16',
  third: '10.3.0.0/16',
};

/** Returns the VPC of a project, with or without a gateway. */
export const withGateway = (ns: string, externalGateway?: object): Manifest =>
  vpc('net', { cidr: cidrs[ns], defaults: 'None', externalGateway }, ns);

/** Returns a DNAT rule for the project's Port `p`. */
export const forwarding = (name: string, spec: object, ns: string): Manifest =>
  natRule(
    name,
    { type: 'DNAT', protocol: 'TCP', externalPort: 80, target: { portRef: { name: 'p' } }, ...spec },
    ns,
  );

/**
 * Returns a settled cluster with the projects `mine` and `rival`. Each has a gateway on the ExternalNetwork `public`
 * and a Port `p`.
 */
export async function tenants(network: Readonly<Record<string, unknown>> = {}): Promise<OfflineCluster> {
  const cluster = new OfflineCluster();
  cluster.apply(externalNetwork('public', network));
  for (const ns of ['mine', 'rival']) {
    cluster.apply(namespace(ns));
    cluster.apply(withGateway(ns, { externalNetworkRef }));
    cluster.apply(subnet('web', {}, ns));
    cluster.apply(portIn('web', 'p', {}, ns));
  }
  await cluster.settle();
  return cluster;
}

/** Returns the external addresses in the rows of each object (`Kind/namespace/name`), from the database. */
export function translations({ writer }: OfflineCluster): ReadonlyMap<string, readonly string[]> {
  return new Map(
    [...writer.written()].map(({ owner, desired }) => [
      `${owner.kind}/${owner.namespace}/${owner.name}`,
      JSON.stringify(desired.rows.map(({ columns }) => printable(columns))).match(/203\.0\.113\.\d+/g) ?? [],
    ]),
  );
}
