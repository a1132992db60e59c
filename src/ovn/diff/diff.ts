import type { Changes, Guard, RowInsert, RowUpdate, SetChange } from './changes.ts';
import type { DesiredRow, DesiredState, Membership } from '../model/desired.ts';
import { Refusals } from './errors.ts';
import { describeOwner } from '../errors.ts';
import { MARK_PREFIX, claimOf, marksOf } from '../model/marks.ts';
import type { Owner } from '../model/marks.ts';
import type { OwnedRef, Referrer } from './ownership.ts';
import { tableSpec } from '../model/tables.ts';
import type { ColumnSpec, TableSpec } from '../model/tables.ts';
import { ValueError, fitValue, holds } from '../model/values.ts';
import type { Row, Uuid, Value } from '../ovsdb/index.ts';

/** What the diff reads: the replica, the ownership index, and what the transaction being put together will add. */
export interface View {
  readonly cluster: string;
  get(table: string, uuid: Uuid): Row | undefined;
  hasColumn(table: string, column: string): boolean;
  ownerOf(uuid: Uuid): Owner | undefined;
  rowsOf(uid: string): readonly OwnedRef[];
  referrersOf(element: Uuid): readonly Referrer[];
  /** Whether an earlier owner's changes in the same transaction insert this row. */
  inserting(uuid: Uuid): boolean;
}

/**
 * What must be written so that the owner's rows and memberships are exactly the desired ones. Pure; costs O(the
 * owner's rows and memberships), whatever the size of the sets they are in.
 *
 * Never touches: rows of others, keys of others in `external_ids`, elements of others in shared sets, columns that
 * northd writes, columns that the connected schema lacks, sets in rows that are not this cluster's.
 *
 * @throws ApplyError PARENT_MISSING, FOREIGN_PARENT, ROW_NOT_OURS, STILL_REFERENCED or INVALID_ROW.
 */
export function diff(owner: Owner, desired: DesiredState, view: View): Changes {
  return new Diff(owner, view).run(desired);
}

class Diff {
  readonly #owner: Owner;
  readonly #ownMarks: ReadonlyMap<string, string>;
  readonly #view: View;
  readonly #refusal: Refusals;
  readonly #wanted = new Map<Uuid, Membership[]>();
  readonly #rows = new Map<Uuid, DesiredRow>();
  readonly #inserts: RowInsert[] = [];
  readonly #updates: RowUpdate[] = [];
  readonly #deletes: Guard[] = [];
  readonly #joins: SetChange[] = [];
  readonly #leaves: SetChange[] = [];
  readonly #guards: Guard[] = [];

  constructor(owner: Owner, view: View) {
    this.#owner = owner;
    this.#view = view;
    this.#ownMarks = marksOf(view.cluster, owner);
    this.#refusal = new Refusals(owner);
  }

  run(desired: DesiredState): Changes {
    for (const row of desired.rows) {
      if (this.#rows.has(row.uuid))
        throw this.#refusal.invalid(row, `the plan has two rows with the UUID ${row.uuid}`);
      this.#rows.set(row.uuid, row);
      this.#wanted.set(row.uuid, []);
    }
    for (const membership of desired.memberships) this.#want(membership);
    for (const row of desired.rows) this.#compareRow(row);
    for (const membership of desired.memberships) this.#compareMembership(membership);
    for (const ref of this.#view.rowsOf(this.#owner.uid)) this.#compareOwned(ref);
    return {
      inserts: this.#inserts,
      updates: this.#updates,
      deletes: this.#deletes,
      joins: this.#joins,
      leaves: this.#leaves,
      guards: this.#guards,
    };
  }

  #want(membership: Membership): void {
    const { table, column, element } = membership;
    const spec = tableSpec(table)?.columns[column];
    const row = this.#rows.get(element);
    if (spec?.shared === undefined || row === undefined || row.table !== spec.refTable) {
      const why = spec?.shared
        ? `it takes rows of ${String(spec.refTable)} that the plan has`
        : 'it is no shared set';
      throw this.#refusal.membership(membership, why);
    }
    this.#wanted.get(element)?.push(membership);
  }

  #compareRow(desired: DesiredRow): void {
    const spec = this.#specOf(desired);
    if (!spec.root && !(this.#wanted.get(desired.uuid) ?? []).some(isStrong)) {
      throw this.#refusal.invalid(desired, 'nothing would hold it, so the database would drop it at once');
    }
    const actual = this.#view.get(desired.table, desired.uuid);
    if (actual === undefined) this.#insert(desired, spec);
    else this.#update(desired, spec, actual);
  }

  #specOf(desired: DesiredRow): TableSpec {
    const spec = tableSpec(desired.table);
    if (spec === undefined || !this.#view.hasColumn(desired.table, 'external_ids')) {
      throw this.#refusal.invalid(
        desired,
        `the connected database has no table ${desired.table} that can be managed`,
      );
    }
    for (const column in desired.columns) {
      const known = spec.columns[column];
      if (known === undefined || known.shared || known.volatile) {
        throw this.#refusal.invalid(desired, `a plan cannot set the column ${column}`);
      }
    }
    return spec;
  }

  #insert(desired: DesiredRow, spec: TableSpec): void {
    if (this.#view.inserting(desired.uuid)) throw this.#refusal.notOurs(desired, 'another object');
    const marks = this.#marks(desired);
    const columns: Record<string, Value> = {};
    for (const [column, value] of Object.entries(desired.columns)) {
      const columnSpec = spec.columns[column];
      if (columnSpec === undefined || column === 'external_ids') continue;
      if (!this.#view.hasColumn(desired.table, column)) continue;
      columns[column] = this.#fit(desired, column, columnSpec, value);
      this.#guardReference(desired, columnSpec, value);
    }
    this.#inserts.push({ table: desired.table, uuid: desired.uuid, columns, marks });
  }

  #update(desired: DesiredRow, spec: TableSpec, actual: Row): void {
    this.#checkOwnership(desired, actual);
    let columns: Record<string, Value> | undefined;
    for (const [column, columnSpec] of managedColumns(desired.table, spec)) {
      const have = actual[column];
      const want = desired.columns[column];
      if (have === undefined || holds(columnSpec, want, have)) continue;
      (columns ??= {})[column] = this.#fit(desired, column, columnSpec, want);
      this.#guardReference(desired, columnSpec, want);
    }
    const staleMarks = this.#staleMarks(desired, actual);
    if (columns === undefined && staleMarks === undefined) return;
    this.#updates.push({
      table: desired.table,
      uuid: desired.uuid,
      columns: columns ?? {},
      marks: staleMarks === undefined ? undefined : this.#marks(desired),
      staleMarks: staleMarks ?? [],
    });
  }

  /**
   * A computed UUID without any claim on it is taken for ours: nobody makes such a UUID but the operator, so the
   * marks were stripped by hand while it was away. Another claim is respected.
   */
  #checkOwnership(desired: DesiredRow, actual: Row): void {
    const known = this.#view.ownerOf(desired.uuid);
    if (known !== undefined) {
      if (known.uid !== this.#owner.uid) throw this.#refusal.notOurs(desired, describeOwner(known));
      return;
    }
    const claim = claimOf(this.#view.cluster, actual['external_ids']);
    if (claim.kind === 'other-cluster')
      throw this.#refusal.notOurs(desired, `the cluster ${JSON.stringify(claim.cluster)}`);
  }

  #marks(desired: DesiredRow): ReadonlyMap<string, string> {
    const marks = new Map(this.#ownMarks);
    for (const [key, value] of this.#extraMarks(desired)) {
      if (!key.startsWith(MARK_PREFIX) || marks.has(key)) {
        throw this.#refusal.invalid(
          desired,
          `a plan cannot set external_ids:${key}; its keys begin with ${MARK_PREFIX}`,
        );
      }
      marks.set(key, value);
    }
    this.#fit(desired, 'external_ids', stringMap, marks);
    return marks;
  }

  #extraMarks(desired: DesiredRow): ReadonlyMap<string, string> {
    const extra = desired.columns['external_ids'];
    return extra instanceof Map ? (extra as ReadonlyMap<string, string>) : none;
  }

  /** The keys of ours in `external_ids` that should not be there; undefined when all marks are as they should be. */
  #staleMarks(desired: DesiredRow, actual: Row): readonly string[] | undefined {
    const value = actual['external_ids'];
    const have = value instanceof Map ? (value as ReadonlyMap<string, string>) : none;
    const extra = this.#extraMarks(desired);
    let same = true;
    for (const [key, mark] of [...this.#ownMarks, ...extra]) same &&= have.get(key) === mark;
    const ours = [...have.keys()].filter((key) => key.startsWith(MARK_PREFIX));
    if (same && ours.length === this.#ownMarks.size + extra.size) return undefined;
    return ours.filter((key) => !extra.has(key) && !this.#ownMarks.has(key));
  }

  /** A reference to a row that is not there would be refused (strong) or silently dropped (weak). */
  #guardReference(desired: DesiredRow, spec: ColumnSpec, value: Value | undefined): void {
    if (spec.refTable === undefined || value === undefined) return;
    const targets = value instanceof Set ? (value as ReadonlySet<Uuid>) : [value as Uuid];
    for (const uuid of targets) {
      if (this.#rows.has(uuid) || this.#view.inserting(uuid)) continue;
      const target = { table: spec.refTable, uuid };
      if (this.#view.get(target.table, uuid) === undefined)
        throw this.#refusal.missing(target, `${desired.table} refers to it`);
      this.#guards.push(target);
    }
  }

  #compareMembership({ table, row, column, element }: Membership): void {
    if (this.#view.referrersOf(element).some((place) => place.row === row && place.column === column)) return;
    const parent = { table, uuid: row };
    if (this.#view.get(table, row) !== undefined) {
      if (this.#view.ownerOf(row) === undefined && !this.#rows.has(row))
        throw this.#refusal.foreignParent(parent);
      this.#guards.push(parent);
    } else if (!this.#rows.has(row) && !this.#view.inserting(row)) {
      throw this.#refusal.missing(parent, `its ${column} should hold ${element}`);
    }
    this.#joins.push({ table, row, column, element });
  }

  /** Takes a row that is ours but not wanted out; and a wanted one out of the sets where it should not be. */
  #compareOwned(ref: OwnedRef): void {
    const desired = this.#rows.get(ref.uuid);
    const kept = desired?.table === ref.table;
    if (!kept) this.#deletes.push(ref);
    const wanted = this.#wanted.get(ref.uuid);
    for (const place of this.#view.referrersOf(ref.uuid)) {
      if (kept && wanted?.some(({ row, column }) => row === place.row && column === place.column)) continue;
      // A weak reference goes with its target, and a set with its row.
      if (!kept && !isStrong(place)) continue;
      const holder = this.#view.ownerOf(place.row);
      if (holder?.uid === this.#owner.uid && !this.#rows.has(place.row)) continue;
      if (holder !== undefined) this.#leaves.push({ ...place, element: ref.uuid });
      else if (!kept) throw this.#refusal.stillReferenced(ref, place);
    }
  }

  #fit(desired: DesiredRow, column: string, spec: ColumnSpec, value: Value | undefined): Value {
    try {
      return fitValue(spec, value);
    } catch (error) {
      if (!(error instanceof ValueError)) throw error;
      throw this.#refusal.invalid(desired, `${column} ${error.message}`, error);
    }
  }
}

const none: ReadonlyMap<string, string> = new Map();
const stringMap: ColumnSpec = { kind: 'map', of: 'string' };

function isStrong({ table, column }: { table: string; column: string }): boolean {
  return tableSpec(table)?.columns[column]?.ref === 'strong';
}

const managedCache = new Map<string, readonly (readonly [string, ColumnSpec])[]>();

/** The columns that a plan decides about, besides the marks. */
function managedColumns(table: string, spec: TableSpec): readonly (readonly [string, ColumnSpec])[] {
  let columns = managedCache.get(table);
  if (columns === undefined) {
    columns = Object.entries(spec.columns).filter(
      ([name, column]) => !column.shared && !column.volatile && name !== 'external_ids',
    );
    managedCache.set(table, columns);
  }
  return columns;
}
