import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { daemonEnvironment } from '../../../src/dev/ovn/daemon.ts';
import { startDatabase, startRaftCluster } from '../../../src/dev/ovn/processes.ts';
import type { DatabaseServer, RaftCluster } from '../../../src/dev/ovn/processes.ts';
import { OperationBuilder, OvsdbClient } from '../../../src/ovn/ovsdb/index.ts';
import type { Operation, OvsdbClientOptions } from '../../../src/ovn/ovsdb/index.ts';
import { eventually, WAIT_TIMEOUT_MS } from '../eventually.ts';

/** The schema of the live tests, and the replicated columns. */
export const northbound = { schema: '/usr/share/ovn/ovn-nb.ovsschema', name: 'OVN_Northbound' };
export const northboundTables = {
  NB_Global: ['name', 'external_ids'],
  Logical_Switch: ['name', 'ports', 'other_config', 'external_ids'],
  Logical_Switch_Port: ['name', 'addresses', 'tag', 'external_ids'],
  Address_Set: ['name', 'addresses'],
};

const run = promisify(execFile);

/** The processes, folders and clients of a suite. `cleanUp` stops and removes them. */
export class Live {
  readonly dir = mkdtempSync(join(tmpdir(), 'ovsdb-'));
  readonly #clients = new Set<OvsdbClient>();
  readonly #servers = new Set<{ stop(): Promise<void> }>();

  async database(
    options: { listen?: string[]; args?: string[]; prefix?: string } = {},
  ): Promise<DatabaseServer> {
    const server = await startDatabase({
      ...northbound,
      dir: this.dir,
      prefix: `db${this.#servers.size}`,
      ...options,
    });
    this.#servers.add(server);
    return server;
  }

  async cluster(nodes = 3): Promise<RaftCluster> {
    const cluster = await startRaftCluster({ ...northbound, dir: this.dir, nodes });
    this.#servers.add(cluster);
    return cluster;
  }

  /** Makes a client without starting it. */
  client(remotes: string, options: Partial<OvsdbClientOptions> = {}): OvsdbClient {
    const client = new OvsdbClient({
      remotes,
      database: northbound.name,
      tables: northboundTables,
      backoff: { baseMs: 20, maxMs: 200 },
      ...options,
    });
    this.#clients.add(client);
    return client;
  }

  /** Makes and starts a client. Resolves when its replica is filled. */
  async started(remotes: string, options: Partial<OvsdbClientOptions> = {}): Promise<OvsdbClient> {
    const client = this.client(remotes, options);
    await client.start({ timeoutMs: WAIT_TIMEOUT_MS });
    return client;
  }

  /** Runs a program of OVS and returns its output. */
  async tool(program: string, ...args: readonly string[]): Promise<string> {
    return (await run(program, [...args], { env: daemonEnvironment(this.dir), cwd: this.dir })).stdout;
  }

  /** Stops only the clients. */
  async stopClients(): Promise<void> {
    await Promise.all([...this.#clients].map((client) => client.stop()));
    this.#clients.clear();
  }

  async cleanUp(): Promise<void> {
    await this.stopClients();
    await Promise.all([...this.#servers].map((server) => server.stop()));
    rmSync(this.dir, { recursive: true, force: true });
  }
}

/** Waits until the condition is true; fails with the description after a timeout. */
export async function until(description: string, condition: () => boolean | Promise<boolean>): Promise<void> {
  await eventually(condition, { context: () => `timeout: ${description}` });
}

/** Resolves when the client is in this state. */
export function stateOf(client: OvsdbClient, wanted: 'connected' | 'disconnected'): Promise<void> {
  return until(`the client is ${wanted}`, () => client.connected === (wanted === 'connected'));
}

/** Returns a builder of operations for the server of the client. */
export function build(client: OvsdbClient): OperationBuilder {
  if (!client.schema) throw new Error('the client has not been connected yet');
  return new OperationBuilder(client.schema);
}

/** Makes the operations for a logical switch with `portCount` ports, and returns their UUIDs. */
export function newSwitch(
  client: OvsdbClient,
  name: string,
  portCount = 0,
): { uuid: string; ports: string[]; operations: Operation[] } {
  const builder = build(client);
  const uuid = randomUUID();
  const ports = Array.from({ length: portCount }, () => randomUUID());
  return {
    uuid,
    ports,
    operations: [
      builder.insert('Logical_Switch', uuid, { name, ports: new Set(ports) }),
      ...ports.map((port, index) =>
        builder.insert('Logical_Switch_Port', port, { name: `${name}-${index}` }),
      ),
    ],
  };
}

/** Returns a TCP port on loopback that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
