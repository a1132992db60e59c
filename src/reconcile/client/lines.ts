/**
 * Splits a stream of text into lines. A line can arrive in several chunks. An incomplete last line is
 * dropped.
 */
export class LineSplitter {
  readonly #onLine: (line: string) => void;
  #rest = '';

  constructor(onLine: (line: string) => void) {
    this.#onLine = onLine;
  }

  push(text: string): void {
    let start = 0;
    // The search covers only the new chunk, so the cost of a long line in many chunks is linear.
    for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', start)) {
      const line = this.#rest + text.slice(start, end);
      this.#rest = '';
      start = end + 1;
      if (line !== '') this.#onLine(line);
    }
    this.#rest += text.slice(start);
  }
}
