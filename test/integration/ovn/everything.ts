import { member, row, rowUuid } from '../../../src/ovn/index.ts';
import type { DesiredState, Owner } from '../../../src/ovn/index.ts';
import { insertRow } from '../../../src/ovn/apply/operations.ts';
import type { NbColumns } from '../../../src/ovn/model/row-types.ts';
import { nbTables } from '../../../src/ovn/model/tables.ts';
import type { ColumnSpec, NbTable } from '../../../src/ovn/model/tables.ts';
import type { Operation, Value } from '../../../src/ovn/ovsdb/index.ts';

export const everyTable = Object.keys(nbTables) as NbTable[];

/** An address set of another client. The operator does not manage address sets. */
export const addressSetUuid = 'eeeeeeee-0000-4000-8000-000000000001';

/** Returns the UUID of the owner's row in a table. */
export function uuidIn(owner: Owner, table: NbTable): string {
  return rowUuid(owner.uid, table);
}

/**
 * Returns a state with one row in every managed table, an element in every shared column, and most columns
 * set.
 */
export function everything(owner: Owner): DesiredState {
  const id = (table: NbTable): string => uuidIn(owner, table);
  const columns: { readonly [T in NbTable]: NbColumns<T> } = {
    Logical_Switch: { name: 'sw', copp: id('Copp'), other_config: { mcast_snoop: 'false' } },
    Logical_Switch_Port: {
      name: `lsp-${owner.name}`,
      addresses: ['0a:00:00:00:00:01 10.0.0.4'],
      port_security: ['0a:00:00:00:00:01 10.0.0.4'],
      enabled: true,
      dhcpv4_options: id('DHCP_Options'),
      options: { 'requested-chassis': 'hv1' },
    },
    Logical_Router: { name: 'lr', copp: id('Copp'), options: { dynamic_neigh_routers: 'true' } },
    Logical_Router_Port: {
      name: `lrp-${owner.name}`,
      mac: '0a:00:00:00:00:02',
      networks: ['10.0.0.1/24'],
      ha_chassis_group: id('HA_Chassis_Group'),
    },
    Logical_Router_Static_Route: { ip_prefix: '0.0.0.0/0', nexthop: '10.0.0.9' },
    Logical_Router_Policy: { priority: 10, match: 'ip4', action: 'drop' },
    NAT: {
      type: 'snat',
      external_ip: '203.0.113.4',
      logical_ip: '10.0.0.0/24',
      gateway_port: id('Logical_Router_Port'),
    },
    Load_Balancer: { name: 'lb', vips: { '203.0.113.4:80': '10.0.0.4:8080' }, protocol: 'tcp' },
    DHCP_Options: { cidr: '10.0.0.0/24', options: { lease_time: '3600' } },
    Port_Group: { name: `pg_${owner.name}` },
    ACL: { priority: 1000, direction: 'to-lport', match: 'ip', action: 'drop' },
    QoS: { priority: 5, direction: 'to-lport', match: 'ip', bandwidth: { rate: 1000 }, action: { dscp: 5 } },
    Copp: { name: `copp-${owner.name}`, meters: { arp: 'm' } },
    Meter: { name: `meter-${owner.name}`, unit: 'pktps', bands: [id('Meter_Band')] },
    Meter_Band: { action: 'drop', rate: 5, burst_size: 5 },
    HA_Chassis_Group: { name: `hcg-${owner.name}` },
    HA_Chassis: { chassis_name: 'hv1', priority: 3 },
  };
  const { Logical_Switch: sw, Logical_Router: lr } = {
    Logical_Switch: id('Logical_Switch'),
    Logical_Router: id('Logical_Router'),
  };
  return {
    rows: everyTable.map((table) => row(table, id(table), columns[table])),
    memberships: [
      member('Logical_Switch', sw, 'ports', id('Logical_Switch_Port')),
      member('Logical_Switch', sw, 'acls', id('ACL')),
      member('Logical_Switch', sw, 'qos_rules', id('QoS')),
      member('Logical_Switch', sw, 'load_balancer', id('Load_Balancer')),
      member('Logical_Router', lr, 'ports', id('Logical_Router_Port')),
      member('Logical_Router', lr, 'static_routes', id('Logical_Router_Static_Route')),
      member('Logical_Router', lr, 'policies', id('Logical_Router_Policy')),
      member('Logical_Router', lr, 'nat', id('NAT')),
      member('Logical_Router', lr, 'load_balancer', id('Load_Balancer')),
      member('Port_Group', id('Port_Group'), 'ports', id('Logical_Switch_Port')),
      member('Port_Group', id('Port_Group'), 'acls', id('ACL')),
      member('HA_Chassis_Group', id('HA_Chassis_Group'), 'ha_chassis', id('HA_Chassis')),
    ],
  };
}

/** Other valid values of columns that accept only some values. */
const specialValues: Readonly<Record<string, Value>> = {
  'Logical_Router_Policy.action': 'allow',
  'Logical_Router_Static_Route.policy': new Set(['src-ip']),
  'ACL.direction': 'from-lport',
  'ACL.action': 'reject',
  'ACL.severity': new Set(['alert']),
  'QoS.direction': 'from-lport',
  'QoS.action': new Map([['dscp', 7]]),
  'QoS.bandwidth': new Map([['rate', 7]]),
  'Meter.unit': 'kbps',
  'NAT.type': 'dnat_and_snat',
  'Load_Balancer.protocol': new Set(['udp']),
  'Load_Balancer.selection_fields': new Set(['ip_src']),
};

/** Returns another valid value for a column. */
export function otherValue(owner: Owner, table: NbTable, column: string): Value {
  const spec: ColumnSpec = (nbTables[table].columns as Readonly<Record<string, ColumnSpec>>)[column]!;
  if (column === 'external_ids') return new Map([['overlay-network/owner', 'Port/some/body']]);
  const known = specialValues[`${table}.${column}`];
  if (known !== undefined) return known;
  if (spec.of === 'uuid') {
    const used = everything(owner).rows.some(
      (one) => one.table === table && one.columns[column] !== undefined,
    );
    if (used) return new Set();
    return new Set([
      spec.refTable === 'Address_Set' ? addressSetUuid : uuidIn(owner, spec.refTable as NbTable),
    ]);
  }
  if (spec.kind === 'map') return new Map([['foreign', 'yes']]);
  // 2 is in the range of every integer column of every release, and no row of `everything` has the value.
  const atom = spec.of === 'integer' ? 2 : spec.of === 'boolean' ? spec.kind === 'boolean' : 'foreign';
  if (column === 'enabled') return new Set([false]);
  return spec.kind === 'optional' || spec.kind === 'set' ? new Set([atom]) : atom;
}

/** Returns rows like the rows of Neutron and Kube-OVN, and adds one of them to a set of the owner. */
export function foreignRows(ours: Owner): Operation[] {
  const uuid = (n: number): string => `ffffffff-0000-4000-8000-00000000000${n}`;
  return [
    insertRow('Logical_Switch', uuid(1), {
      name: 'neutron-1',
      ports: new Set([uuid(2)]),
      external_ids: new Map([['neutron:network_name', 'x']]),
    }),
    insertRow('Logical_Switch_Port', uuid(2), {
      name: 'f2',
      external_ids: new Map([['neutron:revision_number', '7']]),
    }),
    insertRow('Port_Group', uuid(3), {
      name: 'neutron_pg',
      ports: new Set([uuid(2)]),
      acls: new Set([uuid(4)]),
    }),
    insertRow('ACL', uuid(4), {
      priority: 1001,
      direction: 'to-lport',
      match: 'outport == @neutron_pg',
      action: 'drop',
    }),
    insertRow('Logical_Router', uuid(5), {
      name: 'ovn-cluster',
      external_ids: new Map([['vendor', 'kube-ovn']]),
      nat: new Set([uuid(6)]),
    }),
    insertRow('NAT', uuid(6), { type: 'snat', external_ip: '198.51.100.1', logical_ip: '10.16.0.0/16' }),
    insertRow('ACL', uuid(7), { priority: 1, direction: 'to-lport', match: 'arp', action: 'allow' }),
    {
      op: 'mutate',
      table: 'Logical_Switch',
      where: [['_uuid', '==', ['uuid', uuidIn(ours, 'Logical_Switch')]]],
      mutations: [['acls', 'insert', ['uuid', uuid(7)]]],
    },
    insertRow('Logical_Switch', uuid(8), {
      name: 'beta',
      external_ids: new Map([
        ['overlay-network/cluster', 'beta'],
        ['overlay-network/owner', 'Subnet/a/b'],
        ['overlay-network/uid', 'u'],
      ]),
    }),
  ];
}
