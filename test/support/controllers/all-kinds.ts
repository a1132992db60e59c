/** Objects of all kinds that refer to each other, with their variants. */
import {
  externalNetwork,
  floatingIP,
  namespace,
  natRule,
  on,
  portIn,
  projectPolicy,
  providerNetwork,
  securityGroup,
  subnet,
  trafficPolicy,
  vpc,
  vpcPeering,
} from './manifests.ts';
import type { Manifest } from './offline-cluster.ts';

const gateway = { externalNetworkRef: { name: 'public' } };
const labelled = (manifest: Manifest, labels: Readonly<Record<string, string>>): Manifest => ({
  ...manifest,
  metadata: { ...manifest.metadata, labels },
});
const vpcOf = (spec: object = {}) => vpc('net', { cidr: '10.1.0.0/16', defaults: 'None', ...spec });
const web = (spec: object = {}) => subnet('web', { cidr: '10.1.1.0/24', ...spec });
const db = (spec: object = {}) => subnet('db', { cidr: '10.1.2.0/24', ...spec });
const p = (labels: Readonly<Record<string, string>>, spec: Readonly<Record<string, unknown>> = {}) =>
  labelled(portIn('web', 'p', { ipAddress: '10.1.1.11', ...spec }), labels);
const q = (spec: Readonly<Record<string, unknown>> = {}) =>
  portIn('db', 'q', { ipAddress: '10.1.2.11', ...spec });
const selecting = (portSelector: object) => ({ appliesTo: { portSelector } });
const prod = { app: 'db', env: 'prod' };
const toP = { portRef: { name: 'p' } };
const toQ = { portRef: { name: 'q' } };
const forward = (spec: object) =>
  natRule('forward', { type: 'DNAT', protocol: 'TCP', externalPort: 80, ...spec });

/** Each entry lists the variants of one object. Every kind has at least one object, and every reference a use. */
export const variants: readonly (readonly Manifest[])[] = [
  [namespace('default', { team: 'a' }), namespace('default', { team: 'b' }), namespace('default')],
  [namespace('b', { team: 'a' }), namespace('b')],
  [
    externalNetwork('public'),
    externalNetwork('public', { allowedNamespaces: { selector: { matchLabels: { team: 'a' } } } }),
    externalNetwork('public', { routedRanges: ['10.1.0.0/16'] }),
    externalNetwork('public', { type: 'VLAN', vlanID: 7 }),
  ],
  [
    providerNetwork('plant'),
    providerNetwork('plant', { vlanIDs: [{ min: 5, max: 6 }] }),
    providerNetwork('plant', { subnetsPerSegment: 'One' }),
    providerNetwork('plant', { allowedNamespaces: { selector: { matchLabels: { team: 'a' } } } }),
  ],
  [
    projectPolicy('strict', { powers: { trafficFilteringDisabled: 'Forbidden', allowedAddresses: 'None' } }),
    projectPolicy('strict', { namespaceSelector: { matchLabels: { team: 'b' } }, quota: { natRules: 1 } }),
    projectPolicy('strict', { allowedVPCRanges: ['10.2.0.0/16'], quota: { externalAddresses: 1 } }),
  ],
  [
    vpcOf({ externalGateway: gateway }),
    vpcOf({ externalGateway: { ...gateway, snat: 'Disabled' } }),
    vpcOf(),
    vpcOf({
      externalGateway: gateway,
      staticRoutes: [{ destination: '172.16.0.0/16', nextHop: '10.1.2.11' }],
    }),
    vpcOf({ staticRoutes: [{ destination: '10.2.0.0/16', nextHop: '10.1.1.11' }] }),
    vpcOf({ staticRoutes: [{ destination: '172.17.0.0/16', nextHop: '10.1.9.9' }] }),
  ],
  [vpc('net', { cidr: '10.2.0.0/16' }, 'b'), vpc('net', { cidr: '10.2.0.0/16', defaults: 'None' }, 'b')],
  [
    web(),
    web({ dhcp: { mode: 'Disabled' } }),
    web({ gateway: { mode: 'None' }, metadata: 'Enabled' }),
    web({ mtu: 1300 }),
    // The address of a Port.
    web({ gateway: { mode: 'Address', address: '10.1.1.11' } }),
  ],
  [db(), db({ gateway: { mode: 'None' } }), db({ metadata: 'Enabled', dhcp: { dnsServers: ['10.1.2.53'] } })],
  [
    subnet('vlan', { cidr: '10.1.5.0/24', provider: on('plant', 5) }),
    subnet('vlan', { cidr: '10.1.5.0/24', provider: on('plant', 5), gateway: { mode: 'None' } }),
  ],
  [
    securityGroup('red', { ingress: [{ protocol: 'All', remote: { securityGroupRef: { name: 'blue' } } }] }),
    securityGroup('red', { ingress: [{ protocol: 'TCP' }] }),
  ],
  [securityGroup('blue', { egress: [{ protocol: 'All', remote: { securityGroupRef: { name: 'red' } } }] })],
  [securityGroup('default')],
  [
    trafficPolicy('policy', { ...selecting({ matchLabels: prod }), ingress: [] }),
    trafficPolicy(
      'policy',
      selecting({ matchExpressions: [{ key: 'env', operator: 'NotIn', values: ['test'] }] }),
    ),
    trafficPolicy('policy', {
      ...selecting({ matchExpressions: [{ key: 'old', operator: 'DoesNotExist' }] }),
      isolation: 'Subnet',
    }),
    trafficPolicy('policy', {
      appliesTo: { subnetRefs: [{ name: 'web' }, { name: 'db' }] },
      isolation: 'VPC',
    }),
  ],
  [
    p(prod, { securityGroupRefs: [{ name: 'red' }] }),
    p({ app: 'db', env: 'test', old: 'yes' }, { securityGroupRefs: [{ name: 'red' }, { name: 'blue' }] }),
    p({ app: 'db' }, { trafficFiltering: 'Disabled', securityGroupRefs: undefined }),
    p({ env: 'prod' }, { securityGroupRefs: undefined, dhcp: { mode: 'Enabled' } }),
    p(prod, { allowedAddresses: [{ cidr: '10.2.7.7/32' }, { cidr: '203.0.113.9/32' }] }),
    p(prod, { allowedAddresses: [{ cidr: '10.1.1.200/32' }, { cidr: '192.168.7.7/32' }] }),
  ],
  [
    q(),
    q({ dhcp: { dnsServers: ['9.9.9.9'] } }),
    q({ spoofingProtection: 'Disabled' }),
    q({ adminState: 'Down' }),
  ],
  [
    portIn('vlan', 'machine', { ipAddress: '10.1.5.11' }),
    portIn('vlan', 'machine', { ipAddress: '10.1.5.11', trafficFiltering: 'Disabled' }),
  ],
  [portIn('default', 'far', { ipAddress: '10.2.255.11', securityGroupRefs: undefined }, 'b')],
  [floatingIP('ip', { ...gateway, address: '203.0.113.150' })],
  [
    natRule('floating', { type: 'FloatingIP', floatingIPRef: { name: 'ip' }, target: toP }),
    natRule('floating', {
      type: 'FloatingIP',
      floatingIPRef: { name: 'ip' },
      target: { address: '10.1.2.77' },
    }),
    natRule('floating', {
      type: 'FloatingIP',
      floatingIPRef: { name: 'ip' },
      target: toQ,
      mode: 'Distributed',
    }),
  ],
  [
    forward({ target: toQ }),
    forward({ target: toP, externalIP: '203.0.113.151' }),
    forward({ target: toP, floatingIPRef: { name: 'ip' } }),
  ],
  [
    natRule('out', { type: 'SNAT', source: { subnetRef: { name: 'web' } } }),
    natRule('out', { type: 'SNAT', source: { cidr: '10.1.2.0/25' }, externalIP: '203.0.113.152' }),
    natRule('out', { type: 'SNAT', source: { cidr: '10.1.0.0/16' } }),
  ],
  [
    vpcPeering('peer', { peer: { namespace: 'b' } }),
    vpcPeering('peer', { peer: { namespace: 'b' }, advertisedCIDRs: ['10.1.1.0/24'] }),
    vpcPeering('peer', { peer: { namespace: 'b' }, acceptedCIDRs: ['10.2.0.0/17'] }),
  ],
  [
    vpcPeering('peer', { peer: { namespace: 'default' } }, 'b'),
    vpcPeering('peer', { peer: { namespace: 'default' }, advertisedCIDRs: ['10.2.0.0/17'] }, 'b'),
  ],
];
