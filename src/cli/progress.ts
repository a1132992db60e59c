import type { Output } from './io.ts';

/** Shows the progress of a command: rewrites one line on a terminal, and prints plain lines elsewhere. */
export class Progress {
  readonly #output: Output;
  readonly #now: () => number;
  #open = false;

  constructor(output: Output, now: () => number = () => performance.now()) {
    this.#output = output;
    this.#now = now;
  }

  /**
   * Runs `work` and shows it as `label`. `work` may call `note` to describe its current state; only a terminal shows
   * the note, after the label.
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
