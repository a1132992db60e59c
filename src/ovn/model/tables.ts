/**
 * The Northbound tables and columns that the operator knows (ovn-nb(5); columns that an older or newer schema
 * lacks are skipped when connected). A column that is not here is never read, compared or written, so an
 * administrator's mirror rules, control-plane protection or DNS stay as they are.
 */

/** What a column holds, and how the operator treats it. */
export interface ColumnSpec {
  readonly kind: 'string' | 'integer' | 'boolean' | 'optional' | 'set' | 'map';
  /** The type of the atoms (of a map's values). */
  readonly of: 'string' | 'integer' | 'boolean' | 'uuid';
  /** The table that the atoms refer to. */
  readonly refTable?: string;
  /** A strong reference keeps its target alive and forbids its deletion; a weak one vanishes with it. */
  readonly ref?: 'strong' | 'weak';
  /** A set that several owners add to: mutated by membership, never written whole (invariant 3). */
  readonly shared?: true;
  /** Written by northd or others: read, never compared, never written. */
  readonly volatile?: true;
}

export interface TableSpec {
  /** Rows of a root table live until deleted; the others vanish at commit without a strong reference. */
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

function shared<T extends string>(refTable: T, ref: 'strong' | 'weak') {
  return { kind: 'set', of: 'uuid', refTable, ref, shared: true } as const;
}

function volatile<C extends ColumnSpec>(column: C): C & { readonly volatile: true } {
  return { ...column, volatile: true };
}

export const nbTables = {
  Logical_Switch: {
    root: true,
    columns: {
      name: string,
      ports: shared('Logical_Switch_Port', 'strong'),
      acls: shared('ACL', 'strong'),
      qos_rules: shared('QoS', 'strong'),
      load_balancer: shared('Load_Balancer', 'weak'),
      dns_records: shared('DNS', 'weak'),
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
      tag: volatile(optionalInteger),
      addresses: strings,
      dynamic_addresses: volatile(optionalString),
      port_security: strings,
      up: volatile(optionalBoolean),
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
      gateway_chassis: shared('Gateway_Chassis', 'strong'),
      ha_chassis_group: reference('HA_Chassis_Group', 'strong'),
      options: stringMap,
      ipv6_ra_configs: stringMap,
      ipv6_prefix: volatile(strings),
      /** Which chassis hosts a gateway port; newer schemas only. */
      status: volatile(stringMap),
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
  DNS: {
    root: true,
    columns: { records: stringMap, external_ids: stringMap },
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
  Address_Set: {
    root: true,
    columns: { name: string, addresses: strings, external_ids: stringMap },
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
  HA_Chassis_Group: {
    root: true,
    columns: { name: string, ha_chassis: shared('HA_Chassis', 'strong'), external_ids: stringMap },
  },
  HA_Chassis: {
    root: false,
    columns: { chassis_name: string, priority: integer, external_ids: stringMap },
  },
  Gateway_Chassis: {
    root: false,
    columns: {
      name: string,
      chassis_name: string,
      priority: integer,
      options: stringMap,
      external_ids: stringMap,
    },
  },
} as const satisfies Readonly<Record<string, TableSpec>>;

/** A table whose rows a plan may want. */
export type NbTable = keyof typeof nbTables;

/**
 * `NB_Global`'s columns that are read: the epoch and how far OVN has come (`nb_cfg` → `sb_cfg` → `hv_cfg`).
 * Its one row belongs to everybody, so it is not among the managed tables.
 */
const globalColumns = ['external_ids', 'nb_cfg', 'sb_cfg', 'hv_cfg'] as const;

/** What to monitor: the `tables` option of the OVSDB client. */
export const monitoredTables: Readonly<Record<string, readonly string[]>> = {
  ...Object.fromEntries(Object.entries(nbTables).map(([table, spec]) => [table, Object.keys(spec.columns)])),
  NB_Global: globalColumns,
};

/** The specification of a managed table, or undefined when the operator does not manage it. */
export function tableSpec(table: string): TableSpec | undefined {
  return Object.hasOwn(nbTables, table) ? nbTables[table as NbTable] : undefined;
}

/** The columns of a table that hold elements of several owners, with what they hold. */
export function sharedColumns(table: string): readonly string[] {
  return sharedByTable.get(table) ?? [];
}

const sharedByTable: ReadonlyMap<string, readonly string[]> = new Map(
  Object.entries(nbTables).map(([table, spec]) => [
    table,
    Object.entries<ColumnSpec>(spec.columns).flatMap(([name, column]) => (column.shared ? [name] : [])),
  ]),
);

type Atomic<C> = C extends { of: 'integer' } ? number : C extends { of: 'boolean' } ? boolean : string;
type Input<C> = C extends { kind: 'map' }
  ? Readonly<Record<string, Atomic<C>>>
  : C extends { kind: 'set' }
    ? readonly Atomic<C>[]
    : C extends { kind: 'optional' }
      ? Atomic<C> | undefined
      : Atomic<C>;
type PlainColumn<C> = C extends { shared: true } | { volatile: true } ? never : unknown;

/**
 * What a plan says of a row, in plain shapes: arrays for sets, objects for maps, undefined for an optional that is
 * unset. A column left out has its default (empty), whatever stands there: same objects, same rows.
 */
export type NbColumns<T extends NbTable> = {
  readonly [
    C in keyof (typeof nbTables)[T]['columns'] as PlainColumn<
      (typeof nbTables)[T]['columns'][C]
    > extends never
      ? never
      : C
  ]?: Input<(typeof nbTables)[T]['columns'][C]>;
};

/** The columns of a table that take memberships. */
export type SharedColumn<T extends NbTable> = {
  [C in keyof (typeof nbTables)[T]['columns']]: (typeof nbTables)[T]['columns'][C] extends { shared: true }
    ? C
    : never;
}[keyof (typeof nbTables)[T]['columns']] &
  string;
