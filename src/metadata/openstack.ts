import { firstAddress, formatAddress, mustParseAddress, networkOf } from '../api/index.ts';
import { userDataOf } from './ec2.ts';
import type { Instance } from './instance.ts';
import { directory, json, type Directory } from './tree.ts';

/** The versions that are listed and answered (nova/api/metadata/base.py). All have the same tree. */
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

/** What is below `/openstack` (Nova's user guide, "Metadata"), as far as it is known here. */
export function openstackTree(instance: Instance): Directory {
  const version = directory({
    'meta_data.json': json(metaData(instance)),
    'network_data.json': json(networkData(instance)),
    user_data: userDataOf(instance),
    'vendor_data.json': json({}),
    'vendor_data2.json': json({}),
  });
  // Clients compare whole lines with the versions that they know, so those are listed without a slash.
  return directory(Object.fromEntries(OPENSTACK_VERSIONS.map((name) => [name, version])), (name) => name);
}

function metaData({ hostname, instanceID, sshKeys }: Instance) {
  const keys = sshKeys.map((data, index) => ({ name: `key-${String(index)}`, type: 'ssh', data }));
  return {
    uuid: instanceID,
    name: hostname,
    hostname,
    launch_index: 0,
    ...(keys.length === 0
      ? {}
      : { keys, public_keys: Object.fromEntries(keys.map(({ name, data }) => [name, data])) }),
  };
}

const LINK = 'interface0';

/** OpenStack's network_data.json: the one interface that the machine asks through. */
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

/** With DHCP the address is left to it, since only that also tells the way to the metadata service. */
function addressing({ dhcp, gatewayIP, ipAddress, prefixLength }: Instance) {
  if (dhcp) return { type: 'ipv4_dhcp' };
  const routes =
    gatewayIP === undefined ? [] : [{ network: '0.0.0.0', netmask: '0.0.0.0', gateway: gatewayIP }];
  return { type: 'ipv4', ip_address: ipAddress, netmask: netmaskOf(prefixLength), routes };
}

/** The mask of an IPv4 network in dotted decimal: the first address of the last network of that length. */
function netmaskOf(prefixLength: number): string {
  return formatAddress(firstAddress(networkOf(mustParseAddress('255.255.255.255'), prefixLength)));
}
