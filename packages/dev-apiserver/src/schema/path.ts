/** The current position of a walk through an object. The path is formatted only when an error needs it. */
export class FieldPath {
  readonly #parts: string[] = [];

  /** @param start the path of the start of the walk */
  constructor(start = '') {
    if (start !== '') this.#parts.push(start);
  }

  /** Enters a member, as `.name`. */
  child(name: string): this {
    this.#parts.push(`.${name}`);
    return this;
  }

  /** Enters a list item or a map entry, as `[key]`. */
  key(key: string | number): this {
    this.#parts.push(`[${key}]`);
    return this;
  }

  /** Leaves the member or item. */
  up(): void {
    this.#parts.pop();
  }

  /** Returns the path, for example `spec.rules[2].port`. Returns '' for the object itself. */
  toString(): string {
    const text = this.#parts.join('');
    return text.startsWith('.') ? text.slice(1) : text;
  }
}
