import { isTrue, resources } from '../api/index.ts';
import type { Port, SecurityGroup, Subnet, TrafficPolicy, VPC, VPCPeering } from '../api/index.ts';
import type { KubeClient, KubeObject, ResourceType } from '../reconcile/index.ts';

/** The objects that say who reaches whom, by `namespace/name`. */
export interface World {
  readonly vpcs: ReadonlyMap<string, VPC>;
  readonly subnets: ReadonlyMap<string, Subnet>;
  readonly ports: ReadonlyMap<string, Port>;
  readonly securityGroups: ReadonlyMap<string, SecurityGroup>;
  readonly peerings: ReadonlyMap<string, VPCPeering>;
  readonly policies: ReadonlyMap<string, TrafficPolicy>;
}

/** Reads them from the API server. */
export async function readWorld(client: KubeClient, signal: AbortSignal): Promise<World> {
  const all = async <T extends KubeObject>(type: ResourceType): Promise<ReadonlyMap<string, T>> => {
    const { items } = await client.list<T>(type, { signal });
    return new Map(items.map((item) => [keyIn(item.metadata.namespace, item.metadata.name), item]));
  };
  const [vpcs, subnets, ports, securityGroups, peerings, policies] = await Promise.all([
    all<VPC>(resources.VPC),
    all<Subnet>(resources.Subnet),
    all<Port>(resources.Port),
    all<SecurityGroup>(resources.SecurityGroup),
    all<VPCPeering>(resources.VPCPeering),
    all<TrafficPolicy>(resources.TrafficPolicy),
  ]);
  return { vpcs, subnets, ports, securityGroups, peerings, policies };
}

/** `namespace/name`. */
export const keyIn = (namespace: string | undefined, name: string): string => `${namespace ?? ''}/${name}`;

/** The Subnet that a Port is in. */
export function subnetOf(world: World, { metadata, spec }: Port): Subnet | undefined {
  return world.subnets.get(keyIn(metadata.namespace, spec.subnetRef.name));
}

/** Key of the VPC that a Port is in: the one of its namespace that is in effect. */
export function vpcKeyOf(world: World, port: Port): string | undefined {
  const subnet = subnetOf(world, port);
  if (subnet === undefined) return undefined;
  for (const [key, { metadata, spec: _, status }] of world.vpcs) {
    if (metadata.namespace !== port.metadata.namespace || !isTrue(status?.conditions, 'Accepted')) continue;
    if (subnet.spec.vpcRef === undefined || subnet.spec.vpcRef.name === metadata.name) return key;
  }
  return undefined;
}

/** The groups that filter a Port's traffic and are in effect; none when its traffic is not filtered. */
export function groupsOf(world: World, { metadata, spec }: Port): readonly SecurityGroup[] {
  if (spec.trafficFiltering === 'Disabled') return [];
  const names = spec.securityGroupRefs?.map(({ name }) => name) ?? ['default'];
  return names.flatMap((name) => {
    const group = world.securityGroups.get(keyIn(metadata.namespace, name));
    return group !== undefined && isTrue(group.status?.conditions, 'Programmed') ? [group] : [];
  });
}
