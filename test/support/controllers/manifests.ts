import type { Manifest } from './offline-cluster.ts';

type Spec = Readonly<Record<string, unknown>>;

const make =
  (kind: string) =>
  (name: string, spec: Spec = {}, namespace = 'default'): Manifest => ({
    kind,
    metadata: { name, namespace },
    spec,
  });

/** Functions that return a manifest from a name and a spec. The default namespace is `default`. */
export const vpc = make('VPC');
export const subnet = make('Subnet');
export const port = make('Port');
export const securityGroup = make('SecurityGroup');
export const trafficPolicy = make('TrafficPolicy');

export const natRule = make('NatRule');
export const floatingIP = make('FloatingIP');
export const vpcPeering = make('VPCPeering');

/** Returns an ExternalNetwork on a physical network of the offline cluster's hosts. Every namespace may use it. */
export const externalNetwork = (name: string, spec: Spec = {}): Manifest => ({
  kind: 'ExternalNetwork',
  metadata: { name },
  spec: {
    physicalNetwork: 'physnet1',
    cidr: '203.0.113.0/24',
    gateway: '203.0.113.1',
    allocationPools: [{ start: '203.0.113.101', end: '203.0.113.200' }],
    allowedNamespaces: { selector: {} },
    ...spec,
  },
});

/** Returns a ProviderNetwork with all VLANs and the untagged frames of a physical network, for every namespace. */
export const providerNetwork = (name: string, spec: Spec = {}): Manifest => ({
  kind: 'ProviderNetwork',
  metadata: { name },
  spec: {
    physicalNetwork: 'physnet1',
    vlanIDs: [{ min: 1, max: 4094 }],
    untagged: 'Allowed',
    allowedNamespaces: { selector: {} },
    ...spec,
  },
});

/** Returns `provider` of a Subnet on a ProviderNetwork. */
export const on = (
  name: string,
  vlanID?: number,
): { readonly networkRef: { readonly name: string }; readonly vlanID?: number } => ({
  networkRef: { name },
  ...(vlanID === undefined ? {} : { vlanID }),
});

/** Returns a ProjectPolicy. Without a selector in the spec, it selects all namespaces. */
export const projectPolicy = (name: string, spec: Spec = {}): Manifest => ({
  kind: 'ProjectPolicy',
  metadata: { name },
  spec: { namespaceSelector: {}, ...spec },
});

/** Returns the namespace of a project. The labels name its organization and project. */
export const namespace = (name: string, labels: Readonly<Record<string, string>> = {}): Manifest => ({
  kind: 'Namespace',
  metadata: { name, labels },
});

/** Returns a Port in `subnetName` without SecurityGroups. */
export const portIn = (subnetName: string, name: string, spec: Spec = {}, ns?: string): Manifest =>
  port(name, { subnetRef: { name: subnetName }, securityGroupRefs: [], ...spec }, ns);
