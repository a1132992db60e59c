/** Runs kubectl, if it is installed. */
import { execFile, spawnSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** True when the PATH contains kubectl. */
export const hasKubectl = spawnSync('kubectl', ['version', '--client'], { stdio: 'ignore' }).status === 0;

export interface KubectlResult {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** kubectl with a kubeconfig and a home folder of its own, so that its caches are removed after the test. */
export class Kubectl {
  readonly #folder: string;
  readonly #kubeconfig: string;

  private constructor(folder: string, kubeconfig: string) {
    this.#folder = folder;
    this.#kubeconfig = kubeconfig;
  }

  static async create(kubeconfig: string): Promise<Kubectl> {
    return new Kubectl(await mkdtemp(join(tmpdir(), 'overlay-kubectl-')), kubeconfig);
  }

  async remove(): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true });
  }

  /** Writes a file into the home folder and returns its path. */
  async file(name: string, content: string, mode = 0o644): Promise<string> {
    const path = join(this.#folder, name);
    await writeFile(path, content, { mode });
    return path;
  }

  /** Runs kubectl. A failure is reported by the status, not by an exception. */
  run(args: readonly string[], { stdin = '', editor = 'false' } = {}): Promise<KubectlResult> {
    const env = { ...process.env, HOME: this.#folder, KUBECONFIG: this.#kubeconfig, KUBE_EDITOR: editor };
    return new Promise((resolve) => {
      const child = execFile('kubectl', args, { env, timeout: 25_000 }, (error, stdout, stderr) => {
        const status = error === null ? 0 : typeof error.code === 'number' ? error.code : 1;
        resolve({ status, stdout, stderr });
      });
      child.stdin?.end(stdin);
    });
  }

  /**
   * Runs kubectl and returns its output.
   *
   * @throws Error with the output when kubectl fails
   */
  async ok(...args: readonly string[]): Promise<string> {
    const { status, stdout, stderr } = await this.run(args);
    if (status !== 0) throw new Error(`kubectl ${args.join(' ')} failed: ${stderr}`);
    return stdout;
  }

  /**
   * Runs `kubectl apply` or another command with a manifest on stdin.
   *
   * @throws Error with the output when kubectl fails
   */
  async send(manifest: string, ...args: readonly string[]): Promise<string> {
    const { status, stdout, stderr } = await this.run([...args, '-f', '-'], { stdin: manifest });
    if (status !== 0) throw new Error(`kubectl ${args.join(' ')} failed: ${stderr}`);
    return stdout;
  }
}
