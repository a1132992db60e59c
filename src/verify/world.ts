import { isTrue, resources } from '../api/index.ts';
import type { Port, SecurityGroup, Subnet, TrafficPolicy, VPC, VPCPeering } from '../api/index.ts';
import type { KubeClient, KubeObject, ResourceType } from '../reconcile/index.ts';

/** The objects that define the reachability, by `namespace/name`. */
export interface World {
  readonly vpcs: ReadonlyMap<string, VPC>;
  readonly subnets: ReadonlyMap<string, Subnet>;
  readonly ports: ReadonlyMap<string, Port>;
  readonly securityGroups: ReadonlyMap<string, SecurityGroup>;
  readonly peerings: ReadonlyMap<string, VPCPeering>;
  readonly policies: ReadonlyMap<string, TrafficPolicy>;
}

/** Lists the objects from the API server. */
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

/** Returns the key `namespace/name`. */
export const keyIn = (namespace: string | undefined, name: string): string => `${namespace ?? ''}/${name}`;

/** Returns the Subnet of a Port. */
export function subnetOf(world: World, { metadata, spec }: Port): Subnet | undefined {
  return world.subnets.get(keyIn(metadata.namespace, spec.subnetRef.name));
}

/** Returns the key of the VPC of a Port: the accepted VPC of the namespace that the Subnet references. */
export function vpcKeyOf(world: World, port: Port): string | undefined {
  const subnet = subnetOf(world, port);
  if (subnet === undefined) return undefined;
  for (const [key, { metadata, spec: _, status }] of world.vpcs) {
    if (metadata.namespace !== port.metadata.namespace || !isTrue(status?.conditions, 'Accepted')) continue;
    if (subnet.spec.vpcRef === undefined || subnet.spec.vpcRef.name === metadata.name) return key;
  }
  return undefined;
}

/** Returns the programmed SecurityGroups of a Port; an empty list when `trafficFiltering` is `Disabled`. */
export function groupsOf(world: World, { metadata, spec }: Port): readonly SecurityGroup[] {
  if (spec.trafficFiltering === 'Disabled') return [];
  const names = spec.securityGroupRefs?.map(({ name }) => name) ?? ['default'];
  return names.flatMap((name) => {
    const group = world.securityGroups.get(keyIn(metadata.namespace, name));
    return group !== undefined && isTrue(group.status?.conditions, 'Programmed') ? [group] : [];
  });
}
