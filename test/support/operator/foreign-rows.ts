/** Foreign rows of the Northbound database, like rows of Neutron, Kube-OVN, administrators and other clusters. */
import { isRow, wireMap, wireSet, type NorthboundView, type WireOperation } from './northbound.ts';

const insert = (table: string, name: string, row: object): WireOperation => ({
  op: 'insert',
  table,
  'uuid-name': name,
  row,
});
const named = (name: string): readonly ['named-uuid', string] => ['named-uuid', name];
const ids = (entries: Readonly<Record<string, string>>): object => ({ external_ids: wireMap(entries) });

/** Creates independent foreign networks, without references to managed rows. */
export async function seedNeighbours(nb: NorthboundView): Promise<void> {
  await nb.transact(
    // Neutron ML2/OVN.
    insert('Logical_Switch', 'neutron_ls', {
      name: 'neutron-8e5f2d5c-6d7c-4f53-9a4e-2f1f5b8f1f11',
      ports: wireSet([named('neutron_lsp'), named('neutron_router_lsp')]),
      other_config: wireMap({ mcast_snoop: 'false', 'vlan-passthru': 'false' }),
      qos_rules: named('neutron_qos'),
      dns_records: named('neutron_dns'),
      ...ids({ 'neutron:network_name': 'private', 'neutron:mtu': '1442', 'neutron:revision_number': '2' }),
    }),
    insert('Logical_Switch_Port', 'neutron_lsp', {
      name: '0d9e1cb4-5c4b-4d0f-9d55-6d6ad3cb9f33',
      addresses: wireSet(['fa:16:3e:0c:5f:aa 10.0.0.7', 'unknown']),
      port_security: 'fa:16:3e:0c:5f:aa 10.0.0.7',
      dhcpv4_options: named('neutron_dhcp'),
      options: wireMap({ 'requested-chassis': 'compute-1', mcast_flood_reports: 'true' }),
      ...ids({
        'neutron:device_owner': 'compute:nova',
        'neutron:port_name': '',
        'neutron:security_group_ids': 'a b',
      }),
    }),
    insert('Logical_Switch_Port', 'neutron_router_lsp', {
      name: 'a9e9dd0b-4f4f-4c1a-8a0f-94ab3bd0aa10',
      type: 'router',
      addresses: 'router',
      options: wireMap({ 'router-port': 'lrp-a9e9dd0b' }),
    }),
    insert('DHCP_Options', 'neutron_dhcp', {
      cidr: '10.0.0.0/24',
      options: wireMap({
        lease_time: '43200',
        mtu: '1442',
        router: '10.0.0.1',
        server_id: '10.0.0.1',
        server_mac: 'fa:16:3e:00:00:01',
      }),
      ...ids({ subnet_id: '1d0a', 'neutron:revision_number': '0' }),
    }),
    insert('Port_Group', 'neutron_pg', {
      name: 'neutron_pg_drop',
      ports: named('neutron_lsp'),
      acls: wireSet([named('neutron_acl_in'), named('neutron_acl_out')]),
      ...ids({}),
    }),
    insert('ACL', 'neutron_acl_in', {
      priority: 1001,
      direction: 'from-lport',
      match: 'inport == @neutron_pg_drop && ip',
      action: 'drop',
      name: 'neutron-drop',
    }),
    insert('ACL', 'neutron_acl_out', {
      priority: 1001,
      direction: 'to-lport',
      match: 'outport == @neutron_pg_drop && ip',
      action: 'drop',
      ...ids({ 'neutron:security_group_rule_id': 'b1c2' }),
    }),
    insert('QoS', 'neutron_qos', {
      priority: 2002,
      direction: 'to-lport',
      match: 'outport == "0d9e1cb4-5c4b-4d0f-9d55-6d6ad3cb9f33"',
      bandwidth: wireMap({ rate: 1000 }),
    }),
    insert('DNS', 'neutron_dns', {
      records: wireMap({ 'vm.example.org': '10.0.0.7' }),
      ...ids({ ls_name: 'neutron' }),
    }),
    insert('Logical_Router', 'neutron_lr', {
      name: 'neutron-4a0a5a1e',
      ports: named('neutron_lrp'),
      nat: named('neutron_nat'),
      static_routes: named('neutron_route'),
      options: wireMap({ always_learn_from_arp_request: 'false', dynamic_neigh_routers: 'true' }),
      ...ids({ 'neutron:router_name': 'r1' }),
    }),
    insert('Logical_Router_Port', 'neutron_lrp', {
      name: 'lrp-a9e9dd0b',
      mac: 'fa:16:3e:11:22:33',
      networks: '10.0.0.1/24',
    }),
    insert('NAT', 'neutron_nat', { type: 'snat', external_ip: '172.24.4.10', logical_ip: '10.0.0.0/24' }),
    insert('Logical_Router_Static_Route', 'neutron_route', { ip_prefix: '0.0.0.0/0', nexthop: '172.24.4.1' }),
    // Kube-OVN.
    insert('Logical_Switch', 'kube_ls', {
      name: 'ovn-default',
      ports: named('kube_lsp'),
      load_balancer: named('kube_lb'),
      ...ids({ vendor: 'kube-ovn' }),
    }),
    insert('Logical_Switch_Port', 'kube_lsp', {
      name: 'coredns-1.kube-system',
      addresses: '00:00:00:2a:1b:0c 10.16.0.5',
      ...ids({ vendor: 'kube-ovn', pod: 'kube-system/coredns-1', ls: 'ovn-default' }),
    }),
    insert('Load_Balancer', 'kube_lb', {
      name: 'cluster-tcp-loadbalancer',
      vips: wireMap({ '10.96.0.1:443': '192.168.1.2:6443' }),
      protocol: 'tcp',
    }),
    insert('Address_Set', 'kube_as', {
      name: 'ovn.sg.default.associated.v4',
      addresses: '10.16.0.5',
      ...ids({ vendor: 'kube-ovn' }),
    }),
    insert('Logical_Router', 'kube_lr', {
      name: 'ovn-cluster',
      policies: named('kube_policy'),
      ...ids({ vendor: 'kube-ovn' }),
    }),
    insert('Logical_Router_Policy', 'kube_policy', {
      priority: 31000,
      match: 'ip4.dst == 10.16.0.0/16',
      action: 'allow',
      ...ids({ vendor: 'kube-ovn' }),
    }),
    insert('HA_Chassis_Group', 'ha_group', { name: 'external', ha_chassis: named('ha_chassis') }),
    insert('HA_Chassis', 'ha_chassis', { chassis_name: 'gw-1', priority: 10 }),
    // Another Kubernetes cluster with this operator.
    insert('Logical_Switch', 'other_cluster', {
      name: 'on_0d5d9f0e_0000_4000_8000_000000000001',
      ...ids({
        'overlay-network/cluster': 'other',
        'overlay-network/owner': 'Subnet/default/apps',
        'overlay-network/uid': '0d5d9f0e-0000-4000-8000-000000000001',
      }),
    }),
  );
}

/** The UUIDs of the managed rows that receive foreign content. */
export interface Hosts {
  readonly logicalSwitch: string;
  readonly router: string;
  readonly portGroup: string;
  readonly port: string;
}

/** Adds foreign content to managed rows: elements of shared sets, and keys of `external_ids`. */
export async function seedGuests(nb: NorthboundView, hosts: Hosts): Promise<void> {
  const join = (table: string, uuid: string, column: string, element: string): WireOperation => ({
    op: 'mutate',
    table,
    where: isRow(uuid),
    mutations: [[column, 'insert', wireSet([named(element)])]],
  });
  const note = (table: string, uuid: string): WireOperation => ({
    op: 'mutate',
    table,
    where: isRow(uuid),
    mutations: [['external_ids', 'insert', wireMap({ 'admin/ticket': 'NET-4711' })]],
  });
  await nb.transact(
    insert('Logical_Switch_Port', 'guest_lsp', {
      name: 'monitoring-probe',
      addresses: '02:00:00:00:00:99 10.10.1.250',
    }),
    insert('ACL', 'guest_acl', {
      priority: 3000,
      direction: 'to-lport',
      match: 'ip4.src == 192.0.2.1',
      action: 'drop',
    }),
    insert('ACL', 'guest_group_acl', {
      priority: 3001,
      direction: 'to-lport',
      match: 'ip4.src == 192.0.2.2',
      action: 'drop',
    }),
    insert('QoS', 'guest_qos', {
      priority: 1,
      direction: 'to-lport',
      match: 'ip4',
      bandwidth: wireMap({ rate: 5 }),
    }),
    insert('Load_Balancer', 'guest_lb', {
      name: 'guest',
      vips: wireMap({ '10.10.1.200:80': '10.10.1.10:80' }),
    }),
    insert('DNS', 'guest_dns', { records: wireMap({ 'db.example.org': '10.10.1.10' }) }),
    insert('Logical_Router_Static_Route', 'guest_route', {
      ip_prefix: '192.0.2.0/24',
      nexthop: '10.10.1.250',
    }),
    insert('Logical_Router_Policy', 'guest_policy', {
      priority: 10,
      match: 'ip4.src == 192.0.2.0/24',
      action: 'drop',
    }),
    insert('NAT', 'guest_nat', { type: 'snat', external_ip: '198.51.100.1', logical_ip: '10.10.1.250' }),
    join('Logical_Switch', hosts.logicalSwitch, 'ports', 'guest_lsp'),
    join('Logical_Switch', hosts.logicalSwitch, 'acls', 'guest_acl'),
    join('Logical_Switch', hosts.logicalSwitch, 'qos_rules', 'guest_qos'),
    join('Logical_Switch', hosts.logicalSwitch, 'load_balancer', 'guest_lb'),
    join('Logical_Switch', hosts.logicalSwitch, 'dns_records', 'guest_dns'),
    join('Logical_Router', hosts.router, 'static_routes', 'guest_route'),
    join('Logical_Router', hosts.router, 'policies', 'guest_policy'),
    join('Logical_Router', hosts.router, 'nat', 'guest_nat'),
    join('Port_Group', hosts.portGroup, 'acls', 'guest_group_acl'),
    join('Port_Group', hosts.portGroup, 'ports', 'guest_lsp'),
    note('Logical_Switch', hosts.logicalSwitch),
    note('Logical_Router', hosts.router),
    note('Port_Group', hosts.portGroup),
    note('Logical_Switch_Port', hosts.port),
  );
}
