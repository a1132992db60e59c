import type { Output } from './io.ts';

/** Tells a person how far things are: one line that is rewritten on a terminal, plain lines elsewhere. */
export class Progress {
  readonly #output: Output;
  readonly #now: () => number;
  #open = false;

  constructor(output: Output, now: () => number = () => performance.now()) {
    this.#output = output;
    this.#now = now;
  }

  /**
   * Runs `work` under `label`. `work` may call `note` with what it is waiting for: shown behind the label on a
   * terminal, and nowhere else.
   */
  async step<T>(label: string, work: (note: (text: string) => void) => Promise<T>): Promise<T> {
    const since = this.#now();
    const note = (text: string): void => {
      if (this.#output.isTTY === true) this.#line(`… ${label}${text === '' ? '' : `: ${text}`}`);
    };
    note('');
    try {
      const result = await work(note);
      this.#line(`✓ ${label} (${((this.#now() - since) / 1000).toFixed(1)} s)\n`);
      return result;
    } catch (error) {
      this.#line(`✗ ${label}\n`);
      throw error;
    }
  }

  #line(text: string): void {
    this.#output.write(`${this.#open ? '\r\u001b[K' : ''}${text}`);
    this.#open = !text.endsWith('\n');
  }
}
