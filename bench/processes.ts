/** Processes that are measured: how to start them, and what /proc says of them. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream, readdirSync, readFileSync } from 'node:fs';
import { Agent, get } from 'node:http';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { collectGarbage } from './inspector.ts';

/** Where the operator finds what it works with. */
export interface OperatorOptions {
  readonly kubeconfig: string;
  readonly northbound: string;
  readonly southbound: string;
  /** Its log is appended there. */
  readonly logFile: string;
  /** Its program. */
  readonly program: string;
  /** Folder for a CPU profile, written when it stops. */
  readonly profile?: string | undefined;
}

const root = join(import.meta.dirname, '..');
/** How long a start or a stop may take. */
const patienceMs = 120_000;

/** The operator as a process of its own. */
export class Operator {
  readonly #child: ChildProcess;
  readonly #port: number;
  /** One connection, so that asking is as little work as can be. */
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 1 });
  readonly #logFile: string;
  readonly #exited: Promise<unknown>;
  #stopping = false;
  /** Rejects when it ends without having been asked to. */
  readonly failure: Promise<never>;
  /** From the start of the process until it said that it is ready, in ms. */
  readyMs = NaN;

  private constructor(child: ChildProcess, port: number, logFile: string) {
    this.#child = child;
    this.#port = port;
    this.#logFile = logFile;
    this.#exited = once(child, 'exit');
    this.failure = this.#exited.then(() => {
      if (this.#stopping) return new Promise<never>(() => undefined);
      throw new Error(`the operator ended: ${this.#logTail()}`);
    });
    this.failure.catch(() => undefined);
    process.once('exit', () => child.kill('SIGKILL'));
  }

  /** Starts it, without leader election; resolves when it is ready. */
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
      { stdio: ['ignore', 'ignore', 'pipe'] },
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

  /** Resident memory in bytes when its garbage has been collected: comparable with other such figures. */
  async leanRss(): Promise<number> {
    await collectGarbage(this.#child);
    return this.rss();
  }

  /** Processor time so far in ms. */
  cpuMs(): number {
    return cpuMs(this.pid);
  }

  /** The body of one of its HTTP pages; undefined when it does not answer with 200. */
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

  /** Resolves when it has used next to no processor time for half a second. */
  async idle(): Promise<void> {
    for (let before = this.cpuMs(); ;) {
      await delay(500);
      this.#checkRunning();
      const now = this.cpuMs();
      if (now - before <= 20) return;
      before = now;
    }
  }

  /** Ends it as a service manager would, and not so when that does not help. */
  async stop(): Promise<void> {
    this.#stopping = true;
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    this.#child.kill('SIGTERM');
    const insist = setTimeout(() => this.#child.kill('SIGKILL'), patienceMs / 4);
    await this.#exited;
    clearTimeout(insist);
    this.#agent.destroy();
  }

  /** Its process id. */
  get pid(): number {
    return this.#child.pid ?? NaN;
  }

  async #untilReady(since: number): Promise<void> {
    for (;;) {
      const isReady = (await this.page('/ready')) !== undefined;
      this.readyMs = performance.now() - since;
      if (isReady) return;
      this.#checkRunning();
      if (this.readyMs > patienceMs) {
        await this.stop();
        throw new Error(`the operator is not ready after ${patienceMs / 1000} s: ${this.#logTail()}`);
      }
      await delay(10);
    }
  }

  #checkRunning(): void {
    if (this.#child.exitCode === null && this.#child.signalCode === null) return;
    throw new Error(`the operator ended: ${this.#logTail()}`);
  }

  #logTail(): string {
    return readFileSync(this.#logFile, 'utf8').slice(-2000);
  }
}

/** Processor time of a process so far in ms, of all threads (proc(5), schedstat: nanoseconds on a processor). */
export function cpuMs(pid: number): number {
  const tasks = `/proc/${pid}/task`;
  const ran = (task: string): number =>
    Number(readFileSync(`${tasks}/${task}/schedstat`, 'utf8').split(' ')[0]);
  return readdirSync(tasks).reduce((sum, task) => sum + ran(task), 0) / 1e6;
}

/** Runs a script of the bench in a process of its own; resolves with the ms until it said that it is done. */
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
  const said = once(child.stdout, 'data').then(() => performance.now() - since);
  const [code] = await exited;
  if (code !== 0) throw new Error(`${script} ended with status ${code}`);
  return said;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  await once(server.close(), 'close');
  return port;
}
