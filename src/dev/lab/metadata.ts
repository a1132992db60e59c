import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { connect, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { run } from '../../process/command.ts';
import { listenIn } from '../../metadata/agent/index.ts';
import type { DevCluster } from '../cluster.ts';
import type { HypervisorPlace } from './hypervisor.ts';
import type { Lab } from './lab.ts';

/** The production program. */
const main = join(import.meta.dirname, '../../main.ts');

/** The metadata agent of one hypervisor: a process in the hypervisor's network namespace. */
export class AgentProcess {
  readonly hypervisor: HypervisorPlace;
  /** The prefix of the names of the agent's network namespaces. */
  readonly namespacePrefix: string;
  readonly logFile: string;
  readonly #settings: readonly string[];
  #child: ChildProcess | undefined;
  #ended: Promise<number | NodeJS.Signals> = Promise.resolve(0);

  /** The agent serves its health and metrics at `listenAddr` in the hypervisor's network namespace. */
  constructor(
    hypervisor: HypervisorPlace,
    lab: Pick<Lab, 'state'>,
    { listenAddr = '127.0.0.1:8081' }: { readonly listenAddr?: string } = {},
  ) {
    this.hypervisor = hypervisor;
    this.namespacePrefix = `${lab.state.prefix}${hypervisor.name}-md-`;
    this.logFile = join(hypervisor.dir, 'metadata-agent.log');
    this.#settings = ['--kubeconfig', lab.state.kubeconfig, '--listen-addr', listenAddr];
  }

  /** Starts the agent. A previous process must have exited. The agent's output is appended to `logFile`. */
  start(): void {
    const log = openSync(this.logFile, 'a', 0o600);
    const [program, ...args] = this.#command(...this.#settings);
    const child = spawn(program, args, { stdio: ['ignore', log, log] });
    closeSync(log);
    this.#child = child;
    this.#ended = new Promise((resolve) => {
      child.once('error', () => resolve(1));
      child.once('exit', (code, signal) => resolve(code ?? signal ?? 1));
    });
  }

  /** Sends SIGTERM, as a service manager does; resolves with the exit code, or with the signal that ended the agent. */
  stop(): Promise<number | NodeJS.Signals> {
    this.#child?.kill('SIGTERM');
    return this.#ended;
  }

  /** Kills the agent (SIGKILL), which simulates a crash. */
  async kill(): Promise<void> {
    this.#child?.kill('SIGKILL');
    await this.#ended;
  }

  /** Runs `metadata-agent remove`, which cleans up the hypervisor. The agent must have exited. */
  async remove(): Promise<void> {
    await run(this.#command('remove'));
  }

  /** The agent's output so far. */
  log(): string {
    return readFileSync(this.logFile, 'utf8');
  }

  #command(...args: readonly string[]): readonly [string, ...string[]] {
    const { namespace, database } = this.hypervisor;
    return [
      // Not ip(8): it starts programs in a mount namespace, and the named namespaces of the agent would end with it.
      ...(['nsenter', `--net=/run/netns/${namespace}`] as const),
      ...[process.execPath, '--disable-warning=ExperimentalWarning', main, 'metadata-agent', ...args],
      ...['--ovs-endpoint', database, '--namespace-prefix', this.namespacePrefix],
    ];
  }
}

/** The metadata agents of a lab. */
export interface MetadataAgents {
  /** In the order of the hypervisors. */
  readonly processes: readonly AgentProcess[];
  /** Stops all agents. The lab removes their namespaces when it stops. */
  stop(): Promise<void>;
}

/**
 * Starts the metadata agent on each hypervisor of a lab. The API server listens on the loopback interface of another
 * namespace, so a relay connects each agent to it. Resolves before the agents are ready.
 */
export async function startMetadataAgents(
  lab: Pick<Lab, 'state' | 'hypervisors'>,
  { connection }: Pick<DevCluster, 'connection'>,
): Promise<MetadataAgents> {
  const processes = lab.state.hypervisors.map((hypervisor) => new AgentProcess(hypervisor, lab));
  const relays = await Promise.all(
    lab.state.hypervisors.map(({ namespace }) => relay(namespace, new URL(connection.server))),
  );
  for (const process of processes) process.start();
  return {
    processes,
    stop: async () => {
      await Promise.all(processes.map((process) => process.stop()));
      for (const close of relays) close();
    },
  };
}

/** Forwards connections from a loopback address in another namespace to the same address here. Returns a stop function. */
async function relay(namespace: string, { hostname, port }: URL): Promise<() => void> {
  const server: Server = await listenIn(namespace, hostname, Number(port));
  const sockets = new Set<Socket>();
  server.on('connection', (near) => {
    const far = connect(Number(port), hostname);
    for (const [socket, other] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(socket);
      socket.on('error', () => other.destroy());
      socket.once('close', () => {
        sockets.delete(socket);
        other.destroy();
      });
      socket.pipe(other);
    }
  });
  return () => {
    server.close();
    for (const socket of sockets) socket.destroy();
  };
}
