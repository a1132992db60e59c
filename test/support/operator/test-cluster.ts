/** An API server, OVN and operators, for tests of the whole system. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { loadConfig } from '../../../src/config/index.ts';
import { installCrds } from '../../../src/dev/manifests.ts';
import { SCHEMA_FOLDER, startOvnCentral, type OvnCentral } from '../../../src/dev/ovn/central.ts';
import { startDatabase, type DatabaseServer } from '../../../src/dev/ovn/processes.ts';
import { startOperator, type Operator, type OperatorTimings } from '../../../src/operator/operator.ts';
import { fromKubeconfig, namespaceType, RestClient } from '../../../src/reconcile/index.ts';
import type { RunningServer, Target } from '../../../packages/dev-apiserver/test/support/targets.ts';
import { RecordingLog } from '../reconcile/recording-log.ts';
import { startApiProxy, type Proxy } from './api-proxy.ts';
import { canonical } from './canonical.ts';
import { managedRows, stableContent } from './dump.ts';
import { ClusterObjects } from './cluster-objects.ts';
import type { Gate } from './gate.ts';
import { NorthboundView, type NbRow } from './northbound.ts';
import { startOvsdbProxy } from './ovsdb-proxy.ts';

export interface OperatorOptions extends OperatorTimings {
  /** Settings by flag name. By default, leader election is off and the HTTP server has any port. */
  readonly settings?: Readonly<Record<string, string | number | boolean>>;
  /** The gate for the operator's writes. */
  readonly gate?: Gate;
  /** Whether `startOperator` resolves before the operator is ready. */
  readonly asStandby?: boolean;
}

export class TestCluster extends ClusterObjects {
  readonly server: RunningServer;
  readonly nb: NorthboundView;
  readonly northbound: DatabaseServer;
  readonly southbound: DatabaseServer;
  readonly #dir: string;
  readonly #ovn: OvnCentral | undefined;
  readonly #operators = new Set<Operator>();
  #proxies = 0;

  private constructor(
    dir: string,
    server: RunningServer,
    databases: { northbound: DatabaseServer; southbound: DatabaseServer },
    ovn: OvnCentral | undefined,
  ) {
    super(new RestClient(async () => (await fromKubeconfig(server.kubeconfigPath))()), new RecordingLog());
    this.#dir = dir;
    this.server = server;
    this.#ovn = ovn;
    this.northbound = databases.northbound;
    this.southbound = databases.southbound;
    this.nb = new NorthboundView(this.northbound.remote);
  }

  /**
   * Starts an API server with the project's kinds, and OVN's databases with ovn-northd (`northd: false`: only the
   * databases). Does not start an operator.
   */
  static async start(
    target: Pick<Target, 'start'>,
    { northd = true }: { northd?: boolean } = {},
  ): Promise<TestCluster> {
    const dir = await mkdtemp(join(tmpdir(), 'overlay-network-test-'));
    const [server, ovn] = await Promise.all([target.start(), northd ? startOvnCentral(dir) : undefined]);
    const database = (name: string, schema: string): Promise<DatabaseServer> =>
      startDatabase({ dir, name, schema: join(SCHEMA_FOLDER, schema) });
    const databases = ovn ?? {
      northbound: await database('OVN_Northbound', 'ovn-nb.ovsschema'),
      southbound: await database('OVN_Southbound', 'ovn-sb.ovsschema'),
    };
    const cluster = new TestCluster(dir, server, databases, ovn);
    await installCrds(cluster.client);
    return cluster;
  }

  /**
   * OVN's control plane.
   * @throws Error when the cluster was started without ovn-northd
   */
  get ovn(): OvnCentral {
    if (this.#ovn === undefined) throw new Error('the cluster was started without ovn-northd');
    return this.#ovn;
  }

  /** Stops everything. */
  async stop(): Promise<void> {
    await this.stopOperators();
    this.client.close();
    await this.#ovn?.stop();
    for (const database of [this.northbound, this.southbound]) await database.stop();
    await this.server.stop();
    await rm(this.#dir, { recursive: true, force: true });
  }

  /** Starts an operator, and waits until it is ready. */
  async startOperator({ settings, gate, asStandby, ...timings }: OperatorOptions = {}): Promise<Operator> {
    const proxies = gate === undefined ? [] : await this.#startProxies(gate);
    const [api, ovsdb] = proxies;
    const config = loadConfig({
      flags: {
        kubeconfig: api === undefined ? this.server.kubeconfigPath : await this.#kubeconfigFor(api),
        'ovn-nb-endpoint': ovsdb?.address ?? this.northbound.remote,
        'ovn-sb-endpoint': this.southbound.remote,
        'listen-addr': '0',
        'metrics-authentication': 'none',
        'leader-election-enabled': false,
        ...settings,
      },
    });
    const operator = await startOperator(config, this.log, timings);
    let stopped: Promise<void> | undefined;
    const running: Operator = {
      ...operator,
      stop: () =>
        (stopped ??= operator.stop().then(async () => {
          this.#operators.delete(running);
          for (const proxy of proxies) await proxy.close();
        })),
    };
    this.#operators.add(running);
    if (asStandby !== true) await operator.ready;
    return running;
  }

  /** Makes the API server unavailable, as in an outage. */
  async pauseApi(): Promise<void> {
    await this.server.pause?.();
  }

  /** Ends the outage; resolves when the API server answers. */
  async resumeApi(): Promise<void> {
    await this.server.resume?.();
    await this.eventually(() => this.client.list(namespaceType));
  }

  /** Stops every running operator. */
  async stopOperators(): Promise<void> {
    await Promise.all([...this.#operators].map((operator) => operator.stop()));
  }

  /** Stops the operators, and removes every object, every namespace of a test, and every row. */
  async reset(): Promise<void> {
    await this.stopOperators();
    this.log.lines.length = 0;
    await this.removeAll();
    await this.nb.wipe();
    await this.#ovn?.nbctl('--wait=sb', 'init');
  }

  /** The rows of this cluster without values that OVN writes. UUIDs do not change, because they are computed. */
  async nbDump(): Promise<Omit<NbRow, 'version'>[]> {
    return stableContent(managedRows(await this.nb.rows()));
  }

  /** Rows and statuses as text ({@link canonical}), to compare runs that must reach the same state. */
  async canonical({ maskAllocated = false }: { maskAllocated?: boolean } = {}): Promise<string> {
    return canonical(await this.objects(), managedRows(await this.nb.rows()), { maskAllocated });
  }

  async #startProxies(gate: Gate): Promise<Proxy[]> {
    const socket = join(this.#dir, `proxy-${++this.#proxies}.sock`);
    const proxies = [
      await startApiProxy(this.server, gate),
      await startOvsdbProxy(socket, this.northbound.remote, gate),
    ];
    gate.onEnd(() => {
      for (const proxy of proxies) proxy.isolate();
    });
    return proxies;
  }

  async #kubeconfigFor({ address }: Proxy): Promise<string> {
    const path = join(this.#dir, `kubeconfig-${this.#proxies}`);
    const config = {
      apiVersion: 'v1',
      kind: 'Config',
      clusters: [{ name: 'proxy', cluster: { server: address, 'insecure-skip-tls-verify': true } }],
      users: [{ name: 'admin', user: { token: this.server.token } }],
      contexts: [{ name: 'proxy', context: { cluster: 'proxy', user: 'admin' } }],
      'current-context': 'proxy',
    };
    await writeFile(path, stringify(config), { mode: 0o600 });
    return path;
  }
}
