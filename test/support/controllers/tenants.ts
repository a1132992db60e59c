/** Projects beside each other on one ExternalNetwork, and which of its addresses their rows have. */
import { externalNetwork, namespace, natRule, portIn, subnet, vpc } from './manifests.ts';
import { OfflineCluster, printable, type Manifest } from './offline-cluster.ts';

export const externalNetworkRef = { name: 'public' };

const cidrs: Readonly<Record<string, string>> = {
  mine: '10.1.0.0/16',
  rival: '10.2.0.0/16',
  third: '10.3.0.0/16',
};

/** The VPC of a project, with a way out or without. */
export const withGateway = (ns: string, externalGateway?: object): Manifest =>
  vpc('net', { cidr: cidrs[ns], defaults: 'None', externalGateway }, ns);

/** A DNAT to the project's Port `p`. */
export const forwarding = (name: string, spec: object, ns: string): Manifest =>
  natRule(
    name,
    { type: 'DNAT', protocol: 'TCP', externalPort: 80, target: { portRef: { name: 'p' } }, ...spec },
    ns,
  );

/** The projects `mine` and `rival`, each with a gateway on the ExternalNetwork `public` and a Port `p`; settled. */
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

/** External addresses in the rows of each object, `Kind/namespace/name`, as the database has them. */
export function translations({ writer }: OfflineCluster): ReadonlyMap<string, readonly string[]> {
  return new Map(
    [...writer.written()].map(({ owner, desired }) => [
      `${owner.kind}/${owner.namespace}/${owner.name}`,
      JSON.stringify(desired.rows.map(({ columns }) => printable(columns))).match(/203\.0\.113\.\d+/g) ?? [],
    ]),
  );
}
