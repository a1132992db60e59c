import { claimOf } from '../model/marks.ts';
import type { Owner } from '../model/marks.ts';
import { monitoredTables, sharedColumns } from '../model/tables.ts';
import type { Atom, Replica, Row, RowChange, Uuid } from '../ovsdb/index.ts';

/** A shared column of one row: the place of references to other rows. */
export interface Referrer {
  readonly table: string;
  readonly row: Uuid;
  readonly column: string;
}

/** The name of an owned row. The replica has the values. */
export interface OwnedRef {
  readonly table: string;
  readonly uuid: Uuid;
}

interface Entry {
  readonly owner: Owner;
  readonly rows: OwnedRef[];
}

const noRefs: readonly OwnedRef[] = [];
const noReferrers: readonly Referrer[] = [];
const noRows: readonly Uuid[] = [];

/**
 * Knows the owner of every row of this cluster, and the shared sets that contain each row. The changes of the
 * replica update the index; the cost is O(changes).
 *
 * The index reads the owner from the marks of a row when it first sees the marks. The owner stays the same
 * until the row is deleted: a client that removes or changes the marks causes drift, and does not become the
 * owner.
 */
export class OwnershipIndex {
  readonly #cluster: string;
  readonly #entries = new Map<string, Entry>();
  readonly #owned = new Map<Uuid, { readonly ref: OwnedRef; readonly entry: Entry }>();
  readonly #referrers = new Map<Uuid, Referrer[]>();
  readonly #places = new Map<Uuid, Referrer[]>();
  /** Name of a port group → the ACLs whose match names its addresses. */
  readonly #naming = new Map<string, Set<Uuid>>();

  constructor(cluster: string) {
    this.#cluster = cluster;
  }

  /** Adds all rows of the replica. */
  build(replica: Replica): void {
    for (const table of Object.keys(monitoredTables)) {
      for (const row of replica.rows(table)) {
        this.#claim(table, row);
        this.#addElements(table, row);
        if (table === 'ACL') this.#addNames(row);
      }
    }
  }

  /**
   * Adds new rows, rows with new marks, and new elements of shared sets. A call of `removeOld` with the same
   * changes must follow. Between the two calls the index contains the old and the new state, because drift
   * detection needs both.
   */
  addNew(changes: readonly RowChange[]): void {
    for (const change of changes) {
      if (change.type === 'delete') continue;
      if (change.type === 'insert') {
        this.#claim(change.table, change.row);
        this.#addElements(change.table, change.row);
        if (change.table === 'ACL') this.#addNames(change.row);
        continue;
      }
      if (change.table === 'ACL' && change.changed.has('match')) this.#addNames(change.row);
      if (change.changed.has('external_ids')) this.#claim(change.table, change.row);
      for (const [column, delta] of sharedDeltas(change)) {
        for (const element of delta.added)
          this.#addReferrer(element as Uuid, this.#place(change.table, change.row._uuid, column));
      }
    }
  }

  /** Removes deleted rows and the elements that left shared sets. */
  removeOld(changes: readonly RowChange[]): void {
    for (const change of changes) {
      const uuid = change.row._uuid;
      if (change.type === 'delete') {
        for (const place of this.#places.get(uuid) ?? []) {
          for (const element of elements(change.row, place.column)) this.#removeReferrer(element, place);
        }
        this.#places.delete(uuid);
        if (change.table === 'ACL') this.#removeNames(uuid, change.row['match']);
        this.#disown(uuid);
      } else if (change.type === 'modify') {
        for (const [column, delta] of sharedDeltas(change)) {
          const place = this.#place(change.table, uuid, column);
          for (const element of delta.removed) this.#removeReferrer(element as Uuid, place);
        }
        const match = change.table === 'ACL' ? change.changed.get('match') : undefined;
        if (match !== undefined && 'old' in match) {
          this.#removeNames(uuid, match.old);
          this.#addNames(change.row);
        }
      }
    }
  }

  /** Returns every owner that has rows. */
  *owners(): Generator<Owner> {
    for (const entry of this.#entries.values()) yield entry.owner;
  }

  /** The number of rows of this cluster. */
  get size(): number {
    return this.#owned.size;
  }

  /** Returns the rows of the owner with this UID. */
  rowsOf(uid: string): readonly OwnedRef[] {
    return this.#entries.get(uid)?.rows ?? noRefs;
  }

  /** Returns the owner of a row; undefined if the row does not belong to this cluster. */
  ownerOf(uuid: Uuid): Owner | undefined {
    return this.#owned.get(uuid)?.entry.owner;
  }

  /** Returns the shared sets that contain this row. The sets may be in rows of any client. */
  referrersOf(element: Uuid): readonly Referrer[] {
    return this.#referrers.get(element) ?? noReferrers;
  }

  /** Returns the ACLs whose match names the addresses of the port group with this name. */
  rowsNaming(group: string): Iterable<Uuid> {
    return this.#naming.get(group) ?? noRows;
  }

  #addNames({ _uuid: uuid, match }: Row): void {
    for (const name of groupsNamed(match)) {
      const naming = this.#naming.get(name);
      if (naming === undefined) this.#naming.set(name, new Set([uuid]));
      else naming.add(uuid);
    }
  }

  #removeNames(uuid: Uuid, match: unknown): void {
    for (const name of groupsNamed(match)) {
      const naming = this.#naming.get(name);
      naming?.delete(uuid);
      if (naming?.size === 0) this.#naming.delete(name);
    }
  }

  #claim(table: string, row: Row): void {
    if (this.#owned.has(row._uuid)) return;
    const claim = claimOf(this.#cluster, row['external_ids']);
    if (claim.kind !== 'owner') return;
    let entry = this.#entries.get(claim.owner.uid);
    if (entry === undefined) {
      entry = { owner: claim.owner, rows: [] };
      this.#entries.set(claim.owner.uid, entry);
    }
    const ref = { table, uuid: row._uuid };
    entry.rows.push(ref);
    this.#owned.set(row._uuid, { ref, entry });
  }

  #disown(uuid: Uuid): void {
    const owned = this.#owned.get(uuid);
    if (owned === undefined) return;
    this.#owned.delete(uuid);
    const { rows, owner } = owned.entry;
    rows.splice(rows.indexOf(owned.ref), 1);
    if (rows.length === 0) this.#entries.delete(owner.uid);
  }

  #addElements(table: string, row: Row): void {
    for (const column of sharedColumns(table)) {
      for (const element of elements(row, column))
        this.#addReferrer(element, this.#place(table, row._uuid, column));
    }
  }

  #addReferrer(element: Uuid, place: Referrer): void {
    const referrers = this.#referrers.get(element);
    if (referrers === undefined) this.#referrers.set(element, [place]);
    else if (!referrers.includes(place)) referrers.push(place);
  }

  #removeReferrer(element: Uuid, place: Referrer): void {
    const referrers = this.#referrers.get(element);
    const at = referrers?.indexOf(place) ?? -1;
    if (referrers === undefined || at < 0) return;
    if (referrers.length === 1) this.#referrers.delete(element);
    else referrers.splice(at, 1);
  }

  /**
   * Returns the one object for a place. Its elements share this object, which saves memory with 50,000 ports.
   */
  #place(table: string, row: Uuid, column: string): Referrer {
    let places = this.#places.get(row);
    if (places === undefined) this.#places.set(row, (places = []));
    let place = places.find((known) => known.column === column);
    if (place === undefined) places.push((place = { table, row, column }));
    return place;
  }
}

/** Yields the names of the port groups whose addresses a match names: northd makes `$NAME_ip4` and `$NAME_ip6`. */
function* groupsNamed(match: unknown): Generator<string> {
  if (typeof match !== 'string' || !match.includes('$')) return;
  for (const [, name] of match.matchAll(/\$(\w+)_ip[46]\b/g)) if (name !== undefined) yield name;
}

/** Returns the elements of a shared column of a row. */
export function elements(row: Row, column: string): Iterable<Uuid> {
  const value = row[column];
  return value instanceof Set ? (value as ReadonlySet<Uuid>) : [];
}

/** Returns the elements that a modification added to and removed from the shared columns of its row. */
export function* sharedDeltas(
  change: RowChange & { type: 'modify' },
): Generator<[column: string, delta: { added: readonly Atom[]; removed: readonly Atom[] }]> {
  for (const column of sharedColumns(change.table)) {
    const delta = change.changed.get(column);
    if (delta !== undefined && 'added' in delta) yield [column, delta];
  }
}
