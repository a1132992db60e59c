/**
 * The Northbound tables and columns that the operator manages (ovn-nb(5)). The operator replicates exactly
 * these columns; it skips a column that the connected schema lacks. The operator never reads, compares or
 * writes any other column, so an administrator's mirror rules and DNS records stay unchanged.
 *
 * A column that no plan sets is listed only if a value in it would change how OVN treats a row of the
 * operator: the operator then restores the column's default. Columns that ovn-northd writes (`up`, `tag`, …)
 * are not listed.
 */

/** The type of a column and the rules for writing it. */
export interface ColumnSpec {
  readonly kind: 'string' | 'integer' | 'boolean' | 'optional' | 'set' | 'map';
  /** The type of the atoms. For a map: the type of its values. */
  readonly of: 'string' | 'integer' | 'boolean' | 'uuid';
  /** The table that the atoms refer to. */
  readonly refTable?: string;
  /** A strong reference prevents the deletion of its target. A weak reference disappears with its target. */
  readonly ref?: 'strong' | 'weak';
  /** Several owners add elements to this set, so the operator mutates it and never writes it as a whole. */
  readonly shared?: true;
  /** The operator manages the column only in a row whose plan sets it. In other rows it belongs to administrators. */
  readonly yields?: true;
}

export interface TableSpec {
  /**
   * A row of a root table exists until it is deleted. OVSDB deletes any other row that no strong reference
   * holds.
   */
  readonly root: boolean;
  readonly columns: Readonly<Record<string, ColumnSpec>>;
}

const string = { kind: 'string', of: 'string' } as const;
const integer = { kind: 'integer', of: 'integer' } as const;
const boolean = { kind: 'boolean', of: 'boolean' } as const;
const optionalString = { kind: 'optional', of: 'string' } as const;
const optionalInteger = { kind: 'optional', of: 'integer' } as const;
const optionalBoolean = { kind: 'optional', of: 'boolean' } as const;
const strings = { kind: 'set', of: 'string' } as const;
const stringMap = { kind: 'map', of: 'string' } as const;
const integerMap = { kind: 'map', of: 'integer' } as const;

/** An optional reference to one row. */
function reference<T extends string>(refTable: T, ref: 'strong' | 'weak') {
  return { kind: 'optional', of: 'uuid', refTable, ref } as const;
}

/** A reference to the policy of control-plane protection. Without limits, an administrator can set a policy. */
const copp = { ...reference('Copp', 'weak'), yields: true } as const;

/** A set of references that several owners share. */
function shared<T extends string>(refTable: T, ref: 'strong' | 'weak') {
  return { kind: 'set', of: 'uuid', refTable, ref, shared: true } as const;
}

/** Every managed table. */
export const nbTables = {
  Logical_Switch: {
    root: true,
    columns: {
      name: string,
      ports: shared('Logical_Switch_Port', 'strong'),
      acls: shared('ACL', 'strong'),
      qos_rules: shared('QoS', 'strong'),
      load_balancer: shared('Load_Balancer', 'weak'),
      copp,
      other_config: stringMap,
      external_ids: stringMap,
    },
  },
  Logical_Switch_Port: {
    root: false,
    columns: {
      name: string,
      type: string,
      options: stringMap,
      parent_name: optionalString,
      tag_request: optionalInteger,
      addresses: strings,
      port_security: strings,
      enabled: optionalBoolean,
      dhcpv4_options: reference('DHCP_Options', 'weak'),
      dhcpv6_options: reference('DHCP_Options', 'weak'),
      ha_chassis_group: reference('HA_Chassis_Group', 'strong'),
      /** Schema 7.11 (25.03) and newer. */
      peer: optionalString,
      external_ids: stringMap,
    },
  },
  Logical_Router: {
    root: true,
    columns: {
      name: string,
      ports: shared('Logical_Router_Port', 'strong'),
      static_routes: shared('Logical_Router_Static_Route', 'strong'),
      policies: shared('Logical_Router_Policy', 'strong'),
      nat: shared('NAT', 'strong'),
      load_balancer: shared('Load_Balancer', 'weak'),
      enabled: optionalBoolean,
      copp,
      options: stringMap,
      external_ids: stringMap,
    },
  },
  Logical_Router_Port: {
    root: false,
    columns: {
      name: string,
      mac: string,
      networks: strings,
      peer: optionalString,
      enabled: optionalBoolean,
      ha_chassis_group: reference('HA_Chassis_Group', 'strong'),
      options: stringMap,
      ipv6_ra_configs: stringMap,
      external_ids: stringMap,
    },
  },
  Logical_Router_Static_Route: {
    root: false,
    columns: {
      ip_prefix: string,
      nexthop: string,
      policy: optionalString,
      output_port: optionalString,
      route_table: string,
      options: stringMap,
      external_ids: stringMap,
    },
  },
  Logical_Router_Policy: {
    root: false,
    columns: {
      priority: integer,
      match: string,
      action: string,
      nexthop: optionalString,
      nexthops: strings,
      options: stringMap,
      external_ids: stringMap,
    },
  },
  NAT: {
    root: false,
    columns: {
      type: string,
      external_ip: string,
      external_mac: optionalString,
      external_port_range: string,
      logical_ip: string,
      logical_port: optionalString,
      /** The operator does not manage address sets. It only restores the default of these two columns. */
      allowed_ext_ips: reference('Address_Set', 'strong'),
      exempted_ext_ips: reference('Address_Set', 'strong'),
      /** Schema 6.3 (22.06) and newer. */
      gateway_port: reference('Logical_Router_Port', 'weak'),
      /** Schema 7.6 (24.09) and newer. */
      match: string,
      priority: integer,
      options: stringMap,
      external_ids: stringMap,
    },
  },
  Load_Balancer: {
    root: true,
    columns: {
      name: string,
      vips: stringMap,
      protocol: optionalString,
      ip_port_mappings: stringMap,
      selection_fields: strings,
      options: stringMap,
      external_ids: stringMap,
    },
  },
  DHCP_Options: {
    root: true,
    columns: { cidr: string, options: stringMap, external_ids: stringMap },
  },
  Port_Group: {
    root: true,
    columns: {
      name: string,
      ports: shared('Logical_Switch_Port', 'weak'),
      acls: shared('ACL', 'strong'),
      external_ids: stringMap,
    },
  },
  ACL: {
    root: false,
    columns: {
      name: optionalString,
      priority: integer,
      direction: string,
      match: string,
      action: string,
      log: boolean,
      severity: optionalString,
      meter: optionalString,
      label: integer,
      /** Schema 7.0.4 (23.06) and newer. */
      tier: integer,
      options: stringMap,
      external_ids: stringMap,
    },
  },
  QoS: {
    root: false,
    columns: {
      priority: integer,
      direction: string,
      match: string,
      action: integerMap,
      bandwidth: integerMap,
      external_ids: stringMap,
    },
  },
  Copp: {
    root: true,
    columns: { name: string, meters: stringMap, external_ids: stringMap },
  },
  Meter: {
    root: true,
    columns: {
      name: string,
      unit: string,
      /** A meter needs at least one band, so the plan writes the whole set. */
      bands: { kind: 'set', of: 'uuid', refTable: 'Meter_Band', ref: 'strong' },
      fair: optionalBoolean,
      external_ids: stringMap,
    },
  },
  Meter_Band: {
    root: false,
    columns: { action: string, rate: integer, burst_size: integer, external_ids: stringMap },
  },
  HA_Chassis_Group: {
    root: true,
    columns: { name: string, ha_chassis: shared('HA_Chassis', 'strong'), external_ids: stringMap },
  },
  HA_Chassis: {
    root: false,
    columns: { chassis_name: string, priority: integer, external_ids: stringMap },
  },
} as const satisfies Readonly<Record<string, TableSpec>>;

/** A table that a plan may create rows in. */
export type NbTable = keyof typeof nbTables;

/**
 * The columns of `NB_Global` that the operator reads: the epoch (`external_ids`) and the progress of OVN
 * (`nb_cfg`, `sb_cfg`). All clients share the one row of `NB_Global`, so the table is not managed.
 */
const globalColumns = ['external_ids', 'nb_cfg', 'sb_cfg'] as const;

/** The tables and columns to replicate: the `tables` option of the OVSDB client. */
export const monitoredTables: Readonly<Record<string, readonly string[]>> = {
  ...Object.fromEntries(Object.entries(nbTables).map(([table, spec]) => [table, Object.keys(spec.columns)])),
  NB_Global: globalColumns,
};

/** Returns the specification of a managed table; undefined if the operator does not manage the table. */
export function tableSpec(table: string): TableSpec | undefined {
  return Object.hasOwn(nbTables, table) ? nbTables[table as NbTable] : undefined;
}

/** Returns the names of the shared columns of a table (see {@link ColumnSpec.shared}). */
export function sharedColumns(table: string): readonly string[] {
  return sharedByTable.get(table) ?? [];
}

const sharedByTable: ReadonlyMap<string, readonly string[]> = new Map(
  Object.entries(nbTables).map(([table, spec]) => [
    table,
    Object.entries<ColumnSpec>(spec.columns).flatMap(([name, column]) => (column.shared ? [name] : [])),
  ]),
);
