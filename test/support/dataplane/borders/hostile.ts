/**
 * Declarations with which a tenant, or another user of the same tenant, tries to change or receive the packets of
 * others. To test another attack, add a case.
 */
import { computeMac } from '../../../../src/api/index.ts';
import { internet } from '../../../../src/dev/lab/index.ts';
import { object } from './manifests.ts';
import type { Tenant } from './tenants.ts';

export interface Hostile {
  /** Completes the sentence "the packets of a tenant stay the same when somebody else declares ...". */
  readonly title: string;
  /** Objects that exist before the attack, also objects with which the victim consents. */
  readonly before?: readonly string[];
  /** Objects of {@link before} that the attacker deletes at the beginning of the attack, as `Kind namespace/name`. */
  readonly removed?: readonly string[];
  /** The objects of the attack. `external` are external addresses of other tenants, for attacks that use them. */
  readonly objects: (external: readonly string[]) => readonly string[];
  /** The objects that must not become Ready, as `Kind namespace/name`. */
  readonly refused: readonly string[];
  /** The Port of the attacker's machine, and the addresses that the machine claims. */
  readonly machine?: {
    readonly port: string;
    readonly claims: (external: readonly string[]) => readonly string[];
  };
}

/** The tenants of the attacks: the victim, a tenant that is peered with the victim, and the attacker. */
export const [victim, friend, mallory] = [
  {
    name: 'victim',
    prefix: '10.50',
    snat: 'Enabled',
    isRouted: false,
    floating: { mode: 'Centralized', address: '203.0.113.150' },
    isolation: 'Subnet',
    vlan: 71,
    peer: 'friend',
    hosts: { front: 1, web: 2, back: 1 },
  },
  {
    name: 'friend',
    prefix: '10.70',
    snat: 'Disabled',
    isRouted: false,
    floating: { mode: 'Distributed', address: '203.0.113.151' },
    isolation: 'None',
    peer: 'victim',
    hosts: { front: 2, web: 1, back: 2 },
  },
  {
    name: 'mallory',
    prefix: '10.60',
    snat: 'Enabled',
    isRouted: false,
    floating: { mode: 'Centralized', address: '203.0.113.152' },
    isolation: 'None',
    hosts: { front: 1, web: 2, back: 2 },
  },
] as const satisfies readonly Tenant[];

/** Names of properties that every JavaScript object has. */
const specialNames = ['constructor', 'tostring', 'valueof', 'hasownproperty'];

/** A Port without any filter, for the attacker's machine. */
const thief = (namespace: string, subnet: string, spec: object): string =>
  object(namespace, 'Port', 'thief', {
    subnetRef: { name: subnet },
    macAddress: computeMac(namespace, 'thief'),
    trafficFiltering: 'Disabled',
    spoofingProtection: 'Disabled',
    ...spec,
  });
/** A VPC with a Subnet on a physical network, and a Port for the attacker's machine there. */
const onWire = (namespace: string, provider: object): readonly string[] => [
  object(namespace, 'VPC', 'net', { cidr: '10.66.0.0/16', defaults: 'None' }),
  object(namespace, 'Subnet', 'wire', { cidr: '10.66.1.0/24', provider }),
  thief(namespace, 'wire', { ipAddress: '10.66.1.66' }),
];

const externalGateway = { externalNetworkRef: { name: 'public' }, snat: 'Disabled' };

export const hostileCases: readonly Hostile[] = [
  {
    title: "a VPC with the ExternalNetwork's own range",
    objects: (external) => [
      object('evil-range', 'VPC', 'net', { cidr: '203.0.113.0/24', defaults: 'None', externalGateway }),
      object('evil-range', 'Subnet', 'wire', { cidr: '203.0.113.0/24' }),
      thief('evil-range', 'wire', { ipAddress: external[0] }),
    ],
    refused: ['VPC evil-range/net'],
    machine: { port: 'evil-range/thief', claims: (external) => external },
  },
  {
    title: 'a Subnet on the segment of the ExternalNetwork',
    // An administrator grants the segment by mistake.
    before: [
      object(undefined, 'ProviderNetwork', 'careless', {
        physicalNetwork: 'physnet1',
        untagged: 'Allowed',
        allowedNamespaces: { selector: {} },
      }),
    ],
    objects: () => onWire('evil-wire', { networkRef: { name: 'careless' } }),
    refused: ['Subnet evil-wire/wire'],
    machine: { port: 'evil-wire/thief', claims: (external) => [...external, internet.router] },
  },
  {
    title: 'a Subnet on the VLAN of a tenant',
    objects: () => onWire('evil-vlan', { networkRef: { name: 'floors' }, vlanID: 71 }),
    refused: ['Subnet evil-vlan/wire'],
    machine: { port: 'evil-vlan/thief', claims: () => ['10.50.3.50', '10.50.3.1'] },
  },
  {
    title: 'NAT rules and floating IPs with external addresses of the tenant',
    objects: (external) => [
      ...external.map((address, index) =>
        object(mallory.name, 'FloatingIP', `stolen-${index}`, {
          externalNetworkRef: { name: 'public' },
          address,
        }),
      ),
      ...external.map((externalIP, index) =>
        object(mallory.name, 'NatRule', `stolen-${index}`, {
          type: 'DNAT',
          externalIP,
          protocol: 'UDP',
          externalPort: 7,
          target: { portRef: { name: 'web' } },
        }),
      ),
    ],
    refused: [0, 1, 2].flatMap((index) => [
      `FloatingIP mallory/stolen-${index}`,
      `NatRule mallory/stolen-${index}`,
    ]),
  },
  {
    title: 'a Port that claims all addresses in its own network',
    objects: () => [thief(mallory.name, 'front', { ipAddress: '10.60.1.66' })],
    refused: [],
    machine: {
      port: 'mallory/thief',
      claims: (external) => [...external, '10.50.1.11', '10.50.2.12', '203.0.113.1'],
    },
  },
  ...[
    ['a part of the range of another peer', '10.70.1.0/24', '10.70.1.11'],
    ['the range of a host on the internet', '198.51.100.0/24', internet.host],
  ].map(([what, cidr = '', ipAddress], index): Hostile => {
    const name = `evil-peer-${index}`;
    const consents = object(name, 'VPCPeering', 'peer', { peer: { namespace: victim.name } });
    return {
      title: `a peer that comes back with ${what}`,
      before: [
        object(name, 'VPC', 'net', { cidr: `10.8${index}.0.0/16`, defaults: 'None' }),
        consents,
        object(victim.name, 'VPCPeering', name, { peer: { namespace: name } }),
      ],
      removed: [`VPCPeering ${name}/peer`, `VPC ${name}/net`],
      objects: () => [
        object(name, 'VPC', 'net', { cidr, defaults: 'None' }),
        object(name, 'Subnet', 'front', { cidr }),
        consents,
        thief(name, 'front', { ipAddress }),
      ],
      refused: [`VPCPeering ${name}/peer`],
      machine: { port: `${name}/thief`, claims: () => [] },
    };
  }),
  {
    title: 'a second peer with the same range, to which the tenant consents',
    objects: () => [
      object('evil-twin', 'VPC', 'net', { cidr: '10.70.0.0/16', defaults: 'None' }),
      object('evil-twin', 'Subnet', 'front', { cidr: '10.70.1.0/24' }),
      object('evil-twin', 'VPCPeering', 'peer', { peer: { namespace: victim.name } }),
      object(victim.name, 'VPCPeering', 'twin', { peer: { namespace: 'evil-twin' } }),
      thief('evil-twin', 'front', { ipAddress: '10.70.1.11' }),
    ],
    refused: [],
    machine: { port: 'evil-twin/thief', claims: () => [] },
  },
  {
    title: 'a peer that later advertises the range of another peer',
    before: [
      object('evil-growth', 'VPC', 'net', { cidr: '10.70.0.0/15', defaults: 'None' }),
      object('evil-growth', 'Subnet', 'front', { cidr: '10.70.1.0/24' }),
      object('evil-growth', 'VPCPeering', 'peer', {
        peer: { namespace: victim.name },
        advertisedCIDRs: ['10.71.0.0/16'],
      }),
      object(victim.name, 'VPCPeering', 'growth', { peer: { namespace: 'evil-growth' } }),
    ],
    objects: () => [
      object('evil-growth', 'VPCPeering', 'peer', {
        peer: { namespace: victim.name },
        advertisedCIDRs: ['10.71.0.0/16', '10.70.1.0/24'],
      }),
      thief('evil-growth', 'front', { ipAddress: '10.70.1.11' }),
    ],
    refused: [],
    machine: { port: 'evil-growth/thief', claims: () => [] },
  },
  ...[
    ['of a neighbour', '10.50.2.12'],
    ['of the gateway', '10.50.2.1'],
    ['of the metadata service', '169.254.169.254'],
  ].map(([what, address = ''], index): Hostile => {
    const name = `thief-${index}`;
    return {
      title: `a Port in the same Subnet with the address ${what}`,
      objects: () => [
        object(victim.name, 'Port', name, {
          subnetRef: { name: 'rear' },
          ipAddress: `10.50.2.6${index}`,
          macAddress: computeMac(name, 'thief'),
          allowedAddresses: [{ cidr: `${address}/32` }],
        }),
      ],
      refused: [`Port ${victim.name}/${name}`],
      machine: { port: `${victim.name}/${name}`, claims: () => [address] },
    };
  }),
  {
    title: 'objects with names that programs treat specially',
    objects: () =>
      specialNames.flatMap((name, index) => [
        object(name, 'VPC', name, { cidr: `10.9${index}.0.0/16`, defaults: 'None' }),
        object(name, 'Subnet', name, { cidr: `10.9${index}.1.0/24` }),
        object(name, 'SecurityGroup', name, {
          ingress: [{ protocol: 'All', remote: { securityGroupRef: { name } } }],
        }),
        object(name, 'Port', name, { subnetRef: { name }, securityGroupRefs: [{ name }] }),
        object(name, 'VPCPeering', name, { peer: { namespace: victim.name } }),
      ]),
    refused: specialNames.map((name) => `VPCPeering ${name}/${name}`),
  },
];

/** The namespaces of the attacks. Each belongs to another organization, so they can have the same ranges. */
export const hostileNamespaces = [
  'evil-range',
  'evil-wire',
  'evil-vlan',
  'evil-peer-0',
  'evil-peer-1',
  'evil-twin',
  'evil-growth',
  ...specialNames,
];
