import { randomUUID } from 'node:crypto';
import { includes, OperationBuilder, OvsdbClient, OvsdbError, textAt } from '../../ovn/ovsdb/index.ts';
import type { OvsdbClientOptions, Row, Uuid } from '../../ovn/ovsdb/index.ts';
import { HostError } from './host-error.ts';

/** Key in the `external_ids` of the agent's ports and interfaces. The value is the namespace prefix of the agent. */
const MARK = 'overlay-network/metadata-agent';

/** The identity of this hypervisor in the configuration of ovn-controller (ovn-controller(8), "Configuration"). */
export interface HostIdentity {
  /** The name of the chassis. */
  readonly systemId: string;
  /** Remotes of the Southbound database; undefined when `external_ids:ovn-remote` is not set. */
  readonly southbound: string | undefined;
}

export interface OpenVSwitchOptions extends Pick<
  OvsdbClientOptions,
  'remotes' | 'tls' | 'allowPlaintext' | 'log'
> {
  /** Distinguishes the ports of this agent from the ports of other agents on the host. */
  readonly mark: string;
}

/**
 * The Open vSwitch of the hypervisor: the identity of the host, and the integration bridge with the agent's devices.
 */
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

  /** Describes why Open vSwitch is not connected, for users; undefined while it is connected. */
  get problem(): string | undefined {
    return this.#client.problem;
  }

  /** Resolves after the first read of the database. Rejects when stopped before, or after `timeoutMs`. */
  start(options?: { readonly timeoutMs?: number }): Promise<void> {
    return this.#client.start(options);
  }

  stop(): Promise<void> {
    return this.#client.stop();
  }

  /**
   * Calls `listener` after each change of the database and of the connection.
   *
   * @returns a function that removes the listener
   */
  onChange(listener: () => void): () => void {
    const unsubscribes = [this.#client.replica.subscribe(listener), this.#client.onState(listener)];
    return () => {
      for (const unsubscribe of unsubscribes) unsubscribe();
    };
  }

  /** Returns the identity of the hypervisor, or undefined when `external_ids:system-id` is not set. */
  identity(): HostIdentity | undefined {
    const systemId = this.#setting('system-id');
    return systemId === undefined ? undefined : { systemId, southbound: this.#setting('ovn-remote') };
  }

  /** Whether Open vSwitch has a userspace datapath (for example DPDK), which does not complete checksums. */
  get isUserspace(): boolean {
    return this.#bridge()?.['datapath_type'] === 'netdev';
  }

  /** Returns the devices of this agent on the integration bridge, each with the name of its logical port. */
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
   * Adds a device to the integration bridge as a logical port. Replaces the device when it belongs to this agent and
   * has another logical port.
   *
   * @throws OvsdbError when the transaction fails, also when another port has the name of the device
   * @throws HostError NO_BRIDGE when the integration bridge does not exist
   */
  async plug(device: string, interfaceId: string): Promise<void> {
    if (this.plugged().get(device) === interfaceId) return;
    await this.unplug(device);
    const bridge = this.#bridge();
    if (bridge === undefined) {
      const name = this.#bridgeName();
      const message = `Open vSwitch has no bridge ${name}; check that ovn-controller runs, because ovn-controller creates the bridge`;
      throw new HostError('NO_BRIDGE', message);
    }
    const build = this.#builder();
    const [port, face] = [randomUUID(), randomUUID()];
    await this.#client.transact([
      build.insert('Interface', face, {
        name: device,
        external_ids: new Map([...this.#mark, ['iface-id', interfaceId]]),
      }),
      build.insert('Port', port, { name: device, interfaces: new Set([face]), external_ids: this.#mark }),
      build.mutateSet('Bridge', bridge._uuid, 'ports', 'insert', [port]),
    ]);
  }

  /** Removes a device of this agent from the integration bridge if it exists. */
  async unplug(device: string): Promise<void> {
    const found = this.#ports().filter(({ name }) => name === device);
    const bridge = this.#bridge();
    if (found.length === 0 || bridge === undefined) return;
    const uuids: readonly Uuid[] = found.map(({ _uuid }) => _uuid);
    // OVSDB removes the rows of ports that no bridge references.
    await this.#client.transact([
      this.#builder().mutateSet('Bridge', bridge._uuid, 'ports', 'delete', uuids),
    ]);
  }

  /** The filter is needed because a server without support for conditions sends all ports. */
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
