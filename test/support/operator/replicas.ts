/** Operators in separate processes that share an API server and a Northbound cluster of three servers. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { API_VERSION } from '../../../src/api/index.ts';
import { installCrds } from '../../../src/dev/manifests.ts';
import { SCHEMA_FOLDER } from '../../../src/dev/ovn/central.ts';
import {
  startDatabase,
  startRaftCluster,
  type DatabaseServer,
  type RaftCluster,
} from '../../../src/dev/ovn/processes.ts';
import { fromKubeconfig, RestClient } from '../../../src/reconcile/index.ts';
import { startEmbedded } from '../../../packages/dev-apiserver/test/support/embedded.ts';
import type { RunningServer } from '../../../packages/dev-apiserver/test/support/running-server.ts';
import { start, type Run } from '../cli/program.ts';
import { freePort } from '../ovsdb/live.ts';
import { RecordingLog } from '../reconcile/recording-log.ts';
import { ClusterObjects } from './cluster-objects.ts';
import { markOf, managedRows } from './dump.ts';
import { NorthboundView, type NbRow } from './northbound.ts';

/** Timings of the Lease, in seconds. */
interface LeaseTimes {
  readonly lease: number;
  readonly renew: number;
  readonly retry: number;
}

/** One `overlay-network run`. */
export interface Replica extends Run {
  /** The text of `/metrics`. */
  metrics(): Promise<string>;
}

export class Replicas extends ClusterObjects {
  readonly northbound: RaftCluster;
  readonly #server: RunningServer;
  readonly #southbound: DatabaseServer;
  readonly #dir: string;
  readonly #runs: Run[] = [];

  private constructor(
    dir: string,
    server: RunningServer,
    northbound: RaftCluster,
    southbound: DatabaseServer,
  ) {
    super(new RestClient(async () => (await fromKubeconfig(server.kubeconfigPath))()), new RecordingLog());
    this.#dir = dir;
    this.#server = server;
    this.northbound = northbound;
    this.#southbound = southbound;
  }

  /** Starts the servers, without an operator. */
  static async start(): Promise<Replicas> {
    const dir = await mkdtemp(join(tmpdir(), 'overlay-network-test-'));
    const [server, northbound, southbound] = await Promise.all([
      startEmbedded(),
      startRaftCluster({
        dir,
        name: 'OVN_Northbound',
        schema: join(SCHEMA_FOLDER, 'ovn-nb.ovsschema'),
        nodes: 3,
      }),
      startDatabase({ dir, name: 'OVN_Southbound', schema: join(SCHEMA_FOLDER, 'ovn-sb.ovsschema') }),
    ]);
    const replicas = new Replicas(dir, server, northbound, southbound);
    await installCrds(replicas.client);
    return replicas;
  }

  /** Starts an operator; resolves when it leads or is a ready standby. */
  async operator({ lease, renew, retry }: LeaseTimes): Promise<Replica> {
    const port = await freePort();
    const run = start([
      'run',
      ...['--workers', '64'],
      ...['--kubeconfig', this.#server.kubeconfigPath],
      ...['--ovn-nb-endpoint', this.northbound.remotes],
      ...['--ovn-sb-endpoint', this.#southbound.remote],
      ...['--listen-addr', `127.0.0.1:${port}`],
      ...['--metrics-authentication', 'none'],
      ...['--leader-election-lease-seconds', String(lease)],
      ...['--leader-election-renew-seconds', String(renew)],
      ...['--leader-election-retry-seconds', String(retry)],
    ]);
    this.#runs.push(run);
    await this.eventually(async () => {
      const answer = await fetch(`http://127.0.0.1:${port}/ready`);
      if (!answer.ok) throw new Error(`${await answer.text()}\n${run.stderr()}`);
    });
    const metrics = async (): Promise<string> => (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
    return { ...run, metrics };
  }

  /** Kills the operators, and removes every object and row. */
  async reset(): Promise<void> {
    await this.#endOperators();
    await this.removeAll();
    const view = await this.#view();
    await view.wipe();
  }

  async stop(): Promise<void> {
    await this.#endOperators();
    this.client.close();
    await this.northbound.stop();
    await this.#southbound.stop();
    await this.#server.stop();
    await rm(this.#dir, { recursive: true, force: true });
  }

  /** Creates a VPC and a Subnet, and waits until they are Ready. */
  async network(): Promise<void> {
    await this.apply(
      { apiVersion: API_VERSION, kind: 'VPC', metadata: { name: 'net' }, spec: { cidr: '10.10.0.0/16' } },
      {
        apiVersion: API_VERSION,
        kind: 'Subnet',
        metadata: { name: 'apps' },
        spec: { vpcRef: { name: 'net' }, cidr: '10.10.0.0/22' },
      },
    );
    await this.ready();
  }

  /** Creates Ports `<prefix>-0`, `<prefix>-1`, ... with 8 clients. Calls `onCreated` after each with their number. */
  async createPorts(prefix: string, count: number, onCreated?: (created: number) => void): Promise<void> {
    let next = 0;
    let created = 0;
    const worker = async (): Promise<void> => {
      while (next < count) {
        await this.apply({
          apiVersion: API_VERSION,
          kind: 'Port',
          metadata: { name: `${prefix}-${next++}` },
          spec: { subnetRef: { name: 'apps' } },
        });
        onCreated?.(++created);
      }
    };
    await Promise.all(Array.from({ length: 8 }, worker));
  }

  /** The rows of this cluster, read from the leader of the database. */
  async rows(): Promise<NbRow[]> {
    return managedRows(await (await this.#view()).rows());
  }

  /** The number of the epoch in the database. */
  async epoch(): Promise<number> {
    const rows = await (await this.#view()).rows();
    const global = rows.find(({ table }) => table === 'NB_Global');
    return Number.parseInt(
      /"overlay-network\/epoch[^"]*":"(\d+)\//.exec(JSON.stringify(global?.columns))?.[1] ?? '0',
      10,
    );
  }

  /**
   * Compares Ports with rows, and returns the differences. Each Port must have exactly one row with the address of its
   * status, each address must belong to one Port, and each row must belong to an existing Port.
   */
  async inconsistencies(): Promise<string[]> {
    const ports = await this.list('Port');
    const rows = (await this.rows()).filter(({ table }) => table === 'Logical_Switch_Port');
    const rowsOf = Map.groupBy(rows, (row) => markOf(row, 'owner') ?? '');
    const holders = Map.groupBy(ports, ({ status }) => String(status?.['ipAddress']));
    const owners = new Set(ports.map(({ metadata: { name } }) => `Port/default/${name}`));
    return [
      ...ports.flatMap(({ metadata: { name }, status }) => {
        const own = rowsOf.get(`Port/default/${name}`) ?? [];
        const address = `${String(status?.['macAddress'])} ${String(status?.['ipAddress'])}`;
        if (own.length !== 1) return [`${name} has ${own.length} rows`];
        return JSON.stringify(own[0]?.columns['addresses']).includes(address)
          ? []
          : [`${name}: ${address} is not in ${JSON.stringify(own[0]?.columns['addresses'])}`];
      }),
      ...[...holders].filter(([, of]) => of.length > 1).map(([address]) => `${address} is allocated twice`),
      ...[...rowsOf.keys()]
        .filter((owner) => owner.startsWith('Port/') && !owners.has(owner))
        .map((owner) => `rows of ${owner}, which does not exist`),
    ];
  }

  async #view(): Promise<NorthboundView> {
    return new NorthboundView(this.northbound.node(await this.northbound.leaderIndex()).remote);
  }

  async #endOperators(): Promise<void> {
    for (const run of this.#runs.splice(0)) {
      run.child.kill('SIGKILL');
      await run.ended();
    }
  }
}
