import { mustParseCidr, overlaps, type VPCPeering } from '../../../src/api/index.ts';
import { routerUuid } from '../../../src/controllers/rows/names.ts';
import type { KubeObject } from '../../../src/reconcile/index.ts';
import { namespace, vpc, vpcPeering } from './manifests.ts';
import { OfflineCluster, type Manifest } from './offline-cluster.ts';

let created = 0;

/** Creates a project of its own organization: a namespace and a VPC with a new UID. */
export function project(cluster: OfflineCluster, name: string, cidr: string, spec: object = {}): void {
  cluster.apply(namespace(name, { 'network.plasmavmc.io/organization': name }));
  createVpc(cluster, name, cidr, spec);
}

/** Creates the VPC `net` with a new UID. */
export function createVpc(cluster: OfflineCluster, name: string, cidr: string, spec: object = {}): string {
  const { kind, metadata, spec: own } = vpc('net', { cidr, defaults: 'None', ...spec }, name);
  const uid = newUid();
  cluster.apply({ kind, metadata: { ...metadata, uid, finalizers: [] }, spec: own! });
  return uid;
}

/** Creates the VPCPeering `to-<to>` with a new UID, or changes the spec of the existing one. */
export function peer(
  cluster: OfflineCluster,
  from: string,
  to: string,
  spec: { readonly peer?: object; readonly [field: string]: unknown } = {},
): void {
  const {
    kind,
    metadata,
    spec: own,
  } = vpcPeering(
    `to-${to}`,
    { ...spec, peer: { namespace: to, ...('peer' in spec ? spec.peer : {}) } },
    from,
  );
  const isNew = cluster.get(kind, `${from}/to-${to}`) === undefined;
  cluster.apply({ kind, metadata: { ...metadata, ...(isNew && { uid: newUid() }) }, spec: own! });
}

/** A UUID that no other object of the tests has. */
export const newUid = (): string => `00000000-0000-4000-8000-${String(++created).padStart(12, '0')}`;

export const peeringOf = (cluster: OfflineCluster, from: string, to: string): VPCPeering | undefined =>
  cluster.get('VPCPeering', `${from}/to-${to}`) as VPCPeering | undefined;

/** Removes the status of a VPCPeering, or replaces it. */
export function setStatus(cluster: OfflineCluster, from: string, to: string, status: object = {}): void {
  const type = { group: '', version: '', kind: 'VPCPeering', plural: '', namespaced: true };
  void cluster.env.status.write(type, peeringOf(cluster, from, to)!, status);
}

/** A route on a router: the object that owns it, and the destination. */
export interface Route {
  readonly owner: string;
  readonly uid: string;
  readonly network: string;
}

/** Returns the static routes in the router of a VPC. */
export function routesOn(cluster: OfflineCluster, vpcUid: string): readonly Route[] {
  const router = routerUuid(vpcUid);
  return [...cluster.writer.written()].flatMap(({ owner, desired }) => {
    const members = new Set(
      desired.memberships.flatMap(({ row, column, element }) =>
        row === router && column === 'static_routes' ? [element] : [],
      ),
    );
    return desired.rows.flatMap(({ uuid, columns }) =>
      members.has(uuid)
        ? [{ owner: `${owner.kind}/${owner.name}`, uid: owner.uid, network: columns['ip_prefix'] as string }]
        : [],
    );
  });
}

/** Returns the networks to which a VPCPeering routes, sorted. */
export function routedTo(cluster: OfflineCluster, from: string, to: string): readonly string[] {
  const rows = cluster.writer.states.get(peeringOf(cluster, from, to)?.metadata.uid ?? '')?.desired.rows;
  return (rows ?? [])
    .filter(({ table }) => table === 'Logical_Router_Static_Route')
    .map(({ columns }) => columns['ip_prefix'] as string)
    .sort();
}

/**
 * Returns the pairs of routes of one router that have common addresses and different owners, at least one of which is a
 * VPCPeering, and the routes of VPCPeerings to the networks `own` of the VPC.
 */
export function conflictsAmong(routes: readonly Route[], own: readonly string[]): readonly string[] {
  const isPeering = ({ owner }: Route): boolean => owner.startsWith('VPCPeering/');
  const meet = (a: string, b: string): boolean => overlaps(mustParseCidr(a), mustParseCidr(b));
  const conflict = (a: Route, b: Route): boolean =>
    a.uid !== b.uid && (isPeering(b) ? meet(a.network, b.network) : a.network === b.network);
  return routes
    .filter(isPeering)
    .flatMap((route) => [
      ...routes
        .filter((other) => conflict(route, other))
        .map((other) => `${route.owner} ${route.network} and ${other.owner} ${other.network}`),
      ...own
        .filter((network) => meet(network, route.network))
        .map((network) => `${route.owner} ${route.network} and the network ${network} of the VPC`),
    ]);
}

/** Returns a cluster that receives the objects in this order, with their UIDs and recorded consents, and settles. */
export async function settledWith(
  objects: readonly KubeObject[],
  order: (all: KubeObject[]) => KubeObject[] = (all) => all,
): Promise<OfflineCluster> {
  const cluster = new OfflineCluster();
  for (const object of objects) {
    cluster.apply({ ...object, metadata: { ...object.metadata, finalizers: [] } } as Manifest);
    const { consent } = (object as VPCPeering).status ?? {};
    if (object.kind === 'VPCPeering' && consent !== undefined)
      setStatus(cluster, object.metadata.namespace!, (object as VPCPeering).spec.peer.namespace, { consent });
  }
  await cluster.settle(order);
  return cluster;
}
