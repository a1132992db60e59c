import { OvsdbClient } from '../ovsdb/index.ts';
import type { OvsdbClientOptions, Replica, Row, RowChange, Uuid } from '../ovsdb/index.ts';
import { changedChassis, chassisColumns, readChassis } from './chassis.ts';
import type { Chassis, ChassisDirectory, ChassisListener } from './chassis.ts';

/** Receives a logical port whose binding may have changed; undefined if all bindings may have changed. */
type BindingListener = (logicalPort: string | undefined) => void;

/** The chassis on which each logical port is up. */
export interface PortBindings {
  /** Whether the Southbound database has been read; before that, `hostOf` returns undefined. */
  readonly isKnown: boolean;
  /** Returns the name of the chassis on which the port is up; undefined if the port is not up. O(1). */
  hostOf(logicalPort: string): string | undefined;
  /**
   * Calls `listener` when a binding changes.
   *
   * @returns the function that removes the listener
   */
  onChange(listener: BindingListener): () => void;
}

/** The columns of Port_Binding that tell on which chassis a port is up. */
export const bindingColumns = ['logical_port', 'chassis', 'up'] as const;

/**
 * The replicated tables of the Southbound database (ovn-sb(5)). The operator never writes to this database.
 */
const tables = {
  Port_Binding: bindingColumns,
  Chassis: chassisColumns,
  Chassis_Private: ['name', 'nb_cfg'],
} as const;

/**
 * Follows chassis and port bindings in the Southbound database. A port is up on a chassis when ovn-controller
 * has claimed the port and installed its flows (`Port_Binding.chassis` and `up`). The client connects in the
 * background, so the operator also works while this database is unreachable.
 */
export class Southbound implements PortBindings, ChassisDirectory {
  readonly #client: OvsdbClient;
  /** The UUIDs of the Port_Binding rows, by logical port. */
  readonly #bindings = new Map<string, Uuid>();
  readonly #listeners = new Set<BindingListener>();
  readonly #chassisListeners = new Set<ChassisListener>();
  /** The progress of each host: the last `nb_cfg` that its ovn-controller has applied. */
  readonly #progress = new Map<string, number>();
  readonly #progressListeners = new Set<() => void>();
  #chassis: readonly Chassis[] = [];
  #isKnown = false;

  constructor(options: Omit<OvsdbClientOptions, 'database' | 'tables'>) {
    // Any member of a cluster and any relay can answer, because the operator only reads.
    this.#client = new OvsdbClient({
      ...options,
      database: 'OVN_Southbound',
      leaderOnly: false,
      tables,
    });
  }

  get isKnown(): boolean {
    return this.#isKnown;
  }

  get isConnected(): boolean {
    return this.#client.connected;
  }

  /** Describes why the database is not connected, for users; undefined while it is connected. */
  get problem(): string | undefined {
    return this.#client.problem;
  }

  /** Resolves when the client has tried every remote once without success. */
  get unreachable(): Promise<undefined> {
    return this.#client.unreachable;
  }

  /**
   * Resolves when the bindings are known.
   *
   * @throws OvsdbError STOPPED after `stop`
   */
  async start(): Promise<void> {
    await this.#client.start();
    const { replica } = this.#client;
    for (const row of replica.rows('Port_Binding')) this.#bindings.set(nameOf(row), row._uuid);
    this.#chassis = readChassis(replica);
    for (const row of replica.rows('Chassis_Private')) this.#setProgress(row);
    replica.subscribe((changes) => this.#observe(replica, changes));
    this.#isKnown = true;
    this.#notify(undefined);
    for (const listener of this.#chassisListeners) listener(undefined);
  }

  stop(): Promise<void> {
    return this.#client.stop();
  }

  hostOf(logicalPort: string): string | undefined {
    const uuid = this.#bindings.get(logicalPort);
    const binding = uuid === undefined ? undefined : this.#client.replica.get('Port_Binding', uuid);
    return binding && hostOf(binding, this.#client.replica);
  }

  /** Returns the last number that the host has reported (`Applier.requestProgress`); undefined without a report. */
  progressOf(host: string): number | undefined {
    return this.#progress.get(host);
  }

  /**
   * Calls `listener` when a host reports progress.
   *
   * @returns the function that removes the listener
   */
  onProgress(listener: () => void): () => void {
    this.#progressListeners.add(listener);
    return () => this.#progressListeners.delete(listener);
  }

  onChange(listener: BindingListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  chassis(): readonly Chassis[] {
    return this.#chassis;
  }

  onChassisChange(listener: ChassisListener): () => void {
    this.#chassisListeners.add(listener);
    return () => this.#chassisListeners.delete(listener);
  }

  #observe(replica: Replica, changes: readonly RowChange[]): void {
    const changed = new Set<string>();
    for (const { type, table, row } of changes) {
      if (table === 'Chassis_Private' && type !== 'delete') this.#setProgress(row);
      if (table !== 'Port_Binding') continue;
      const name = nameOf(row);
      if (type !== 'delete') this.#bindings.set(name, row._uuid);
      // If one transaction deleted and recreated the binding, the map may already contain the new row.
      else if (replica.get('Port_Binding', this.#bindings.get(name) ?? '') === undefined)
        this.#bindings.delete(name);
      changed.add(name);
    }
    for (const name of changed) this.#notify(name);
    if (changes.some(({ table }) => table === 'Chassis')) this.#observeChassis(replica);
    if (changes.some(({ table }) => table === 'Chassis_Private'))
      for (const listener of this.#progressListeners) listener();
  }

  #setProgress(row: Row): void {
    this.#progress.set(row['name'] as string, Number(row['nb_cfg'] ?? 0));
  }

  /**
   * Notifies the listeners only of relevant changes: the row of a chassis also contains statistics, for
   * example.
   */
  #observeChassis(replica: Replica): void {
    const chassis = readChassis(replica);
    const changed = changedChassis(this.#chassis, chassis);
    if (changed.size === 0) return;
    this.#chassis = chassis;
    for (const listener of this.#chassisListeners) listener(changed);
  }

  #notify(logicalPort: string | undefined): void {
    for (const listener of this.#listeners) listener(logicalPort);
  }
}

/**
 * Returns the name of the chassis on which the port of a Port_Binding is up; undefined if the port is not up.
 */
export function hostOf(binding: Row, replica: Pick<Replica, 'get'>): string | undefined {
  if (first(binding['up']) !== true) return undefined;
  const chassis = first(binding['chassis']);
  const row = typeof chassis === 'string' ? replica.get('Chassis', chassis) : undefined;
  return row?.['name'] as string | undefined;
}

function nameOf(row: Row): string {
  return row['logical_port'] as string;
}

/** Returns the value of an optional column. */
function first(value: Row[string] | undefined): unknown {
  if (!(value instanceof Set)) return undefined;
  const [only] = value as ReadonlySet<unknown>;
  return only;
}
