import { SortedSet } from '../../base/index.ts';

/**
 * The number of objects that compete for the same thing and whose messages name the object in effect. So a change of
 * that object changes only this number of messages, however many objects compete.
 */
export const MAX_NAMED = 8;

/** An object that competes with others of its kind. */
export interface Contender {
  readonly uid: string;
  readonly kind: string;
  readonly key: string;
  /** The sort key of the object: the lower one has precedence. */
  readonly precedence: string;
}

/** Something that an object may use alone. The object that it excludes is in effect only if it is the oldest holder. */
export interface Stakes {
  /** The lines in which the object stands. */
  readonly holds: readonly string[];
  /** The lines in which no older object may stand. */
  readonly yields: readonly string[];
}

/** Why an object is not in effect. */
export interface Obstacle {
  /** The oldest object of the line. Undefined if the message must not name this object: too many objects wait. */
  readonly holder: Contender | undefined;
  readonly line: string;
}

interface Line {
  readonly holders: SortedSet<Contender>;
  /** The objects that yield to an older holder of the line. */
  readonly yielding: SortedSet<Contender>;
}

const compare = (a: Contender, b: Contender): number =>
  a.precedence < b.precedence ? -1 : a.precedence > b.precedence ? 1 : 0;

/**
 * Objects that exclude each other, by the thing that only one of them can have (a line). An object stands in its
 * lines from its first reconcile until its rows no longer contain the thing. So the next object takes effect only
 * after the previous one lost its rows. The cost of each operation depends on the number of objects whose decision
 * changes, and not on the number of objects in a line.
 */
export class Contenders {
  readonly #lines = new Map<string, Line>();
  readonly #stakes = new Map<
    string,
    { readonly contender: Contender; holds: Set<string>; yields: Set<string> }
  >();
  readonly #maxNamed: number;
  readonly #wake: (kind: string, key: string) => void;

  /**
   * @param maxNamed the number of waiting objects in a line whose messages name the oldest object. So a change of the
   *   oldest object changes only this number of messages.
   * @param wake called with an object whose decision may have changed
   */
  constructor(maxNamed: number, wake: (kind: string, key: string) => void) {
    this.#maxNamed = maxNamed;
    this.#wake = wake;
  }

  /** Adds the object to all lines of `stakes`. It also stays in the other lines in which it stands (see `keep`). */
  join(contender: Contender, { holds, yields }: Stakes): void {
    let own = this.#stakes.get(contender.uid);
    if (own === undefined) {
      own = { contender, holds: new Set(), yields: new Set() };
      this.#stakes.set(contender.uid, own);
    }
    this.#setYields(own, yields);
    for (const name of holds) {
      if (own.holds.has(name)) continue;
      own.holds.add(name);
      this.#change(name, contender, ({ holders }) => holders.add(contender));
    }
  }

  /** Removes the object from all lines except those of `stakes`. Its rows must no longer use them. */
  keep(uid: string, { holds, yields }: Stakes = { holds: [], yields: [] }): void {
    const own = this.#stakes.get(uid);
    if (own === undefined) return;
    this.#setYields(own, yields);
    for (const name of own.holds) {
      if (holds.includes(name)) continue;
      own.holds.delete(name);
      this.#change(name, own.contender, ({ holders }) => holders.delete(own.contender));
    }
    if (own.holds.size === 0 && own.yields.size === 0) this.#stakes.delete(uid);
  }

  /** Returns why the object is not in effect; undefined if it has precedence in all lines of `stakes`. */
  obstacle(contender: Contender, { yields }: Pick<Stakes, 'yields'>): Obstacle | undefined {
    let unnamed: Obstacle | undefined;
    for (const name of yields) {
      const line = this.#lines.get(name);
      const holder = line?.holders.at(0);
      if (line === undefined || holder === undefined || compare(holder, contender) >= 0) continue;
      if (line.yielding.find(contender).position <= this.#maxNamed) return { holder, line: name };
      unnamed ??= { holder: undefined, line: name };
    }
    return unnamed;
  }

  #setYields(own: { readonly contender: Contender; yields: Set<string> }, names: readonly string[]): void {
    const { contender } = own;
    const before = own.yields;
    own.yields = new Set(names);
    for (const name of before) if (!own.yields.has(name)) this.#changeYielding(name, contender, false);
    for (const name of own.yields) if (!before.has(name)) this.#changeYielding(name, contender, true);
  }

  #changeYielding(name: string, contender: Contender, isAdded: boolean): void {
    const { yielding } = this.#line(name);
    const { position } = yielding.find(contender);
    if (isAdded) yielding.add(contender);
    else yielding.delete(contender);
    this.#drop(name);
    // The object at the limit gets a message with or without a name.
    if (position <= this.#maxNamed + 1)
      for (const at of [this.#maxNamed, this.#maxNamed + 1]) this.#wakeOther(yielding.at(at), contender);
  }

  /** Changes the holders of a line and wakes the objects whose decision or message depends on the change. */
  #change(name: string, cause: Contender, change: (line: Line) => void): void {
    const line = this.#line(name);
    const before = line.holders.at(0);
    change(line);
    const after = line.holders.at(0);
    this.#drop(name);
    if (before?.uid === after?.uid) return;
    const { yielding } = line;
    for (let at = 0; at <= this.#maxNamed + 1; at++) this.#wakeOther(yielding.at(at), cause);
    // The objects between the two oldest holders: they had an older holder before and have none now, or the reverse.
    const [first, last] =
      before === undefined || after === undefined
        ? [before ?? after, undefined]
        : compare(before, after) < 0
          ? [before, after]
          : [after, before];
    if (first === undefined) return;
    for (let at = yielding.find(first).position; ; at++) {
      const each = yielding.at(at);
      if (each === undefined || (last !== undefined && compare(each, last) > 0)) return;
      this.#wakeOther(each, cause);
    }
  }

  #wakeOther(contender: Contender | undefined, cause: Contender): void {
    if (contender !== undefined && contender.uid !== cause.uid) this.#wake(contender.kind, contender.key);
  }

  #line(name: string): Line {
    let line = this.#lines.get(name);
    if (line === undefined) {
      line = { holders: new SortedSet(compare), yielding: new SortedSet(compare) };
      this.#lines.set(name, line);
    }
    return line;
  }

  #drop(name: string): void {
    const line = this.#lines.get(name);
    if (line?.holders.size === 0 && line.yielding.size === 0) this.#lines.delete(name);
  }
}
