import type { View } from '../diff/diff.ts';
import { isRetained, usersOf } from '../diff/retention.ts';
import type { Retention } from '../diff/retention.ts';
import type { Owner } from '../model/marks.ts';

/** An owner without an object whose port groups stay. */
interface Retained {
  readonly owner: Owner;
  readonly retention: Retention;
}

/** The owners that were removed except for port groups that rows of other owners need. There are few of them. */
export class RetainedRows {
  readonly #view: Pick<View, 'get' | 'ownerOf' | 'rowsOf' | 'referrersOf' | 'rowsNaming'>;
  readonly #owners = new Map<string, Retained>();

  constructor(view: Pick<View, 'get' | 'ownerOf' | 'rowsOf' | 'referrersOf' | 'rowsNaming'>) {
    this.#view = view;
  }

  /**
   * Records the owner if it still has rows.
   *
   * @returns the owners of the rows that need them
   */
  record(owner: Owner, retention: Retention): readonly Owner[] {
    const rows = this.#view.rowsOf(owner.uid);
    if (rows.length === 0) return [];
    this.#owners.set(owner.uid, { owner, retention });
    const users = new Map<string, Owner>();
    for (const { uuid } of rows) {
      for (const user of usersOf(owner.uid, uuid, retention, this.#view)) {
        const holder = this.#view.ownerOf(user);
        if (holder !== undefined) users.set(holder.uid, holder);
      }
    }
    return [...users.values()];
  }

  forget(uid: string): void {
    this.#owners.delete(uid);
  }

  /** Removes and returns the owners that have a row which nothing needs any more. */
  unused(): readonly Retained[] {
    const unused = [...this.#owners.values()].filter(({ owner, retention }) =>
      this.#view.rowsOf(owner.uid).some((ref) => !isRetained(owner.uid, ref, retention, this.#view)),
    );
    for (const { owner } of unused) this.#owners.delete(owner.uid);
    return unused;
  }
}
