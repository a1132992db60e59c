import { firstAddress, formatAddress, mustParseAddress, networkOf } from '../api/index.ts';
import { userDataOf } from './ec2.ts';
import type { Instance } from './instance.ts';
import { directory, json, type Directory } from './tree.ts';

/** The supported versions (nova/api/metadata/base.py). All versions have the same documents. */
const OPENSTACK_VERSIONS = [
  '2012-08-10',
  '2013-04-04',
  '2013-10-17',
  '2015-10-15',
  '2016-06-30',
  '2016-10-06',
  '2017-02-22',
  '2018-08-27',
  '2020-10-14',
  'latest',
] as const;

/** Returns the documents below `/openstack` (Nova's user guide, "Metadata"). Unknown data is absent. */
export function openstackTree(instance: Instance): Directory {
  const version = directory({
    'meta_data.json': json(metaData(instance)),
    'network_data.json': json(networkData(instance)),
    user_data: userDataOf(instance),
    'vendor_data.json': json({}),
    'vendor_data2.json': json({}),
  });
  // The list has no slashes, because clients compare whole lines with the versions that they know.
  return directory(Object.fromEntries(OPENSTACK_VERSIONS.map((name) => [name, version])), (name) => name);
}

function metaData({ hostname, instanceId, sshKeys }: Instance) {
  const keys = sshKeys.map((data, index) => ({ name: `key-${String(index)}`, type: 'ssh', data }));
  return {
    uuid: instanceId,
    name: hostname,
    hostname,
    launch_index: 0,
    ...(keys.length === 0
      ? {}
      : { keys, public_keys: Object.fromEntries(keys.map(({ name, data }) => [name, data])) }),
  };
}

const LINK = 'interface0';

/** Returns network_data.json with the interface through which the machine sends the request. */
function networkData(instance: Instance) {
  const { macAddress, mtu, dnsServers } = instance;
  return {
    links: [
      { id: LINK, type: 'ovs', ethernet_mac_address: macAddress, ...(mtu === undefined ? {} : { mtu }) },
    ],
    networks: [{ id: 'network0', link: LINK, network_id: 'network0', ...addressing(instance) }],
    services: dnsServers.map((address) => ({ type: 'dns', address })),
  };
}

/** With DHCP, the document has no address: only DHCP announces the route to the metadata service. */
function addressing({ dhcp, gatewayIP, ipAddress, prefixLength }: Instance) {
  if (dhcp) return { type: 'ipv4_dhcp' };
  const routes =
    gatewayIP === undefined ? [] : [{ network: '0.0.0.0', netmask: '0.0.0.0', gateway: gatewayIP }];
  return { type: 'ipv4', ip_address: ipAddress, netmask: netmaskOf(prefixLength), routes };
}

/** Returns the network mask in dotted decimal: the first address of the last network with this prefix length. */
function netmaskOf(prefixLength: number): string {
  return formatAddress(firstAddress(networkOf(mustParseAddress('255.255.255.255'), prefixLength)));
}
