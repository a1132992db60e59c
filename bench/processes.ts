/** Starts the measured processes, and reads their memory and processor time from /proc. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream, readdirSync, readFileSync } from 'node:fs';
import { Agent, get } from 'node:http';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { collectGarbage } from './inspector.ts';

/** The options of a measured operator. */
export interface OperatorOptions {
  readonly kubeconfig: string;
  readonly northbound: string;
  readonly southbound: string;
  /** The operator's log is appended to this file. */
  readonly logFile: string;
  /** The file of the operator's program. */
  readonly program: string;
  /** Folder for a CPU profile. The operator writes the profile when it stops. */
  readonly profile?: string | undefined;
}

const root = join(import.meta.dirname, '..');
const START_TIMEOUT_MS = 120_000;
/** After this time, a stop sends SIGKILL. */
const STOP_TIMEOUT_MS = 30_000;

/** An operator that runs in a separate process. */
export class Operator {
  readonly #child: ChildProcess;
  readonly #port: number;
  /** A single connection that is kept alive, so that requests cost the operator as little as possible. */
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 1 });
  readonly #logFile: string;
  readonly #exited: Promise<unknown>;
  #stopping = false;
  /** Rejects when the operator exits without `stop`. */
  readonly failure: Promise<never>;
  /** Time from the start of the process until the operator is ready, in ms. */
  readyMs = NaN;

  private constructor(child: ChildProcess, port: number, logFile: string) {
    this.#child = child;
    this.#port = port;
    this.#logFile = logFile;
    this.#exited = once(child, 'exit');
    this.failure = this.#exited.then(() => {
      if (this.#stopping) return new Promise<never>(() => undefined);
      throw new Error(`the operator exited: ${this.#logTail()}`);
    });
    this.failure.catch(() => undefined);
    process.once('exit', () => child.kill('SIGKILL'));
  }

  /**
   * Starts the operator without leader election; resolves when it is ready.
   * @throws Error when the operator exits or is not ready in time
   */
  static async start(options: OperatorOptions): Promise<Operator> {
    const port = await freePort();
    const flags = {
      kubeconfig: options.kubeconfig,
      'ovn-nb-endpoint': options.northbound,
      'ovn-sb-endpoint': options.southbound,
      'listen-addr': `127.0.0.1:${port}`,
      'leader-election-enabled': 'false',
      'log-level': 'warn',
    };
    const since = performance.now();
    const child = spawn(
      process.execPath,
      [
        '--disable-warning=ExperimentalWarning',
        '--inspect-port=127.0.0.1:0',
        ...(options.profile === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${options.profile}`]),
        options.program,
        'run',
        ...Object.entries(flags).map(([name, value]) => `--${name}=${value}`),
      ],
      {
        stdio: ['ignore', 'ignore', 'pipe'],
        env: { ...process.env, OVERLAY_NETWORK_METRICS_AUTHENTICATION: 'none' },
      },
    );
    child.stderr.pipe(createWriteStream(options.logFile, { flags: 'a' }));
    const operator = new Operator(child, port, options.logFile);
    await operator.#untilReady(since);
    return operator;
  }

  /** Resident memory in bytes (VmRSS of proc(5)). */
  rss(): number {
    const status = readFileSync(`/proc/${this.pid}/status`, 'utf8');
    return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) * 1024;
  }

  /** Resident memory in bytes after a garbage collection, so that two values can be compared. */
  async leanRss(): Promise<number> {
    await collectGarbage(this.#child);
    return this.rss();
  }

  /** Processor time so far, in ms. */
  cpuMs(): number {
    return cpuMs(this.pid);
  }

  /** The body of an HTTP page of the operator; undefined when the status code is not 200. */
  page(path: string): Promise<string | undefined> {
    return new Promise((resolve) => {
      const options = { host: '127.0.0.1', port: this.#port, path, agent: this.#agent };
      const outgoing = get(options, (response) => {
        let body = '';
        response.setEncoding('utf8');
        response.on('data', (chunk: string) => (body += chunk));
        response.on('end', () => resolve(response.statusCode === 200 ? body : undefined));
      });
      outgoing.on('error', () => resolve(undefined));
    });
  }

  /** Resolves when the operator has used at most 20 ms of processor time in half a second. */
  async idle(): Promise<void> {
    for (let before = this.cpuMs(); ;) {
      await delay(500);
      this.#checkRunning();
      const now = this.cpuMs();
      if (now - before <= 20) return;
      before = now;
    }
  }

  /** Sends SIGTERM as a service manager does, and SIGKILL after {@link STOP_TIMEOUT_MS}. Resolves when the operator has exited. */
  async stop(): Promise<void> {
    this.#stopping = true;
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    this.#child.kill('SIGTERM');
    const killTimer = setTimeout(() => this.#child.kill('SIGKILL'), STOP_TIMEOUT_MS);
    await this.#exited;
    clearTimeout(killTimer);
    this.#agent.destroy();
  }

  /** Process id of the operator. */
  get pid(): number {
    return this.#child.pid ?? NaN;
  }

  async #untilReady(since: number): Promise<void> {
    for (;;) {
      const isReady = (await this.page('/ready')) !== undefined;
      this.readyMs = performance.now() - since;
      if (isReady) return;
      this.#checkRunning();
      if (this.readyMs > START_TIMEOUT_MS) {
        await this.stop();
        throw new Error(`the operator is not ready after ${START_TIMEOUT_MS / 1000} s: ${this.#logTail()}`);
      }
      await delay(10);
    }
  }

  #checkRunning(): void {
    if (this.#child.exitCode === null && this.#child.signalCode === null) return;
    throw new Error(`the operator exited: ${this.#logTail()}`);
  }

  #logTail(): string {
    return readFileSync(this.#logFile, 'utf8').slice(-2000);
  }
}

/** Processor time of all threads of a process so far, in ms (proc(5), schedstat: nanoseconds on a processor). */
export function cpuMs(pid: number): number {
  const tasks = `/proc/${pid}/task`;
  const ran = (task: string): number =>
    Number(readFileSync(`${tasks}/${task}/schedstat`, 'utf8').split(' ')[0]);
  return readdirSync(tasks).reduce((sum, task) => sum + ran(task), 0) / 1e6;
}

/**
 * Runs a script of the benchmark in a separate process. Resolves with the time until its first output, in ms.
 * @throws Error when the exit status is not 0
 */
export async function timeScript(script: string, input: unknown): Promise<number> {
  const since = performance.now();
  const child = spawn(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', join(root, 'bench', script)],
    {
      stdio: ['pipe', 'pipe', 'inherit'],
    },
  );
  const exited = once(child, 'exit') as Promise<[number | null]>;
  child.stdin.end(JSON.stringify(input));
  const elapsedMs = once(child.stdout, 'data').then(() => performance.now() - since);
  const [code] = await exited;
  if (code !== 0) throw new Error(`${script} failed with exit status ${code}`);
  return elapsedMs;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  await once(server.close(), 'close');
  return port;
}
