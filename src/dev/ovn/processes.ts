import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { setTimeout as delay } from 'node:timers/promises';
import { Daemon, daemonEnvironment } from './daemon.ts';

const run = promisify(execFile);

/** What every database start needs. */
export interface DatabaseOptions {
  /** Path of the schema file, e.g. `/usr/share/ovn/ovn-nb.ovsschema`. */
  readonly schema: string;
  /** Name of the database in that schema, e.g. `OVN_Northbound`. */
  readonly name: string;
  /** Private folder for the database file, sockets and logs; must exist and is removed by its owner. */
  readonly dir: string;
  /** Passive remotes besides the unix socket, e.g. `ptcp:6641:127.0.0.1` (the caller keeps to loopback). */
  readonly listen?: readonly string[];
  /** Further arguments of ovsdb-server, e.g. `--private-key=...`. */
  readonly args?: readonly string[];
  /** Command that gives the server other surroundings (`DaemonOptions.within`). */
  readonly within?: readonly string[];
  /** Prefix of all file names in `dir`; default: the database's name. */
  readonly prefix?: string;
}

/** A running ovsdb-server with one database. */
export class DatabaseServer extends Daemon {
  /** Where clients connect: `unix:<path>`. */
  readonly remote: string;
  /** Name of the database. */
  readonly database: string;
  /** Path of the database file; it outlives `stop`, and `start` opens it again. */
  readonly file: string;

  constructor(options: DatabaseOptions) {
    const prefix = options.prefix ?? options.name;
    const socket = join(options.dir, `${prefix}.sock`);
    const file = join(options.dir, `${prefix}.db`);
    super({
      program: 'ovsdb-server',
      name: prefix,
      dir: options.dir,
      ...(options.within === undefined ? {} : { within: options.within }),
      args: [
        file,
        `--remote=punix:${socket}`,
        ...(options.listen ?? []).map((remote) => `--remote=${remote}`),
        ...(options.args ?? []),
      ],
      sockets: [socket],
    });
    this.remote = `unix:${socket}`;
    this.database = options.name;
    this.file = file;
  }
}

/**
 * Starts a standalone ovsdb-server; creates an empty database from the schema when the file does not exist yet.
 * Resolves when it accepts connections.
 */
export async function startDatabase(options: DatabaseOptions): Promise<DatabaseServer> {
  const server = new DatabaseServer(options);
  if (!existsSync(server.file)) await tool(options.dir, 'create', server.file, options.schema);
  await server.start();
  return server;
}

/** A raft cluster: {@link DatabaseOptions} plus its size. */
export interface RaftClusterOptions extends Omit<DatabaseOptions, 'listen' | 'prefix'> {
  /** Number of servers, usually 3. */
  readonly nodes: number;
}

/** A cluster of ovsdb-servers on this machine, which speak to each other over unix sockets. */
export class RaftCluster {
  readonly nodes: readonly DatabaseServer[];
  readonly database: string;
  readonly dir: string;

  constructor(options: RaftClusterOptions, nodes: readonly DatabaseServer[]) {
    this.nodes = nodes;
    this.database = options.name;
    this.dir = options.dir;
  }

  /** All remotes, comma separated, as clients take them. */
  get remotes(): string {
    return this.nodes.map((node) => node.remote).join(',');
  }

  /** The node with that index (its raft name is s1 for index 0). */
  node(index: number): DatabaseServer {
    const node = this.nodes[index];
    if (!node)
      throw new RangeError(`the cluster has ${this.nodes.length} nodes, not one with index ${index}`);
    return node;
  }

  /** What a running node says of itself: `leader`, `follower`, `candidate`; undefined when it does not answer. */
  async role(index: number): Promise<string | undefined> {
    if (!this.node(index).running) return undefined;
    try {
      const status = await this.node(index).appctl('cluster/status', this.database);
      return /^Role: (\S+)/m.exec(status)?.[1];
    } catch {
      return undefined;
    }
  }

  /**
   * The index of the leader, waiting for an election when there is none.
   *
   * @param options.except an index that does not count: wait until another node leads.
   * @throws Error when none leads within `timeoutMs` (default 20 000).
   */
  async leaderIndex(options: { timeoutMs?: number; except?: number } = {}): Promise<number> {
    const deadline = performance.now() + (options.timeoutMs ?? 20_000);
    for (;;) {
      const roles = await Promise.all(this.nodes.map((_, index) => this.role(index)));
      const leader = roles.findIndex((role, index) => role === 'leader' && index !== options.except);
      if (leader >= 0) return leader;
      if (performance.now() > deadline) throw new Error(`no leader in time; roles: ${roles.join(', ')}`);
      await delay(50);
    }
  }

  /** Stops every node. The files stay: the nodes can be started again. */
  async stop(): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.stop()));
  }
}

/**
 * Creates and starts a cluster. Resolves when every node has joined and one leads.
 */
export async function startRaftCluster(options: RaftClusterOptions): Promise<RaftCluster> {
  const { dir, name } = options;
  const raftAddress = (index: number): string => `unix:${join(dir, `s${index + 1}.raft`)}`;
  const nodes = Array.from(
    { length: options.nodes },
    (_, index) => new DatabaseServer({ ...options, prefix: `s${index + 1}` }),
  );
  const cluster = new RaftCluster(options, nodes);
  try {
    for (const [index, node] of nodes.entries()) {
      if (index === 0) await tool(dir, 'create-cluster', node.file, options.schema, raftAddress(0));
      else await tool(dir, 'join-cluster', node.file, name, raftAddress(index), raftAddress(0));
      await node.start();
    }
    await Promise.all(
      nodes.map((node) =>
        run('ovsdb-client', ['--timeout=20', 'wait', node.remote, name, 'connected'], {
          env: daemonEnvironment(dir),
        }),
      ),
    );
    await cluster.leaderIndex();
  } catch (error) {
    await cluster.stop();
    throw error;
  }
  return cluster;
}

async function tool(dir: string, ...args: readonly string[]): Promise<void> {
  await run('ovsdb-tool', [...args], { env: daemonEnvironment(dir) });
}
