import { chassisColumns, readChassis, type Chassis, type ChassisDirectory } from './chassis.ts';
import { OvsdbClient } from '../ovsdb/index.ts';
import type { OvsdbClientOptions, Replica, Row, RowChange, Uuid } from '../ovsdb/index.ts';

/** Told of a logical port whose binding may have changed; of undefined when any may have (the first dump is there). */
export type BindingListener = (logicalPort: string | undefined) => void;

/** Where OVN has logical ports up. */
export interface PortBindings {
  /** Whether the answers are OVN's: false before the first dump was read. */
  readonly isKnown: boolean;
  /** Name of the chassis on which the port's interface is up; undefined when it is nowhere. O(1). */
  hostOf(logicalPort: string): string | undefined;
  /** Returns the way to stop listening. */
  onChange(listener: BindingListener): () => void;
}

/** Of a Port_Binding: what tells where the port is up. */
export const bindingColumns = ['logical_port', 'chassis', 'up'] as const;

/** What is read of the Southbound database (ovn-sb(5)); nothing is ever written to it. */
const tables = {
  Port_Binding: bindingColumns,
  Chassis: chassisColumns,
} as const;

/**
 * Follows hosts and bindings in the Southbound database: a port is up on a chassis when ovn-controller there has claimed
 * it and its flows are installed (`Port_Binding.chassis` and `up`). Connecting goes on in the background: nothing
 * waits for this database but what asks it.
 */
export class Southbound implements PortBindings, ChassisDirectory {
  readonly #client: OvsdbClient;
  readonly #rows = new Map<string, Uuid>();
  readonly #listeners = new Set<BindingListener>();
  readonly #chassisListeners = new Set<() => void>();
  #chassis: readonly Chassis[] = [];
  #isKnown = false;

  constructor(options: Omit<OvsdbClientOptions, 'database' | 'tables'>) {
    this.#client = new OvsdbClient({ ...options, database: 'OVN_Southbound', tables });
  }

  get isKnown(): boolean {
    return this.#isKnown;
  }

  get isConnected(): boolean {
    return this.#client.connected;
  }

  /** Resolves when every remote was tried once in vain. */
  get unreachable(): Promise<undefined> {
    return this.#client.unreachable;
  }

  /** Resolves when the bindings are known; rejects when stopped before, or when this is no Southbound database. */
  async start(): Promise<void> {
    await this.#client.start();
    const { replica } = this.#client;
    for (const row of replica.rows('Port_Binding')) this.#rows.set(nameOf(row), row._uuid);
    this.#chassis = readChassis(replica);
    replica.subscribe((changes) => this.#observe(replica, changes));
    this.#isKnown = true;
    this.#tell(undefined);
    for (const listener of this.#chassisListeners) listener();
  }

  stop(): Promise<void> {
    return this.#client.stop();
  }

  hostOf(logicalPort: string): string | undefined {
    const uuid = this.#rows.get(logicalPort);
    const binding = uuid === undefined ? undefined : this.#client.replica.get('Port_Binding', uuid);
    return binding && hostOf(binding, this.#client.replica);
  }

  onChange(listener: BindingListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  chassis(): readonly Chassis[] {
    return this.#chassis;
  }

  onChassisChange(listener: () => void): () => void {
    this.#chassisListeners.add(listener);
    return () => this.#chassisListeners.delete(listener);
  }

  #observe(replica: Replica, changes: readonly RowChange[]): void {
    const changed = new Set<string>();
    for (const { type, table, row } of changes) {
      if (table !== 'Port_Binding') continue;
      const name = nameOf(row);
      if (type !== 'delete') this.#rows.set(name, row._uuid);
      // One that was deleted and made anew in one transaction has its new row already.
      else if (replica.get('Port_Binding', this.#rows.get(name) ?? '') === undefined) this.#rows.delete(name);
      changed.add(name);
    }
    for (const name of changed) this.#tell(name);
    if (changes.some(({ table }) => table === 'Chassis')) this.#observeChassis(replica);
  }

  /** A host's row also changes for reasons that are nobody's business here, such as its statistics. */
  #observeChassis(replica: Replica): void {
    const chassis = readChassis(replica);
    if (JSON.stringify(chassis) === JSON.stringify(this.#chassis)) return;
    this.#chassis = chassis;
    for (const listener of this.#chassisListeners) listener();
  }

  #tell(logicalPort: string | undefined): void {
    for (const listener of this.#listeners) listener(logicalPort);
  }
}

/** Name of the chassis on which a Port_Binding's port is up; undefined when it is nowhere. */
export function hostOf(binding: Row, replica: Pick<Replica, 'get'>): string | undefined {
  if (first(binding['up']) !== true) return undefined;
  const chassis = first(binding['chassis']);
  const row = typeof chassis === 'string' ? replica.get('Chassis', chassis) : undefined;
  return row?.['name'] as string | undefined;
}

function nameOf(row: Row): string {
  return row['logical_port'] as string;
}

/** The value of an optional column. */
function first(value: Row[string] | undefined): unknown {
  if (!(value instanceof Set)) return undefined;
  const [only] = value as ReadonlySet<unknown>;
  return only;
}
