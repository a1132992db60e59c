import { beforeEach, describe, expect, it } from '@jest/globals';
import {
  externalNetwork,
  namespace,
  on,
  portIn,
  providerNetwork,
  subnet,
  vpc,
} from '../../support/controllers/manifests.ts';
import { OfflineCluster } from '../../support/controllers/offline-cluster.ts';
import { rowsOf } from '../../support/controllers/rows.ts';

let cluster: OfflineCluster;
beforeEach(() => {
  cluster = new OfflineCluster();
  cluster.apply(namespace('default'));
  cluster.apply(vpc('net', { cidr: '10.9.0.0/16', defaults: 'None' }));
  cluster.apply(providerNetwork('plant', { physicalNetwork: 'plant1' }));
});

const typesIn = (name: string) =>
  rowsOf(cluster, 'Subnet', name, 'Logical_Switch_Port').map(({ type }) => type);
const routerPort = (name: string) => rowsOf(cluster, 'Subnet', name, 'Logical_Router_Port')[0];

describe('a Subnet on a physical network', () => {
  it('has a localnet port with or without a VLAN tag, and its traffic is routed on one host', async () => {
    cluster.apply(subnet('flat', { provider: on('plant') }));
    cluster.apply(subnet('vlan', { provider: on('plant', 100) }));
    cluster.apply(subnet('overlay'));
    await cluster.settle();
    const localnet = (name: string) =>
      rowsOf(cluster, 'Subnet', name, 'Logical_Switch_Port').find(({ type }) => type === 'localnet');
    expect(localnet('flat')).toMatchObject({ options: { network_name: 'plant1' }, addresses: ['unknown'] });
    expect(localnet('flat')).not.toHaveProperty('tag_request');
    expect(localnet('vlan')).toMatchObject({ tag_request: [100] });
    expect(routerPort('vlan')).toMatchObject({ options: { 'reside-on-redirect-chassis': 'true' } });
    expect(routerPort('overlay')).toMatchObject({ options: {} });
    expect(typesIn('overlay')).toEqual(['router']);
  });

  it('has no router port without a gateway', async () => {
    cluster.apply(subnet('vlan', { gateway: { mode: 'None' }, provider: on('plant', 100) }));
    await cluster.settle();
    expect(typesIn('vlan')).toEqual(['localnet']);
    expect(routerPort('vlan')).toBeUndefined();
  });
});

describe('static routes of a VPC', () => {
  it('become routes of the router next to the default route of the gateway, and are removed with their entry in the spec', async () => {
    cluster.apply(externalNetwork('public'));
    cluster.apply(subnet('web', { cidr: '10.9.1.0/24' }));
    const outward = (staticRoutes: object[]) =>
      vpc('net', {
        cidr: '10.9.0.0/16',
        defaults: 'None',
        externalGateway: { externalNetworkRef: { name: 'public' } },
        staticRoutes,
      });
    const routes = () =>
      rowsOf(cluster, 'VPC', 'net', 'Logical_Router_Static_Route')
        .map(({ ip_prefix, nexthop }) => `${ip_prefix as string} via ${nexthop as string}`)
        .sort();
    cluster.apply(
      outward([
        { destination: '172.16.0.0/12', nextHop: '10.9.1.9' },
        { destination: '192.0.2.7/32', nextHop: '10.9.1.10' },
      ]),
    );
    await cluster.settle();
    const ofGateway = '0.0.0.0/0 via 203.0.113.1';
    expect(routes()).toEqual([ofGateway, '172.16.0.0/12 via 10.9.1.9', '192.0.2.7/32 via 10.9.1.10']);
    cluster.apply(outward([{ destination: '172.16.0.0/12', nextHop: '10.9.1.11' }]));
    await cluster.settle();
    expect(routes()).toEqual([ofGateway, '172.16.0.0/12 via 10.9.1.11']);
  });
});

describe('a Subnet with metadata', () => {
  const dhcp = (kind: string, name: string) =>
    (rowsOf(cluster, kind, name, 'DHCP_Options')[0] as { options: Record<string, string> } | undefined)
      ?.options;

  it('has a localport for the service, and DHCP announces the route to the service and the default route', async () => {
    cluster.apply(subnet('web', { cidr: '10.9.1.0/24', metadata: 'Enabled' }));
    cluster.apply(portIn('web', 'own', { dhcp: { domainName: 'own.example' } }));
    await cluster.settle();
    expect(typesIn('web')).toEqual(['router', 'localport']);
    const [port] = rowsOf(cluster, 'Subnet', 'web', 'Logical_Switch_Port').filter(
      ({ type }) => type === 'localport',
    );
    expect(port?.['addresses']).toEqual([expect.stringMatching(/^0a:[0-9a-f:]+ 169\.254\.169\.254$/)]);
    const routes = '{169.254.169.254/32,0.0.0.0, 0.0.0.0/0,10.9.1.1}';
    expect(dhcp('Subnet', 'web')).toMatchObject({ router: '10.9.1.1', classless_static_route: routes });
    expect(dhcp('Port', 'own')).toMatchObject({
      domain_name: '"own.example"',
      classless_static_route: routes,
    });
  });

  it('announces no default route without a gateway', async () => {
    cluster.apply(subnet('web', { cidr: '10.9.1.0/24', gateway: { mode: 'None' }, metadata: 'Enabled' }));
    await cluster.settle();
    expect(dhcp('Subnet', 'web')).toMatchObject({ classless_static_route: '{169.254.169.254/32,0.0.0.0}' });
  });

  it('loses the localport and the routes, also for its Ports, when metadata is disabled', async () => {
    cluster.apply(subnet('web', { metadata: 'Enabled' }));
    cluster.apply(portIn('web', 'own', { dhcp: { domainName: 'own.example' } }));
    await cluster.settle();
    cluster.apply(subnet('web', { metadata: 'Disabled' }));
    await cluster.settle();
    expect(typesIn('web')).toEqual(['router']);
    for (const [kind, name] of [
      ['Subnet', 'web'],
      ['Port', 'own'],
    ] as const) {
      expect(dhcp(kind, name)).not.toHaveProperty('classless_static_route');
    }
  });
});
