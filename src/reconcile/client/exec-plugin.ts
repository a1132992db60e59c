/**
 * Credential plugins of a kubeconfig (`user.exec`, KEP-541). @kubernetes/client-node also runs plugins, but without a
 * deadline, and leaves their processes behind.
 */
import { spawn } from 'node:child_process';
import process from 'node:process';

/** The part of `user.exec` that a plugin needs. */
export interface ExecConfig {
  readonly command: string;
  readonly args?: readonly string[] | null;
  readonly env?: readonly { readonly name: string; readonly value: string }[] | null;
}

/** The status of an ExecCredential (client.authentication.k8s.io). */
interface ExecStatus {
  readonly token?: string;
  readonly clientCertificateData?: string;
  readonly clientKeyData?: string;
  readonly expirationTimestamp?: string;
}

/** Runs a credential plugin, and keeps its answer until the answer expires. */
export class ExecPlugin {
  readonly #config: ExecConfig;
  #status: ExecStatus | undefined;

  constructor(config: ExecConfig) {
    this.#config = config;
  }

  /**
   * Returns the credentials. An abort kills the plugin and the processes that the plugin has started.
   *
   * @throws Error when the plugin fails or is aborted
   */
  async credentials(signal?: AbortSignal): Promise<ExecStatus> {
    const { expirationTimestamp } = this.#status ?? {};
    const isExpired = expirationTimestamp !== undefined && Date.parse(expirationTimestamp) <= Date.now();
    if (this.#status === undefined || isExpired) this.#status = statusOf(await run(this.#config, signal));
    return this.#status;
  }
}

function run({ command, args, env }: ExecConfig, signal?: AbortSignal): Promise<string> {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    const added = Object.fromEntries((env ?? []).map(({ name, value }) => [name, value]));
    // With a process group of its own, the plugin can be killed together with its children.
    const plugin = spawn(command, args ?? [], {
      env: { ...process.env, ...added },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
    const output = { stdout: '', stderr: '' };
    for (const name of ['stdout', 'stderr'] as const)
      plugin[name].setEncoding('utf8').on('data', (text: string) => (output[name] += text));
    const kill = (): void => {
      killGroup(plugin.pid);
      reject(new Error(`the credential plugin ${command} was stopped before it answered`));
    };
    signal?.addEventListener('abort', kill, { once: true });
    plugin.on('error', (cause) =>
      reject(new Error(`cannot run the credential plugin ${command}: ${cause.message}`)),
    );
    plugin.on('close', (code) => {
      signal?.removeEventListener('abort', kill);
      if (code === 0) resolve(output.stdout);
      else
        reject(new Error(`the credential plugin ${command} failed: ${output.stderr.trim().slice(0, 1000)}`));
    });
  });
}

function killGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // No process of the group is left.
  }
}

function statusOf(stdout: string): ExecStatus {
  let status: unknown;
  try {
    ({ status } = JSON.parse(stdout) as { status?: unknown });
  } catch {
    // The message of the parser quotes the output, which can contain a token.
  }
  if (typeof status !== 'object' || status === null)
    throw new Error('the credential plugin did not print an ExecCredential with a status');
  return status;
}
