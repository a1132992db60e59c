import { includes, OvsdbClient } from '../../ovn/ovsdb/index.ts';
import type { OvsdbClientOptions, Replica, Row, Uuid } from '../../ovn/ovsdb/index.ts';
import { bindingColumns, localNetworks, type LocalNetwork } from './view.ts';

interface LocalSouthboundOptions extends Pick<
  OvsdbClientOptions,
  'remotes' | 'tls' | 'allowPlaintext' | 'log'
> {
  /** The hypervisor's `system-id`. */
  readonly chassis: string;
  /** The operator's `clusterName`. */
  readonly cluster: string;
}

/**
 * Replicates the part of the Southbound database that concerns this hypervisor: its chassis, the ports that are bound
 * to the chassis, and the ports of metadata services. The UUID of the chassis changes when ovn-controller registers
 * the chassis again. For this reason the first connection finds the chassis by its name; a second connection with the
 * conditions for its UUID then replaces the first connection.
 */
export class LocalSouthbound {
  readonly #options: LocalSouthboundOptions;
  readonly #listeners = new Set<() => void>();
  /** The chassis in the conditions of the client; undefined while the client only looks for the chassis. */
  #conditionChassis: Uuid | undefined;
  #client: OvsdbClient;
  #next: OvsdbClient | undefined;
  #networks: ReadonlyMap<string, LocalNetwork> | undefined;
  #stopped = false;

  /** @throws OvsdbError CONFIGURATION when the remotes or their protection are invalid */
  constructor(options: LocalSouthboundOptions) {
    this.#options = options;
    this.#client = this.#clientFor(undefined);
  }

  /**
   * The networks of this hypervisor. The last known networks stay while the connection is lost. Undefined before the
   * first read of the database, and while OVN does not have the chassis (ovn-controller does not run).
   */
  get networks(): ReadonlyMap<string, LocalNetwork> | undefined {
    return this.#networks;
  }

  /** Describes why the networks are unknown or out of date; undefined when they are up to date. */
  get problem(): string | undefined {
    const { problem } = this.#client;
    if (problem !== undefined) return problem;
    return this.#networks === undefined ? `OVN has no chassis ${this.#options.chassis}` : undefined;
  }

  /**
   * Calls `listener` when `networks` may have changed.
   *
   * @returns a function that removes the listener
   */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /**
   * Resolves after the first read of the database. Rejects when stopped before, or when the server has another
   * database.
   */
  async start(): Promise<void> {
    await this.#client.start();
    this.#use(this.#client, undefined);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await Promise.all([this.#client.stop(), this.#next?.stop()]);
  }

  #clientFor(chassis: Uuid | undefined): OvsdbClient {
    const { chassis: name, cluster: _, ...options } = this.#options;
    return new OvsdbClient({
      ...options,
      database: 'OVN_Southbound',
      // Reads from any member of a cluster reduce the load of the leader.
      leaderOnly: false,
      tables: { Chassis: ['name'], Port_Binding: bindingColumns },
      conditions: {
        Chassis: [{ column: 'name', function: '==', value: name }],
        Port_Binding:
          chassis === undefined
            ? []
            : [
                { column: 'type', function: '==', value: 'localport' },
                includes('chassis', chassis),
                includes('additional_chassis', chassis),
              ],
      },
    });
  }

  #use(client: OvsdbClient, conditionChassis: Uuid | undefined): void {
    const former = this.#client;
    this.#client = client;
    this.#conditionChassis = conditionChassis;
    if (former !== client) void former.stop();
    client.replica.subscribe(() => this.#update());
    this.#update();
  }

  #update(): void {
    const { replica } = this.#client;
    const chassis = this.#chassisIn(replica);
    if (chassis !== undefined && chassis === this.#conditionChassis)
      this.#networks = localNetworks(replica.rows('Port_Binding'), chassis, this.#options.cluster);
    else {
      this.#networks = undefined;
      if (chassis !== undefined) void this.#connectFor(chassis);
    }
    for (const listener of this.#listeners) listener();
  }

  #chassisIn(replica: Replica): Uuid | undefined {
    const rows: Row[] = [...replica.rows('Chassis')].filter(({ name }) => name === this.#options.chassis);
    return rows[0]?._uuid;
  }

  /** Opens a connection with the conditions for the chassis, and replaces the current connection. */
  async #connectFor(chassis: Uuid): Promise<void> {
    if (this.#next !== undefined) return;
    const next = this.#clientFor(chassis);
    this.#next = next;
    try {
      await next.start();
    } catch {
      // The start rejects only after a stop.
      return;
    }
    this.#next = undefined;
    if (!this.#stopped) this.#use(next, chassis);
  }
}
