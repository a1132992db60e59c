import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { setTimeout as delay } from 'node:timers/promises';
import { Daemon, daemonEnvironment } from './daemon.ts';

const run = promisify(execFile);

/** Options of every database server. */
interface DatabaseOptions {
  /** Path of the schema file, e.g. `/usr/share/ovn/ovn-nb.ovsschema`. */
  readonly schema: string;
  /** Name of the database in that schema, e.g. `OVN_Northbound`. */
  readonly name: string;
  /** Private folder for the database file, sockets and logs. It must exist; its owner removes it. */
  readonly dir: string;
  /** Passive remotes besides the unix socket, e.g. `ptcp:6641:127.0.0.1`. The caller must use loopback addresses only. */
  readonly listen?: readonly string[];
  /** Further arguments of ovsdb-server, e.g. `--private-key=...`. */
  readonly args?: readonly string[];
  /** A command that changes the environment of the server (`DaemonOptions.within`). */
  readonly within?: readonly string[];
  /** Prefix of all file names in `dir`. Default: the name of the database. */
  readonly prefix?: string;
}

/** A running ovsdb-server with one database. */
export class DatabaseServer extends Daemon {
  /** The remote for clients: `unix:<path>`. */
  readonly remote: string;
  /** Name of the database. */
  readonly database: string;
  /** Path of the database file. `stop` keeps the file, and `start` opens it again. */
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
 * Starts a standalone ovsdb-server. Creates an empty database from the schema when the file does not exist. Resolves
 * when the server accepts connections.
 */
export async function startDatabase(options: DatabaseOptions): Promise<DatabaseServer> {
  const server = new DatabaseServer(options);
  if (!existsSync(server.file)) await tool(options.dir, 'create', server.file, options.schema);
  await server.start();
  return server;
}

/** Options of a Raft cluster. */
interface RaftClusterOptions extends Omit<DatabaseOptions, 'listen' | 'prefix'> {
  /** Number of servers, usually 3. */
  readonly nodes: number;
}

/** A Raft cluster of ovsdb-servers on this machine. The servers communicate over unix sockets. */
export class RaftCluster {
  readonly nodes: readonly DatabaseServer[];
  readonly database: string;
  readonly dir: string;

  constructor(options: RaftClusterOptions, nodes: readonly DatabaseServer[]) {
    this.nodes = nodes;
    this.database = options.name;
    this.dir = options.dir;
  }

  /** All remotes, separated by commas, in the form that clients accept. */
  get remotes(): string {
    return this.nodes.map((node) => node.remote).join(',');
  }

  /**
   * The node with an index. The Raft name of index 0 is s1.
   * @throws RangeError when the cluster has no such node
   */
  node(index: number): DatabaseServer {
    const node = this.nodes[index];
    if (!node)
      throw new RangeError(
        `the cluster has no node ${index}; it has ${this.nodes.length} nodes, counted from 0`,
      );
    return node;
  }

  /** The Raft role that a node reports: `leader`, `follower` or `candidate`; undefined when the node does not answer. */
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
   * The index of the leader. Waits for an election when the cluster has no leader.
   * @param options.except the index of a node to ignore: wait until another node leads
   * @throws Error when no node leads within `timeoutMs` (default 20 000)
   */
  async leaderIndex(options: { timeoutMs?: number; except?: number } = {}): Promise<number> {
    const deadline = performance.now() + (options.timeoutMs ?? 20_000);
    for (;;) {
      const roles = await Promise.all(this.nodes.map((_, index) => this.role(index)));
      const leader = roles.findIndex((role, index) => role === 'leader' && index !== options.except);
      if (leader >= 0) return leader;
      if (performance.now() > deadline)
        throw new Error(`the cluster elected no leader in time; roles: ${roles.join(', ')}`);
      await delay(50);
    }
  }

  /** Stops every node. The files stay, so the nodes can be started again. */
  async stop(): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.stop()));
  }
}

/** Creates and starts a cluster. Resolves when every node has joined and the cluster has a leader. */
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
