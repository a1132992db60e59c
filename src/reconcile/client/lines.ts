/** Cuts a stream of text into lines. A line may come in any number of pieces; an unfinished last line is dropped. */
export class LineSplitter {
  readonly #onLine: (line: string) => void;
  #rest = '';

  constructor(onLine: (line: string) => void) {
    this.#onLine = onLine;
  }

  push(text: string): void {
    let start = 0;
    // Only the new piece is searched: a long line in many pieces costs no more than its length.
    for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', start)) {
      const line = this.#rest + text.slice(start, end);
      this.#rest = '';
      start = end + 1;
      if (line !== '') this.#onLine(line);
    }
    this.#rest += text.slice(start);
  }
}
