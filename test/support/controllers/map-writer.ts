import {
  ApplyError,
  nothing,
  type ApplyResult,
  type DesiredState,
  type DriftListener,
  type Owner,
  type Row,
  type RowWriter,
} from '../../../src/ovn/index.ts';
import { marksOf } from '../../../src/ovn/model/marks.ts';
import { sharedColumns } from '../../../src/ovn/model/tables.ts';
import { printable } from './printable.ts';
import { referencesOf, rowKey, withoutReferences } from './references.ts';

interface Written {
  readonly owner: Owner;
  readonly desired: DesiredState;
}

/**
 * A writer with rows in a map instead of a database. Like the applier, it refuses references to rows that do not
 * exist, and reports the owner when the row appears. Like the database, it removes references to deleted rows, and the
 * rows that only they held. While `down` is set, every apply with a difference fails.
 */
export class MapWriter implements RowWriter {
  readonly states = new Map<string, Written>();
  readonly applied: string[] = [];
  down = false;
  /**
   * While `down` is set: an apply writes its rows, but its reply is lost, and the rows become visible only when the
   * database is back.
   */
  losesReplies = false;
  readonly #unseen = new Map<string, Written>();
  /** Owners whose last apply failed: the replica may lack some of their rows. */
  readonly #doubtful = new Set<string>();
  /** Kinds whose rows have no row to join: their apply fails with PARENT_MISSING. */
  parentless: ReadonlySet<string> = new Set();
  /** The rows that exist. */
  readonly #rows = new Set<string>();
  /** Row → the UIDs of the owners whose rows refer to the row. */
  readonly #referrers = new Map<string, Set<string>>();
  /** Missing row → the owners that wait for the row. */
  readonly #waiting = new Map<string, Map<string, Owner>>();
  readonly #listeners = new Set<DriftListener>();

  apply(owner: Owner, desired: DesiredState): Promise<ApplyResult> {
    if (!this.down) this.seeAll();
    const before = this.states.get(owner.uid)?.desired ?? nothing;
    const changed = JSON.stringify(printable(before)) !== JSON.stringify(printable(desired));
    if (!changed && !this.#doubtful.has(owner.uid)) return Promise.resolve({ changed, writes: [] });
    const missing = this.#missing(owner, desired);
    if (missing !== undefined) return Promise.reject(missing);
    if (this.down) {
      this.#doubtful.add(owner.uid);
      if (this.losesReplies) this.#unseen.set(owner.uid, { owner, desired });
      return Promise.reject(new ApplyError('OVN_CONNECTION_FAILED', 'the database is not reachable'));
    }
    this.applied.push(`${owner.kind}/${owner.name}`);
    this.#put({ owner, desired });
    return Promise.resolve({ changed, writes: [] });
  }

  /** Returns the rows in the database, including rows that the replica does not show. */
  written(): Iterable<Written> {
    const all = new Map(this.states);
    for (const { owner, desired } of this.#unseen.values())
      if (desired.rows.length === 0) all.delete(owner.uid);
      else all.set(owner.uid, { owner, desired });
    return all.values();
  }

  /** Updates the replica with all written rows. */
  seeAll(): void {
    const unseen = [...this.#unseen.values()];
    this.#unseen.clear();
    for (const each of unseen) this.#put(each);
    this.#doubtful.clear();
  }

  remove(owner: Owner): Promise<ApplyResult> {
    return this.apply(owner, nothing);
  }

  ownedBy(uid: string) {
    return (this.states.get(uid)?.desired.rows ?? []).map(({ table, uuid, columns }) => ({
      table,
      row: { _uuid: uuid, ...columns },
    }));
  }

  present(uid: string): DesiredState {
    return this.states.get(uid)?.desired ?? nothing;
  }

  membershipsOf(uid: string) {
    return this.present(uid).memberships;
  }

  get(table: string, uuid: string) {
    const all = [...this.states.values()];
    const found = all.find(({ desired }) => desired.rows.some((row) => row.uuid === uuid));
    const row = found?.desired.rows.find((each) => each.uuid === uuid && each.table === table);
    if (found === undefined || row === undefined) return undefined;
    const sets = Object.fromEntries(sharedColumns(table).map((column) => [column, new Set<string>()]));
    for (const each of all.flatMap(({ desired }) => desired.memberships))
      if (each.row === uuid) sets[each.column]?.add(each.element);
    const extra = (row.columns['external_ids'] ?? []) as Iterable<[string, string]>;
    const marks = new Map([...marksOf('offline', found.owner), ...extra]);
    return { _uuid: uuid, ...row.columns, ...sets, external_ids: marks } as Row;
  }

  owners(): Iterable<Owner> {
    return [...this.states.values()].map(({ owner }) => owner);
  }

  onDrift(listener: DriftListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Returns the error of a state that refers to a missing row. The owner then waits for the row. */
  #missing(owner: Owner, desired: DesiredState): ApplyError | undefined {
    for (const waiting of this.#waiting.values()) waiting.delete(owner.uid);
    const own = new Set(desired.rows.map(({ table, uuid }) => rowKey(table, uuid)));
    const missing = [...referencesOf(desired)].find((row) => !own.has(row) && !this.#rows.has(row));
    if (missing !== undefined) {
      const waiting = this.#waiting.get(missing) ?? new Map<string, Owner>();
      this.#waiting.set(missing, waiting.set(owner.uid, owner));
      return new ApplyError('PARENT_MISSING', `the row ${missing} does not exist`);
    }
    return this.parentless.has(owner.kind) && desired.rows.length > 0
      ? new ApplyError('PARENT_MISSING', 'the row that it joins does not exist')
      : undefined;
  }

  #put({ owner, desired }: Written): void {
    const before = this.states.get(owner.uid)?.desired ?? nothing;
    for (const row of referencesOf(before)) this.#referrers.get(row)?.delete(owner.uid);
    for (const row of referencesOf(desired))
      this.#referrers.set(row, (this.#referrers.get(row) ?? new Set<string>()).add(owner.uid));
    if (desired.rows.length === 0) this.states.delete(owner.uid);
    else this.states.set(owner.uid, { owner, desired });
    const removed = new Set(before.rows.map(({ table, uuid }) => rowKey(table, uuid)));
    for (const { table, uuid } of desired.rows) {
      const row = rowKey(table, uuid);
      removed.delete(row);
      this.#rows.add(row);
      for (const waiting of this.#waiting.get(row)?.values() ?? []) this.#report(waiting, 'awaited');
      this.#waiting.delete(row);
    }
    for (const row of removed) this.#rows.delete(row);
    const referrers = new Set([...removed].flatMap((row) => [...(this.#referrers.get(row) ?? [])]));
    for (const uid of referrers) {
      const referrer = this.states.get(uid);
      if (referrer === undefined) continue;
      this.#put({ owner: referrer.owner, desired: withoutReferences(referrer.desired, removed) });
      this.#report(referrer.owner, 'changed');
    }
  }

  #report(owner: Owner, cause: 'changed' | 'awaited'): void {
    for (const listener of this.#listeners) listener(owner, cause);
  }
}
