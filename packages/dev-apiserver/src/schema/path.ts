/** The place in an object that a walk has come to; turned into text only when something is wrong there. */
export class FieldPath {
  readonly #parts: string[] = [];

  /** @param start the text of the place where the walk begins */
  constructor(start = '') {
    if (start !== '') this.#parts.push(start);
  }

  /** Steps into a member, as `.name`. */
  child(name: string): this {
    this.#parts.push(`.${name}`);
    return this;
  }

  /** Steps into a list item or a map's entry, as `[key]`. */
  key(key: string | number): this {
    this.#parts.push(`[${key}]`);
    return this;
  }

  /** Steps back. */
  up(): void {
    this.#parts.pop();
  }

  /** `spec.rules[2].port`; '' at the object itself. */
  toString(): string {
    const text = this.#parts.join('');
    return text.startsWith('.') ? text.slice(1) : text;
  }
}
