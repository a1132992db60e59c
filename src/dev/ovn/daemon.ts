import { execFile, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { connect } from 'node:net';
import { promisify } from 'node:util';
import { setTimeout as delay } from 'node:timers/promises';

const run = promisify(execFile);

/** How to run one OVS or OVN daemon in the foreground as a child of this process. */
export interface DaemonOptions {
  /** The program, looked up in PATH and then in the sbin folders where distributions put daemons. */
  readonly program: string;
  /**
   * Command that gives the program other surroundings and then becomes it, process id and all, such as
   * `ip netns exec NAME`. Default: none.
   */
  readonly within?: readonly string[];
  /** Short name, unique in `dir`: names the control socket `<name>.ctl` and the log `<name>.log`. */
  readonly name: string;
  /** Private folder for sockets and logs; must exist. The owner of the folder removes it. */
  readonly dir: string;
  /** Arguments besides `--unixctl` and logging, which are added here. */
  readonly args: readonly string[];
  /**
   * Where the program has its control socket: where `--unixctl` says (the default), or, for those without that
   * option, where all of them have it by default: `<dir>/<program>.<pid>.ctl`.
   */
  readonly control?: 'argument' | 'default';
  /** Unix sockets that must accept connections before the daemon counts as started. */
  readonly sockets?: readonly string[];
  /** Milliseconds until a start that is not complete fails. Default 10 000. */
  readonly startTimeoutMs?: number;
}

/** Children that must not outlive this process, however it ends (short of SIGKILL). */
const live = new Set<ChildProcess>();
let exitHookInstalled = false;

function killWithUs(child: ChildProcess): void {
  if (!exitHookInstalled) {
    exitHookInstalled = true;
    process.once('exit', () => {
      for (const one of live) one.kill('SIGKILL');
    });
  }
  live.add(child);
}

/** The environment for OVS and OVN programs: sbin in PATH, and every default folder inside `dir`. */
export function daemonEnvironment(dir: string): NodeJS.ProcessEnv {
  return {
    ...process.env,
    PATH: `${process.env['PATH'] ?? ''}:/usr/local/sbin:/usr/sbin:/sbin`,
    ...Object.fromEntries(
      ['OVS_RUNDIR', 'OVS_LOGDIR', 'OVS_DBDIR', 'OVN_RUNDIR', 'OVN_LOGDIR', 'OVN_DBDIR'].map((key) => [
        key,
        dir,
      ]),
    ),
  };
}

/**
 * One OVS or OVN daemon: started in the foreground, addressed through its own control socket, and ended with
 * this process. It can be started again after `stop` or `kill`, with the same files and sockets.
 */
export class Daemon {
  readonly name: string;
  readonly dir: string;
  /** Path of the log file. */
  readonly logFile: string;
  readonly #options: DaemonOptions;
  #child: ChildProcess | undefined;
  #ended: Promise<void> = Promise.resolve();

  constructor(options: DaemonOptions) {
    this.#options = options;
    this.name = options.name;
    this.dir = options.dir;
    this.logFile = join(options.dir, `${options.name}.log`);
  }

  /** Path of the control socket (`ovs-appctl --target`) while it runs. */
  get controlSocket(): string {
    const { control = 'argument', program, name, dir } = this.#options;
    return join(dir, control === 'argument' ? `${name}.ctl` : `${program}.${this.pid ?? 0}.ctl`);
  }

  /** Process id while it runs. */
  get pid(): number | undefined {
    return this.#child?.pid;
  }

  get running(): boolean {
    return this.#child !== undefined;
  }

  /**
   * Starts the daemon and resolves when its control socket and `sockets` accept connections.
   *
   * @throws Error when it ends early or is not ready in time; the message holds the end of its output or log.
   */
  async start(): Promise<void> {
    if (this.#child) return;
    const { program, within = [], args, sockets = [], startTimeoutMs = 10_000 } = this.#options;
    // A killed daemon leaves its sockets behind; connecting to a stale one must not pass for readiness.
    for (const path of [this.controlSocket, ...sockets]) rmSync(path, { force: true });
    const control = this.#options.control === 'default' ? [] : [`--unixctl=${this.controlSocket}`];
    const logging = [`--log-file=${this.logFile}`, '-vconsole:off', '-vsyslog:off'];
    const [command = program, ...rest] = [...within, program, ...args, ...control, ...logging];
    const child = spawn(command, rest, {
      cwd: this.dir,
      env: daemonEnvironment(this.dir),
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let output = '';
    child.stderr.on('data', (chunk: Buffer) => (output = (output + chunk.toString()).slice(-4000)));
    this.#child = child;
    killWithUs(child);
    this.#ended = new Promise((resolve) => {
      const gone = (error?: Error): void => {
        if (error) output += error.message;
        live.delete(child);
        if (this.#child === child) this.#child = undefined;
        resolve();
      };
      child.once('exit', () => gone());
      child.once('error', gone);
    });

    const deadline = performance.now() + startTimeoutMs;
    for (const path of [this.controlSocket, ...sockets]) {
      while (!(await accepts(path))) {
        if (!this.running)
          throw new Error(`${program} (${this.name}) ended at start: ${output || this.#logTail()}`);
        if (performance.now() > deadline) {
          await this.kill();
          throw new Error(
            `${program} (${this.name}) was not ready after ${startTimeoutMs} ms: ${this.#logTail()}`,
          );
        }
        await delay(10);
      }
    }
  }

  /** Runs `ovs-appctl` against this daemon; resolves with its output. Rejects when the command fails. */
  async appctl(...command: readonly string[]): Promise<string> {
    const { stdout } = await run(
      'ovs-appctl',
      ['--timeout=10', `--target=${this.controlSocket}`, ...command],
      {
        env: daemonEnvironment(this.dir),
      },
    );
    return stdout;
  }

  /** Asks it to end (SIGTERM), insists after five seconds; resolves when it is gone. Harmless when it is not running. */
  async stop(): Promise<void> {
    const child = this.#child;
    if (!child) return;
    child.kill('SIGCONT');
    child.kill('SIGTERM');
    const insist = setTimeout(() => child.kill('SIGKILL'), 5000);
    await this.#ended;
    clearTimeout(insist);
  }

  /** Ends it at once (SIGKILL), as a crash would; resolves when it is gone. */
  async kill(): Promise<void> {
    this.#child?.kill('SIGKILL');
    await this.#ended;
  }

  /** Stops it in its tracks (SIGSTOP): sockets stay open, nothing answers. */
  pause(): void {
    this.#child?.kill('SIGSTOP');
  }

  /** Undoes `pause`. */
  resume(): void {
    this.#child?.kill('SIGCONT');
  }

  /** Resolves when the running daemon ends by itself or by signal; at once when none runs. */
  exited(): Promise<void> {
    return this.#ended;
  }

  #logTail(): string {
    try {
      return readFileSync(this.logFile, 'utf8').slice(-2000);
    } catch {
      return 'no log was written';
    }
  }
}

function accepts(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
