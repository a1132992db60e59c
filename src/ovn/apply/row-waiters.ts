import type { Owner } from '../model/marks.ts';
import type { Uuid } from '../ovsdb/index.ts';

/** Owners whose rows could not be written until some row comes or changes: which, and who waits for it. */
export class Waiters {
  readonly #byRow = new Map<Uuid, Map<string, Owner>>();
  readonly #byOwner = new Map<string, Uuid>();

  /** The owner waits for this row, and for no other. */
  add(owner: Owner, row: Uuid): void {
    this.remove(owner.uid);
    let waiting = this.#byRow.get(row);
    if (waiting === undefined) this.#byRow.set(row, (waiting = new Map<string, Owner>()));
    waiting.set(owner.uid, owner);
    this.#byOwner.set(owner.uid, row);
  }

  remove(uid: string): void {
    const row = this.#byOwner.get(uid);
    if (row === undefined) return;
    this.#byOwner.delete(uid);
    const waiting = this.#byRow.get(row);
    waiting?.delete(uid);
    if (waiting?.size === 0) this.#byRow.delete(row);
  }

  /** Those who waited for this row; they wait no more. */
  take(row: Uuid): readonly Owner[] {
    if (this.#byRow.size === 0) return [];
    const owners = [...(this.#byRow.get(row)?.values() ?? [])];
    for (const owner of owners) this.remove(owner.uid);
    return owners;
  }
}
