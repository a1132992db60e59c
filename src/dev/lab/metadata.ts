import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { connect, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { run } from '../../process/command.ts';
import { listenIn } from '../../metadata/agent/index.ts';
import type { DevCluster } from '../cluster.ts';
import type { HypervisorPlace } from './hypervisor.ts';
import type { Lab } from './lab.ts';

/** The program. */
const main = join(import.meta.dirname, '../../main.ts');

/** The metadata agent of one hypervisor, a process in its network namespace. */
export class AgentProcess {
  readonly hypervisor: HypervisorPlace;
  /** What the names of its network namespaces begin with. */
  readonly namespacePrefix: string;
  readonly logFile: string;
  readonly #settings: readonly string[];
  #child: ChildProcess | undefined;
  #ended: Promise<number | NodeJS.Signals> = Promise.resolve(0);

  /** It tells its health and its metrics on `listenAddr` of the hypervisor's own loopback interface. */
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

  /** Starts it, in place of one that has ended. What it says goes to `logFile`, behind what is there. */
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

  /** Ends it as a service manager does; resolves with its exit code, or the signal that ended it. */
  stop(): Promise<number | NodeJS.Signals> {
    this.#child?.kill('SIGTERM');
    return this.#ended;
  }

  /** Ends it at once (SIGKILL), as a crash would. */
  async kill(): Promise<void> {
    this.#child?.kill('SIGKILL');
    await this.#ended;
  }

  /** Removes what it has left on the hypervisor. It must have ended. */
  async remove(): Promise<void> {
    await run(this.#command('remove'));
  }

  /** What it has said so far. */
  log(): string {
    return readFileSync(this.logFile, 'utf8');
  }

  #command(...args: readonly string[]): readonly [string, ...string[]] {
    const { namespace, database } = this.hypervisor;
    return [
      // Not ip(8), which gives programs mounts of their own: namespaces made there would end with them.
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
  /** Ends all of them. Their namespaces go with the lab. */
  stop(): Promise<void>;
}

/**
 * Starts the metadata agent on each hypervisor of a lab, and a way for it to the API server, which listens on the
 * loopback interface of another namespace. The agents get to work in the background.
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

/** Has an address of this namespace's loopback interface be the same in another; returns the way to end that. */
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
