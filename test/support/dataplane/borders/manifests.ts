/** The objects of a generated tenant. */
import {
  FORWARDED_PORT,
  privateAddress,
  rangeOf,
  subnetOf,
  subnetsOf,
  virtualRoles,
  type Tenant,
} from './tenants.ts';
import { ECHO_PORT } from './station.ts';

/** Returns the JSON text of an object of the project's API. An object of the cluster has no namespace. */
export const object = (
  namespace: string | undefined,
  kind: string,
  name: string,
  spec: object,
  labels = {},
): string =>
  JSON.stringify({
    apiVersion: 'network.plasmavmc.io/v1alpha1',
    kind,
    metadata: { namespace, name, labels },
    spec,
  });

/** The physical network of the Subnets `floor`. Administrators grant it. */
export const floors = object(undefined, 'ProviderNetwork', 'floors', {
  physicalNetwork: 'physnet1',
  vlanIDs: [{ min: 71, max: 79 }],
  allowedNamespaces: { selector: {} },
});

const all = [{ protocol: 'All' }];

/** Returns the manifests of a tenant. `others` are the tenants whose addresses it tries to use. */
export function manifestsOf(tenant: Tenant, others: readonly Tenant[]): readonly string[] {
  const { name, prefix, snat, floating, isolation, peer, vlan } = tenant;
  const make = (kind: string, objectName: string, spec: object, labels = {}): string =>
    object(name, kind, objectName, spec, labels);
  const unusable = [prefix, others.find((other) => other.name === peer)?.prefix];
  // A Port is not allowed the addresses of a peer.
  const foreign = [...new Set(others.map((other) => other.prefix))].filter(
    (each) => !unusable.includes(each),
  );
  const freedom = {
    trafficFiltering: 'Disabled',
    spoofingProtection: 'Disabled',
    allowedAddresses: foreign.map((each) => ({ cidr: `${each}.0.0/16` })),
  };
  return [
    make('VPC', 'net', {
      cidr: `${prefix}.0.0/16`,
      defaults: 'None',
      externalGateway: { externalNetworkRef: { name: 'public' }, snat },
    }),
    ...subnetsOf(tenant).map((subnet) =>
      make('Subnet', subnet, {
        cidr: rangeOf(tenant, subnet),
        ...(subnet === 'floor'
          ? { provider: { networkRef: { name: 'floors' }, vlanID: vlan } }
          : { metadata: 'Enabled' }),
      }),
    ),
    make('SecurityGroup', 'default', { ingress: all, egress: all }),
    ...virtualRoles.map((role) =>
      make(
        'Port',
        role,
        {
          subnetRef: { name: subnetOf(role) },
          ipAddress: privateAddress(tenant, role),
          ...(role === 'front' ? freedom : {}),
        },
        { role },
      ),
    ),
    make('FloatingIP', 'web', { externalNetworkRef: { name: 'public' }, address: floating.address }),
    make('NatRule', 'floating', {
      type: 'FloatingIP',
      floatingIPRef: { name: 'web' },
      target: { portRef: { name: 'web' } },
      mode: floating.mode,
    }),
    make('NatRule', 'forward', {
      type: 'DNAT',
      protocol: 'UDP',
      externalPort: FORWARDED_PORT,
      internalPort: ECHO_PORT,
      target: { portRef: { name: 'front' } },
    }),
    make('TrafficPolicy', 'isolated', {
      appliesTo: { portSelector: { matchLabels: { role: 'back' } } },
      isolation,
    }),
    ...(peer === undefined
      ? []
      : [
          make('VPCPeering', 'peer', {
            peer: { namespace: peer },
            advertisedCIDRs: [rangeOf(tenant, 'front')],
          }),
        ]),
  ];
}
