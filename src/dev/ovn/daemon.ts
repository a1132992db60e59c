import { execFile, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { connect } from 'node:net';
import { promisify } from 'node:util';
import { setTimeout as delay } from 'node:timers/promises';

const run = promisify(execFile);

/** Options of an OVS or OVN daemon that runs in the foreground as a child of this process. */
export interface DaemonOptions {
  /** The program. It is searched in PATH and then in the sbin folders where distributions install daemons. */
  readonly program: string;
  /**
   * A command that changes the environment of the program and then executes it with the same process id, such as
   * `ip netns exec NAME`. Default: none.
   */
  readonly within?: readonly string[];
  /** Short name, unique in `dir`. The control socket is `<name>.ctl` and the log is `<name>.log`. */
  readonly name: string;
  /** Private folder for sockets and logs; must exist. The owner of the folder removes it. */
  readonly dir: string;
  /** Arguments of the program. The class adds `--unixctl` and the logging options. */
  readonly args: readonly string[];
  /**
   * How the control socket gets its path. `argument` (the default): through `--unixctl`. `default`: the program has no
   * such option and creates `<dir>/<program>.<pid>.ctl`.
   */
  readonly control?: 'argument' | 'default';
  /** Further unix sockets that must accept connections before `start` resolves. */
  readonly sockets?: readonly string[];
  /** Time limit of a start, in milliseconds. Default: 10 000. */
  readonly startTimeoutMs?: number;
}

/** Children to kill when this process exits. Only SIGKILL of this process can leave them behind. */
const liveChildren = new Set<ChildProcess>();
let exitHookInstalled = false;

function killAtExit(child: ChildProcess): void {
  if (!exitHookInstalled) {
    exitHookInstalled = true;
    process.once('exit', () => {
      for (const each of liveChildren) each.kill('SIGKILL');
    });
  }
  liveChildren.add(child);
}

/** The environment for OVS and OVN programs: PATH contains sbin, and every default folder is `dir`. */
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
 * One OVS or OVN daemon. It runs in the foreground, has a control socket of its own, and ends with this process. After
 * `stop` or `kill`, `start` starts it again with the same files and sockets.
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

  /** Path of the control socket (`ovs-appctl --target`) of the running daemon. */
  get controlSocket(): string {
    const { control = 'argument', program, name, dir } = this.#options;
    return join(dir, control === 'argument' ? `${name}.ctl` : `${program}.${this.pid ?? 0}.ctl`);
  }

  /** Process id; undefined when the daemon does not run. */
  get pid(): number | undefined {
    return this.#child?.pid;
  }

  get running(): boolean {
    return this.#child !== undefined;
  }

  /**
   * Starts the daemon and resolves when its control socket and `sockets` accept connections.
   * @throws Error when the daemon exits or is not ready in time; the message contains the end of its output or log
   */
  async start(): Promise<void> {
    if (this.#child) return;
    const { program, within = [], args, sockets = [], startTimeoutMs = 10_000 } = this.#options;
    // A killed daemon leaves its sockets behind. A stale socket must not count as readiness.
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
    killAtExit(child);
    this.#ended = new Promise((resolve) => {
      const onEnd = (error?: Error): void => {
        if (error) output += error.message;
        liveChildren.delete(child);
        if (this.#child === child) this.#child = undefined;
        resolve();
      };
      child.once('exit', () => onEnd());
      child.once('error', onEnd);
    });

    const deadline = performance.now() + startTimeoutMs;
    for (const path of [this.controlSocket, ...sockets]) {
      while (!(await accepts(path))) {
        if (!this.running)
          throw new Error(`${program} (${this.name}) exited at start: ${output || this.#logTail()}`);
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

  /**
   * Runs `ovs-appctl` on this daemon; resolves with the command's output.
   * @throws Error when the command fails
   */
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

  /** Sends SIGTERM, and SIGKILL after five seconds; resolves when the daemon has exited. Idempotent. */
  async stop(): Promise<void> {
    const child = this.#child;
    if (!child) return;
    child.kill('SIGCONT');
    child.kill('SIGTERM');
    const killTimer = setTimeout(() => child.kill('SIGKILL'), 5000);
    await this.#ended;
    clearTimeout(killTimer);
  }

  /** Kills the daemon (SIGKILL), which simulates a crash; resolves when it has exited. */
  async kill(): Promise<void> {
    this.#child?.kill('SIGKILL');
    await this.#ended;
  }

  /** Freezes the daemon (SIGSTOP): its sockets stay open, but it answers nothing. */
  pause(): void {
    this.#child?.kill('SIGSTOP');
  }

  /** Continues the daemon after `pause` (SIGCONT). */
  resume(): void {
    this.#child?.kill('SIGCONT');
  }

  /** Resolves when the daemon exits for any reason; immediately when it does not run. */
  exited(): Promise<void> {
    return this.#ended;
  }

  #logTail(): string {
    try {
      return readFileSync(this.logFile, 'utf8').slice(-2000);
    } catch {
      return 'it wrote no log';
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
