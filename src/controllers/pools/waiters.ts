/** An object that waits. */
interface Waiter {
  readonly kind: string;
  readonly key: string;
}

/** The objects that want the same: if the first one does not get it, the others do not get it either. */
interface Line {
  readonly pool: string;
  readonly name: string;
  /** In the order of arrival. */
  readonly waiting: Map<string, Waiter>;
  /** An object that was woken and did not get the value: it is still the first one. */
  first: Waiter | undefined;
}

/**
 * The objects that wait for a taken value, by pool. The objects of a line want the same value. A release wakes only the
 * first one of each line. If it does not wait again, it took the value or no longer wants it, and the next one is
 * woken. So one release costs a few reconciles, and not one for each waiting object.
 */
export class Waiters {
  /** Pool → name of the line → line. */
  readonly #pools = new Map<string, Map<string, Line>>();
  /** `kind/key` of a woken object → the lines in which it was the first one. */
  readonly #woken = new Map<string, Set<Line>>();
  readonly #wake: (kind: string, key: string) => void;

  constructor(wake: (kind: string, key: string) => void) {
    this.#wake = wake;
  }

  /**
   * Wakes the object when a value of `pool` becomes free.
   *
   * @param line names what the object wants, if objects with the same line want exactly the same
   */
  add(pool: string, kind: string, key: string, line = `*${kind}/${key}`): void {
    const id = `${kind}/${key}`;
    const found = this.#line(pool, line);
    if (this.#woken.get(id)?.delete(found) === true && found.first === undefined) found.first = { kind, key };
    else if (found.first?.kind !== kind || found.first.key !== key) found.waiting.set(id, { kind, key });
  }

  /** Wakes the first object of each line of `pool` because one of its values became free. */
  wake(pool: string): void {
    for (const line of [...(this.#pools.get(pool)?.values() ?? [])]) this.#wakeFirst(line);
  }

  /** Call this method after a successful reconcile. The next object is woken if this object no longer waits. */
  settled(kind: string, key: string): void {
    const id = `${kind}/${key}`;
    const lines = this.#woken.get(id);
    if (lines === undefined) return;
    this.#woken.delete(id);
    for (const line of lines) this.#wakeFirst(line);
  }

  #wakeFirst(line: Line): void {
    const waiter = line.first ?? line.waiting.values().next().value;
    if (waiter === undefined) {
      this.#drop(line);
      return;
    }
    const id = `${waiter.kind}/${waiter.key}`;
    if (line.first === undefined) line.waiting.delete(id);
    line.first = undefined;
    const woken = this.#woken.get(id);
    if (woken === undefined) this.#woken.set(id, new Set([line]));
    else woken.add(line);
    this.#wake(waiter.kind, waiter.key);
  }

  #line(pool: string, name: string): Line {
    let lines = this.#pools.get(pool);
    if (lines === undefined) this.#pools.set(pool, (lines = new Map<string, Line>()));
    let line = lines.get(name);
    if (line === undefined) lines.set(name, (line = { pool, name, waiting: new Map(), first: undefined }));
    return line;
  }

  #drop(line: Line): void {
    const { pool, name } = line;
    const lines = this.#pools.get(pool);
    // Another line may have the name by now.
    if (lines?.get(name) === line) lines.delete(name);
    if (lines?.size === 0) this.#pools.delete(pool);
  }
}
