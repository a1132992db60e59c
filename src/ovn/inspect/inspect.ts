import { chassisColumns, readChassis, readMacMappings } from '../southbound/chassis.ts';
import type { Chassis } from '../southbound/chassis.ts';
import { ComparingWriter } from '../diff/comparing-writer.ts';
import { epochKey } from '../model/marks.ts';
import type { Owner } from '../model/marks.ts';
import { OwnershipIndex } from '../diff/ownership.ts';
import { OvsdbClient } from '../ovsdb/index.ts';
import type { OvsdbClientOptions } from '../ovsdb/index.ts';
import { bindingColumns, hostOf } from '../southbound/southbound.ts';
import { monitoredTables } from '../model/tables.ts';

/** How to reach a database for a look. */
export interface InspectOptions extends Pick<OvsdbClientOptions, 'remotes' | 'tls' | 'allowPlaintext'> {
  /** How long the server, or the leader of a cluster, is waited for, in ms. */
  readonly timeoutMs: number;
}

/** What a look at the Northbound database found. */
export interface NorthboundFacts {
  /** Of the schema, as ovn-nb(5) counts it. */
  readonly schemaVersion: string;
  /** Compares what somebody wants with what was read. */
  readonly writer: ComparingWriter;
  /** Owners with rows of this cluster. */
  readonly owners: readonly Owner[];
  /** How many rows this cluster has. */
  readonly rows: number;
  /** Which epoch writes; undefined when no operator has ever led. */
  readonly epoch: string | undefined;
  /** Names of all logical switch ports, of everybody. */
  readonly ports: ReadonlySet<string>;
  /** How far OVN has come, as `NB_Global` says: what was asked for, and what northd and the hosts have done of it. */
  readonly progress: { readonly asked: number; readonly northd: number; readonly hosts: number };
}

/** What a look found of a host. */
interface HostFacts extends Chassis {
  /** Whether it has done all that northd has asked of it. */
  readonly isCurrent: boolean;
  /** The MAC address that routers have there, by physical network (`ovn-chassis-mac-mappings`); unchecked. */
  readonly macMappings: ReadonlyMap<string, string>;
}

/** What a look at the Southbound database found. */
export interface SouthboundFacts {
  readonly schemaVersion: string;
  /** Whether an ovn-northd is active: it holds the lock that the others wait for. */
  readonly hasNorthd: boolean;
  /** All logical ports that northd has translated, with the host on which each is up. */
  readonly ports: ReadonlyMap<string, string | undefined>;
  readonly hosts: readonly HostFacts[];
}

/**
 * Reads the Northbound database once; nothing is written.
 *
 * @throws OvsdbError when the server, or the leader of a cluster, cannot be had in time.
 */
export function inspectNorthbound(cluster: string, options: InspectOptions): Promise<NorthboundFacts> {
  return look('OVN_Northbound', monitoredTables, options, ({ replica, schema }) => {
    const index = new OwnershipIndex(cluster);
    index.build(replica);
    const [global] = replica.rows('NB_Global');
    const counter = (column: string): number => Number(global?.[column] ?? 0);
    const ids = global?.['external_ids'];
    const epoch =
      ids instanceof Map ? (ids as ReadonlyMap<string, string>).get(epochKey(cluster)) : undefined;
    return {
      schemaVersion: schema?.version ?? '',
      writer: new ComparingWriter(cluster, replica, index),
      owners: [...index.owners()],
      rows: index.size,
      epoch,
      ports: new Set([...replica.rows('Logical_Switch_Port')].map((row) => row['name'] as string)),
      progress: { asked: counter('nb_cfg'), northd: counter('sb_cfg'), hosts: counter('hv_cfg') },
    };
  });
}

/** The lock of the Southbound database's server that makes one of several ovn-northd active (its main loop takes it). */
const northdLock = 'ovn_northd';

/** Reads the Southbound database once; nothing is written. @throws as `inspectNorthbound` */
export function inspectSouthbound(options: InspectOptions): Promise<SouthboundFacts> {
  const tables = {
    SB_Global: ['nb_cfg'],
    Port_Binding: bindingColumns,
    Chassis: chassisColumns,
    Chassis_Private: ['name', 'nb_cfg'],
  };
  return look('OVN_Southbound', tables, options, async (client) => {
    const { replica, schema } = client;
    const [global] = replica.rows('SB_Global');
    const asked = Number(global?.['nb_cfg'] ?? 0);
    const done = new Map(
      [...replica.rows('Chassis_Private')].map((row) => [row['name'] as string, Number(row['nb_cfg'] ?? 0)]),
    );
    const macMappings = readMacMappings(replica);
    return {
      schemaVersion: schema?.version ?? '',
      hasNorthd: await client.isLocked(northdLock),
      ports: new Map(
        [...replica.rows('Port_Binding')].map((row) => [row['logical_port'] as string, hostOf(row, replica)]),
      ),
      hosts: readChassis(replica).map((chassis) => ({
        ...chassis,
        isCurrent: (done.get(chassis.name) ?? 0) >= asked,
        macMappings: macMappings.get(chassis.name) ?? new Map<string, string>(),
      })),
    };
  });
}

async function look<T>(
  database: string,
  tables: OvsdbClientOptions['tables'],
  { timeoutMs, ...options }: InspectOptions,
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
