import type { Owner } from '../model/marks.ts';
import type { Uuid } from '../ovsdb/index.ts';

/** The owners whose rows cannot be written until another row appears or changes, by that row. */
export class RowWaiters {
  readonly #byRow = new Map<Uuid, Map<string, Owner>>();
  readonly #byOwner = new Map<string, Uuid>();

  /** Makes the owner wait for this row, and for no other row. */
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

  /** Removes and returns the owners that wait for this row. */
  take(row: Uuid): readonly Owner[] {
    if (this.#byRow.size === 0) return [];
    const owners = [...(this.#byRow.get(row)?.values() ?? [])];
    for (const owner of owners) this.remove(owner.uid);
    return owners;
  }
}
