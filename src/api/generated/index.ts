// Generated from crds/ by scripts/generate.ts. Do not edit: change crds/ and run `npm run generate`.
import type { ResourceType } from '../../base/index.ts';
import type { VPC } from './vpc.ts';
import type { Subnet } from './subnet.ts';
import type { Port } from './port.ts';
import type { SecurityGroup } from './securitygroup.ts';
import type { TrafficPolicy } from './trafficpolicy.ts';
import type { NatRule } from './natrule.ts';
import type { FloatingIP } from './floatingip.ts';
import type { VPCPeering } from './vpcpeering.ts';
import type { ProviderNetwork } from './providernetwork.ts';
import type { ProjectPolicy } from './projectpolicy.ts';
import type { ExternalNetwork } from './externalnetwork.ts';

export * from './common.ts';
export * from './vpc.ts';
export * from './subnet.ts';
export * from './port.ts';
export * from './securitygroup.ts';
export * from './trafficpolicy.ts';
export * from './natrule.ts';
export * from './floatingip.ts';
export * from './vpcpeering.ts';
export * from './providernetwork.ts';
export * from './projectpolicy.ts';
export * from './externalnetwork.ts';

/** Maps the name of each kind to its TypeScript type. */
export interface Kinds {
  readonly VPC: VPC;
  readonly Subnet: Subnet;
  readonly Port: Port;
  readonly SecurityGroup: SecurityGroup;
  readonly TrafficPolicy: TrafficPolicy;
  readonly NatRule: NatRule;
  readonly FloatingIP: FloatingIP;
  readonly VPCPeering: VPCPeering;
  readonly ProviderNetwork: ProviderNetwork;
  readonly ProjectPolicy: ProjectPolicy;
  readonly ExternalNetwork: ExternalNetwork;
}

/** The REST resource of each kind. */
export const resources = {
  VPC: { group: 'network.plasmavmc.io', version: 'v1alpha1', kind: 'VPC', plural: 'vpcs', namespaced: true },
  Subnet: {
    group: 'network.plasmavmc.io',
    version: 'v1alpha1',
    kind: 'Subnet',
    plural: 'subnets',
    namespaced: true,
  },
  Port: {
    group: 'network.plasmavmc.io',
    version: 'v1alpha1',
    kind: 'Port',
    plural: 'ports',
    namespaced: true,
  },
  SecurityGroup: {
    group: 'network.plasmavmc.io',
    version: 'v1alpha1',
    kind: 'SecurityGroup',
    plural: 'securitygroups',
    namespaced: true,
  },
  TrafficPolicy: {
    group: 'network.plasmavmc.io',
    version: 'v1alpha1',
    kind: 'TrafficPolicy',
    plural: 'trafficpolicies',
    namespaced: true,
  },
  NatRule: {
    group: 'network.plasmavmc.io',
    version: 'v1alpha1',
    kind: 'NatRule',
    plural: 'natrules',
    namespaced: true,
  },
  FloatingIP: {
    group: 'network.plasmavmc.io',
    version: 'v1alpha1',
    kind: 'FloatingIP',
    plural: 'floatingips',
    namespaced: true,
  },
  VPCPeering: {
    group: 'network.plasmavmc.io',
    version: 'v1alpha1',
    kind: 'VPCPeering',
    plural: 'vpcpeerings',
    namespaced: true,
  },
  ProviderNetwork: {
    group: 'network.plasmavmc.io',
    version: 'v1alpha1',
    kind: 'ProviderNetwork',
    plural: 'providernetworks',
    namespaced: false,
  },
  ProjectPolicy: {
    group: 'network.plasmavmc.io',
    version: 'v1alpha1',
    kind: 'ProjectPolicy',
    plural: 'projectpolicies',
    namespaced: false,
  },
  ExternalNetwork: {
    group: 'network.plasmavmc.io',
    version: 'v1alpha1',
    kind: 'ExternalNetwork',
    plural: 'externalnetworks',
    namespaced: false,
  },
} as const satisfies Record<keyof Kinds, ResourceType>;

/** The default values in the schema of each kind, for `withDefaults`. */
export const defaultsOf = {
  VPC: {
    properties: {
      spec: {
        default: {},
        properties: {
          defaults: { default: 'Create' },
          externalGateway: { properties: { snat: { default: 'Enabled' } } },
        },
      },
    },
  },
  Subnet: {
    properties: {
      spec: {
        default: {},
        properties: {
          gateway: { default: { mode: 'Automatic' } },
          dhcp: {
            default: {},
            properties: { mode: { default: 'Enabled' }, leaseSeconds: { default: 3600 } },
          },
          metadata: { default: 'Disabled' },
        },
      },
    },
  },
  Port: {
    properties: {
      spec: {
        default: {},
        properties: {
          subnetRef: { default: { name: 'default' } },
          trafficFiltering: { default: 'Enabled' },
          spoofingProtection: { default: 'MACAndIP' },
          adminState: { default: 'Up' },
          metadata: { properties: { sourceRef: { properties: { kind: { default: 'Secret' } } } } },
        },
      },
    },
  },
  SecurityGroup: { properties: { spec: { default: {}, properties: { stateful: { default: 'Enabled' } } } } },
  TrafficPolicy: { properties: { spec: { properties: { isolation: { default: 'None' } } } } },
  NatRule: {},
  FloatingIP: {},
  VPCPeering: {},
  ProviderNetwork: {
    properties: {
      spec: { properties: { untagged: { default: 'Forbidden' }, subnetsPerSegment: { default: 'One' } } },
    },
  },
  ProjectPolicy: {
    properties: {
      spec: {
        properties: {
          priority: { default: 0 },
          powers: {
            default: {},
            properties: {
              trafficFilteringDisabled: { default: 'Allowed' },
              spoofingProtectionDisabled: { default: 'Allowed' },
              spoofingProtectionMACOnly: { default: 'Allowed' },
              allowedAddresses: { default: 'Any' },
              minAllowedPrefixLength: { default: 0 },
            },
          },
          providerPowers: {
            default: {},
            properties: {
              trafficFilteringDisabled: { default: 'Forbidden' },
              spoofingProtectionDisabled: { default: 'Forbidden' },
              spoofingProtectionMACOnly: { default: 'Forbidden' },
              allowedAddresses: { default: 'None' },
              minAllowedPrefixLength: { default: 0 },
            },
          },
        },
      },
    },
  },
  ExternalNetwork: {
    properties: {
      spec: { properties: { type: { default: 'Flat' }, gatewayChassis: { default: { mode: 'Enabled' } } } },
    },
  },
} as const;
