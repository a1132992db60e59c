/** Runs the programs of other clients, with a kubeconfig and a home folder of their own. */
import { execFile, spawnSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const TIMEOUT_MS = 60_000;

export interface ProgramResult {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Returns true when the command exists and succeeds. */
export const succeeds = (command: string, args: readonly string[]): boolean =>
  spawnSync(command, args, { stdio: 'ignore' }).status === 0;

export class Program {
  readonly command: string;
  /** The home folder of the program. Tests may add files. */
  readonly folder: string;
  readonly #kubeconfig: string;

  private constructor(command: string, folder: string, kubeconfig: string) {
    this.command = command;
    this.folder = folder;
    this.#kubeconfig = kubeconfig;
  }

  static async create(command: string, kubeconfig: string): Promise<Program> {
    return new Program(command, await mkdtemp(join(tmpdir(), 'dev-apiserver-client-')), kubeconfig);
  }

  async remove(): Promise<void> {
    await rm(this.folder, { recursive: true, force: true });
  }

  /** Runs the program. A failure is reported by the status, not by an exception. */
  run(...args: readonly string[]): Promise<ProgramResult> {
    const env = { ...process.env, HOME: this.folder, KUBECONFIG: this.#kubeconfig };
    return new Promise((resolve) => {
      execFile(this.command, args, { env, timeout: TIMEOUT_MS }, (error, stdout, stderr) => {
        const status = error === null ? 0 : typeof error.code === 'number' ? error.code : 1;
        resolve({ status, stdout, stderr });
      });
    });
  }

  /**
   * Runs the program and returns its output.
   *
   * @throws Error with the program's output when it fails
   */
  async ok(...args: readonly string[]): Promise<string> {
    const { status, stdout, stderr } = await this.run(...args);
    if (status !== 0) throw new Error(`${this.command} ${args.join(' ')} failed: ${stdout}${stderr}`);
    return stdout;
  }
}
