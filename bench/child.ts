import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

/** A script of the benchmark in a child process. The script answers each message with one message. */
export class Child<Question extends object, Answer> {
  readonly #child: ChildProcess;
  readonly #exited: Promise<unknown>;
  /** Rejects when the process exits. */
  readonly failure: Promise<never>;

  constructor(script: string) {
    this.#child = fork(join(import.meta.dirname, script), {
      execArgv: ['--disable-warning=ExperimentalWarning'],
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    this.#exited = once(this.#child, 'exit');
    this.failure = this.#exited.then(() => {
      throw new Error(`${script} exited`);
    });
    this.failure.catch(() => undefined);
  }

  get pid(): number {
    return this.#child.pid ?? NaN;
  }

  /** Sends a message and resolves with the answer. The previous call must have resolved. */
  async ask(question: Question): Promise<Answer> {
    const answer = once(this.#child, 'message') as Promise<[Answer]>;
    this.#child.send(question);
    const [value] = await Promise.race([answer, this.failure]);
    return value;
  }

  async stop(): Promise<void> {
    if (this.#child.connected) this.#child.disconnect();
    await this.#exited;
  }
}
