import { ComparingWriter } from '../diff/comparing-writer.ts';
import { OwnershipIndex } from '../diff/ownership.ts';
import { epochKey, homeKey } from '../model/marks.ts';
import type { Owner } from '../model/marks.ts';
import { monitoredTables } from '../model/tables.ts';
import { OvsdbClient } from '../ovsdb/index.ts';
import type { OvsdbClientOptions } from '../ovsdb/index.ts';
import { chassisColumns, readChassis, readMacMappings } from '../southbound/chassis.ts';
import type { Chassis } from '../southbound/chassis.ts';
import { bindingColumns, hostOf } from '../southbound/southbound.ts';

/** The options for reading a database once. */
export interface InspectOptions extends Pick<
  OvsdbClientOptions,
  'remotes' | 'tls' | 'allowPlaintext' | 'probe' | 'timeouts'
> {
  /** The maximum wait for the server, or for the leader of a cluster, in ms. */
  readonly timeoutMs: number;
}

/** The relevant content of the Northbound database. */
export interface NorthboundFacts {
  /** The version of the schema (ovn-nb(5)). */
  readonly schemaVersion: string;
  /** Compares desired states with the database. */
  readonly writer: ComparingWriter;
  /** The owners of this cluster that have rows. */
  readonly owners: readonly Owner[];
  /** The number of rows of this cluster. */
  readonly rows: number;
  /** The epoch of the last leader; undefined if no operator has ever been the leader. */
  readonly epoch: string | undefined;
  /** The UID of the recorded Kubernetes cluster; undefined without a record. */
  readonly home: string | undefined;
  /** The names of all logical switch ports, including ports of other clients. */
  readonly ports: ReadonlySet<string>;
  /**
   * The progress of OVN: the requested number (`NB_Global.nb_cfg`) and the number that northd reached
   * (`sb_cfg`).
   */
  readonly progress: { readonly asked: number; readonly northd: number };
}

/** A chassis and its progress. */
interface HostFacts extends Chassis {
  /** Whether the chassis has installed everything that northd requested. */
  readonly isCurrent: boolean;
  /**
   * The MAC address of routers on this chassis, by physical network (`ovn-chassis-mac-mappings`); not
   * validated.
   */
  readonly macMappings: ReadonlyMap<string, string>;
}

/** The relevant content of the Southbound database. */
export interface SouthboundFacts {
  readonly schemaVersion: string;
  /** Whether an ovn-northd is active, that is, holds the lock; undefined when the server is a relay, which does not know. */
  readonly hasNorthd: boolean | undefined;
  /** All logical ports that northd has translated, with the chassis on which each port is up. */
  readonly ports: ReadonlyMap<string, string | undefined>;
  readonly hosts: readonly HostFacts[];
}

/**
 * Reads the Northbound database once. Writes nothing.
 *
 * @throws OvsdbError DEADLINE_EXCEEDED when the server, or the leader of a cluster, cannot be reached in time
 * @throws OvsdbError CONFIGURATION when an option is invalid
 */
export function inspectNorthbound(cluster: string, options: InspectOptions): Promise<NorthboundFacts> {
  return readOnce('OVN_Northbound', monitoredTables, options, ({ replica, schema }) => {
    const index = new OwnershipIndex(cluster);
    index.build(replica);
    const [global] = replica.rows('NB_Global');
    const counter = (column: string): number => Number(global?.[column] ?? 0);
    const ids = global?.['external_ids'];
    const value = (key: string): string | undefined =>
      ids instanceof Map ? (ids as ReadonlyMap<string, string>).get(key) : undefined;
    return {
      schemaVersion: schema?.version ?? '',
      writer: new ComparingWriter(cluster, replica, index),
      owners: [...index.owners()],
      rows: index.size,
      epoch: value(epochKey(cluster)),
      home: value(homeKey(cluster)),
      ports: new Set([...replica.rows('Logical_Switch_Port')].map((row) => row['name'] as string)),
      progress: { asked: counter('nb_cfg'), northd: counter('sb_cfg') },
    };
  });
}

/** The lock of the Southbound database server that selects the active ovn-northd. */
const NORTHD_LOCK = 'ovn_northd';

/**
 * Reads the Southbound database once. Writes nothing.
 *
 * @throws OvsdbError like {@link inspectNorthbound}
 */
export function inspectSouthbound(options: InspectOptions): Promise<SouthboundFacts> {
  const tables = {
    SB_Global: ['nb_cfg'],
    Port_Binding: bindingColumns,
    Chassis: chassisColumns,
    Chassis_Private: ['name', 'nb_cfg'],
  };
  return readOnce('OVN_Southbound', tables, { ...options, acceptsRelays: true }, async (client) => {
    const { replica, schema } = client;
    const [global] = replica.rows('SB_Global');
    const requested = Number(global?.['nb_cfg'] ?? 0);
    const done = new Map(
      [...replica.rows('Chassis_Private')].map((row) => [row['name'] as string, Number(row['nb_cfg'] ?? 0)]),
    );
    const macMappings = readMacMappings(replica);
    return {
      schemaVersion: schema?.version ?? '',
      hasNorthd: client.isRelay ? undefined : await client.isLocked(NORTHD_LOCK),
      ports: new Map(
        [...replica.rows('Port_Binding')].map((row) => [row['logical_port'] as string, hostOf(row, replica)]),
      ),
      hosts: readChassis(replica).map((chassis) => ({
        ...chassis,
        isCurrent: (done.get(chassis.name) ?? 0) >= requested,
        macMappings: macMappings.get(chassis.name) ?? new Map<string, string>(),
      })),
    };
  });
}

async function readOnce<T>(
  database: string,
  tables: OvsdbClientOptions['tables'],
  { timeoutMs, ...options }: InspectOptions & Pick<OvsdbClientOptions, 'acceptsRelays'>,
  read: (client: OvsdbClient) => T | Promise<T>,
): Promise<T> {
  const client = new OvsdbClient({ ...options, database, tables });
  try {
    await client.start({ timeoutMs });
    return await read(client);
  } finally {
    await client.stop();
  }
}
