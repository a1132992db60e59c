import { randomUUID } from 'node:crypto';
import { includes, OperationBuilder, OvsdbClient, OvsdbError, textAt } from '../../ovn/ovsdb/index.ts';
import type { OvsdbClientOptions, Row, Uuid } from '../../ovn/ovsdb/index.ts';
import { HostError } from './host-error.ts';

/** Key in the `external_ids` of ports and interfaces that an agent made; its value is the agent's namespace prefix. */
const MARK = 'overlay-network/metadata-agent';

/** What this hypervisor's ovn-controller is told of itself (ovn-controller(8), "Configuration"). */
export interface HostIdentity {
  /** The name of its chassis. */
  readonly systemID: string;
  /** Remotes of the Southbound database; undefined: none is set. */
  readonly southbound: string | undefined;
}

export interface OpenVSwitchOptions extends Pick<
  OvsdbClientOptions,
  'remotes' | 'tls' | 'allowPlaintext' | 'log'
> {
  /** Tells this agent's ports from those of another on the host. */
  readonly mark: string;
}

/** The hypervisor's Open vSwitch: who it is, and the integration bridge, where the agent's devices are plugged in. */
export class OpenVSwitch {
  readonly #client: OvsdbClient;
  readonly #mark: ReadonlyMap<string, string>;

  constructor({ mark, ...options }: OpenVSwitchOptions) {
    this.#mark = new Map([[MARK, mark]]);
    const ours = [includes('external_ids', this.#mark)];
    this.#client = new OvsdbClient({
      ...options,
      database: 'Open_vSwitch',
      tables: {
        Open_vSwitch: ['external_ids'],
        Bridge: ['name', 'datapath_type'],
        Port: ['name', 'interfaces', 'external_ids'],
        Interface: ['name', 'external_ids'],
      },
      conditions: { Port: ours, Interface: ours },
    });
  }

  get isConnected(): boolean {
    return this.#client.connected;
  }

  /** Resolves when the database was read; rejects when stopped before, or after `timeoutMs` without it. */
  start(options?: { readonly timeoutMs?: number }): Promise<void> {
    return this.#client.start(options);
  }

  stop(): Promise<void> {
    return this.#client.stop();
  }

  /** Told of every change, and when the database comes or goes. Returns the way to stop listening. */
  onChange(listener: () => void): () => void {
    const ends = [this.#client.replica.subscribe(listener), this.#client.onState(listener)];
    return () => {
      for (const end of ends) end();
    };
  }

  /** Who the hypervisor is; undefined while nobody has set `external_ids:system-id`. */
  identity(): HostIdentity | undefined {
    const systemID = this.#setting('system-id');
    return systemID === undefined ? undefined : { systemID, southbound: this.#setting('ovn-remote') };
  }

  /** Whether Open vSwitch itself forwards packets (DPDK and the like), and completes no checksums for others. */
  get isUserspace(): boolean {
    return this.#bridge()?.['datapath_type'] === 'netdev';
  }

  /** Names of the devices that this agent has plugged in, each with the logical port that it stands for. */
  plugged(): ReadonlyMap<string, string | undefined> {
    const { replica } = this.#client;
    const interfaces = new Map([...replica.rows('Interface')].map((row) => [row['name'], row]));
    return new Map(
      this.#ports().map((port) => {
        const name = port['name'] as string;
        return [name, textAt(interfaces.get(name)?.['external_ids'], 'iface-id')];
      }),
    );
  }

  /**
   * Plugs a device into the integration bridge as the logical port; one of the agent's that stands for another is
   * replaced. Rejects with OvsdbError, also when the name is somebody else's, and with HostError NO_BRIDGE.
   */
  async plug(device: string, interfaceID: string): Promise<void> {
    if (this.plugged().get(device) === interfaceID) return;
    await this.unplug(device);
    const bridge = this.#bridge();
    if (bridge === undefined) {
      const name = this.#bridgeName();
      const message = `Open vSwitch has no bridge ${name}: does ovn-controller run, which makes it?`;
      throw new HostError('NO_BRIDGE', message);
    }
    const build = this.#builder();
    const [port, face] = [randomUUID(), randomUUID()];
    await this.#client.transact([
      build.insert('Interface', face, {
        name: device,
        external_ids: new Map([...this.#mark, ['iface-id', interfaceID]]),
      }),
      build.insert('Port', port, { name: device, interfaces: new Set([face]), external_ids: this.#mark }),
      build.mutateSet('Bridge', bridge._uuid, 'ports', 'insert', [port]),
    ]);
  }

  /** Takes a device of the agent's out of the bridge; one that is not in it is no error. */
  async unplug(device: string): Promise<void> {
    const found = this.#ports().filter(({ name }) => name === device);
    const bridge = this.#bridge();
    if (found.length === 0 || bridge === undefined) return;
    const uuids: readonly Uuid[] = found.map(({ _uuid }) => _uuid);
    // What no bridge has goes by itself.
    await this.#client.transact([
      this.#builder().mutateSet('Bridge', bridge._uuid, 'ports', 'delete', uuids),
    ]);
  }

  /** A server too old for conditions has sent everybody's. */
  #ports(): readonly Row[] {
    const [[key, value] = ['', '']] = this.#mark;
    return [...this.#client.replica.rows('Port')].filter((row) => textAt(row['external_ids'], key) === value);
  }

  #bridgeName(): string {
    return this.#setting('ovn-bridge') ?? 'br-int';
  }

  #bridge(): Row | undefined {
    const wanted = this.#bridgeName();
    return [...this.#client.replica.rows('Bridge')].find(({ name }) => name === wanted);
  }

  #setting(key: string): string | undefined {
    const [root] = this.#client.replica.rows('Open_vSwitch');
    return textAt(root?.['external_ids'], key);
  }

  #builder(): OperationBuilder {
    const { schema } = this.#client;
    if (schema === undefined) throw new OvsdbError('NOT_CONNECTED', 'not connected to Open vSwitch');
    return new OperationBuilder(schema);
  }
}
