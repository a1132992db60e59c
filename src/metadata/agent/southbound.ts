import { includes, OvsdbClient } from '../../ovn/ovsdb/index.ts';
import type { OvsdbClientOptions, Replica, Row, Uuid } from '../../ovn/ovsdb/index.ts';
import { bindingColumns, localNetworks, type LocalNetwork } from './view.ts';

export interface LocalSouthboundOptions extends Pick<
  OvsdbClientOptions,
  'remotes' | 'tls' | 'allowPlaintext' | 'log'
> {
  /** The hypervisor's `system-id`. */
  readonly chassis: string;
  /** The operator's `clusterName`. */
  readonly cluster: string;
}

/**
 * What the Southbound database has of this hypervisor, and only that is replicated: its chassis, the ports bound to
 * it, and the ports of metadata services. The chassis has another identity each time that its ovn-controller has
 * registered it anew, so it is looked for by name first; then a connection with the right conditions takes over.
 */
export class LocalSouthbound {
  readonly #options: LocalSouthboundOptions;
  readonly #listeners = new Set<() => void>();
  /** The chassis for whose ports the client asks; unset: it only looks for the chassis. */
  #asked: Uuid | undefined;
  #client: OvsdbClient;
  #next: OvsdbClient | undefined;
  #networks: ReadonlyMap<string, LocalNetwork> | undefined;
  #stopped = false;

  /** @throws OvsdbError CONFIGURATION when the remotes cannot be used as they are given. */
  constructor(options: LocalSouthboundOptions) {
    this.#options = options;
    this.#client = this.#clientFor(undefined);
  }

  /**
   * The networks of this hypervisor. While the connection is away, those that were last there. Undefined when they are
   * not known: before the first dump, and while OVN does not have the chassis (its ovn-controller has ended).
   */
  get networks(): ReadonlyMap<string, LocalNetwork> | undefined {
    return this.#networks;
  }

  /** Why the networks are not known, for a person; undefined when they are, and are up to date. */
  get problem(): string | undefined {
    if (!this.#client.connected) return 'not connected to the Southbound database';
    return this.#networks === undefined ? `OVN has no chassis ${this.#options.chassis}` : undefined;
  }

  /** Told when `networks` may be others. Returns the way to stop listening. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Resolves when the database was read for the first time; rejects when stopped before, or when it is another. */
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
      // Reading from any member of a cluster spares its leader.
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

  #use(client: OvsdbClient, asked: Uuid | undefined): void {
    const former = this.#client;
    this.#client = client;
    this.#asked = asked;
    if (former !== client) void former.stop();
    client.replica.subscribe(() => this.#look());
    this.#look();
  }

  #look(): void {
    const { replica } = this.#client;
    const chassis = this.#chassisIn(replica);
    if (chassis !== undefined && chassis === this.#asked)
      this.#networks = localNetworks(replica.rows('Port_Binding'), chassis, this.#options.cluster);
    else {
      this.#networks = undefined;
      if (chassis !== undefined) void this.#ask(chassis);
    }
    for (const listener of this.#listeners) listener();
  }

  #chassisIn(replica: Replica): Uuid | undefined {
    const rows: Row[] = [...replica.rows('Chassis')].filter(({ name }) => name === this.#options.chassis);
    return rows[0]?._uuid;
  }

  async #ask(chassis: Uuid): Promise<void> {
    if (this.#next !== undefined) return;
    const next = this.#clientFor(chassis);
    this.#next = next;
    try {
      await next.start();
    } catch {
      // Only a stop ends the wait.
      return;
    }
    this.#next = undefined;
    if (!this.#stopped) this.#use(next, chassis);
  }
}
