import { describeOwner } from '../errors.ts';
import type { DesiredRow, DesiredState, Membership } from '../model/desired.ts';
import { MARK_PREFIX, claimOf, marksOf } from '../model/marks.ts';
import type { Owner } from '../model/marks.ts';
import { tableSpec } from '../model/tables.ts';
import type { ColumnSpec, TableSpec } from '../model/tables.ts';
import { ValueError, fitValue, holds } from '../model/values.ts';
import type { Row, Uuid, Value } from '../ovsdb/index.ts';
import type { Changes, Guard, RowInsert, RowUpdate, SetChange } from './changes.ts';
import { DiffErrors } from './errors.ts';
import { managedColumns } from './managed-columns.ts';
import type { OwnedRef, Referrer } from './ownership.ts';
import { isRetained } from './retention.ts';
import type { Retention } from './retention.ts';
import { heldBy, isStrong } from './strong-references.ts';

/**
 * The input of the diff: the replica, the ownership index and the inserts of the transaction under
 * construction.
 */
export interface View {
  readonly cluster: string;
  get(table: string, uuid: Uuid): Row | undefined;
  hasColumn(table: string, column: string): boolean;
  ownerOf(uuid: Uuid): Owner | undefined;
  rowsOf(uid: string): readonly OwnedRef[];
  referrersOf(element: Uuid): readonly Referrer[];
  rowsNaming(group: string): Iterable<Uuid>;
  /** Returns the members that a port group had when another client deleted it. */
  lostMembers(group: Uuid): readonly Uuid[];
  /** Returns whether the changes of another owner in the same transaction insert this row. */
  inserting(uuid: Uuid): boolean;
}

/**
 * Returns the changes that make the owner's rows and memberships equal to the desired state. Pure function.
 * The cost is O(rows and memberships of the owner); it does not depend on the size of the shared sets.
 *
 * The changes never affect: rows of other owners or clients, keys of other clients in `external_ids`,
 * elements of other owners in shared sets, columns that are not managed, columns that the connected schema
 * lacks, and shared sets in rows that do not belong to this cluster.
 *
 * @throws ApplyError PARENT_MISSING, FOREIGN_PARENT, ROW_NOT_OURS, STILL_REFERENCED or INVALID_ROW
 */
export function diff(owner: Owner, desired: DesiredState, view: View): Changes {
  return new Diff(owner, view).run(desired);
}

class Diff {
  readonly #owner: Owner;
  readonly #ownMarks: ReadonlyMap<string, string>;
  readonly #view: View;
  readonly #errors: DiffErrors;
  #retention: Retention | undefined;
  /** The desired memberships of each desired row, by the UUID of the row. */
  readonly #memberships = new Map<Uuid, Membership[]>();
  readonly #rows = new Map<Uuid, DesiredRow>();
  /** The rows that other desired rows hold; undefined until a row needs the answer. */
  #held: ReadonlySet<string> | undefined;
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
    this.#errors = new DiffErrors(owner);
  }

  run(desired: DesiredState): Changes {
    this.#retention = desired.retention;
    for (const row of desired.rows) {
      if (this.#rows.has(row.uuid))
        throw this.#errors.invalid(row, 'the desired state contains two rows with this UUID');
      this.#rows.set(row.uuid, row);
      this.#memberships.set(row.uuid, []);
    }
    for (const membership of desired.memberships) this.#addMembership(membership);
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

  #addMembership(membership: Membership): void {
    const { table, column, element } = membership;
    const spec = tableSpec(table)?.columns[column];
    const row = this.#rows.get(element);
    if (spec?.shared === undefined || row === undefined || row.table !== spec.refTable) {
      const why = spec?.shared
        ? `its elements must be rows of ${String(spec.refTable)} in the same desired state`
        : 'the column is not a shared set';
      throw this.#errors.membership(membership, why);
    }
    this.#memberships.get(element)?.push(membership);
  }

  #compareRow(desired: DesiredRow): void {
    const spec = this.#specOf(desired);
    if (!spec.root && !(this.#memberships.get(desired.uuid) ?? []).some(isStrong) && !this.#isHeld(desired)) {
      throw this.#errors.invalid(
        desired,
        'no row references this row, so the database would delete it immediately',
      );
    }
    const actual = this.#view.get(desired.table, desired.uuid);
    if (actual === undefined) this.#insert(desired, spec);
    else this.#update(desired, spec, actual);
  }

  /** Returns whether a strong reference in another desired row holds the row. Most owners have no such row. */
  #isHeld({ table, uuid }: DesiredRow): boolean {
    this.#held ??= heldBy(this.#rows.values());
    return this.#held.has(`${table}/${uuid}`);
  }

  #specOf(desired: DesiredRow): TableSpec {
    const spec = tableSpec(desired.table);
    if (spec === undefined || !this.#view.hasColumn(desired.table, 'external_ids')) {
      throw this.#errors.invalid(
        desired,
        `the connected database has no table ${desired.table}, or the operator does not manage it`,
      );
    }
    for (const column in desired.columns) {
      const known = spec.columns[column];
      if (known === undefined || known.shared) {
        throw this.#errors.invalid(desired, `a plan cannot set the column ${column}`);
      }
    }
    return spec;
  }

  #insert(desired: DesiredRow, spec: TableSpec): void {
    if (this.#view.inserting(desired.uuid)) throw this.#errors.notOurs(desired, 'another object');
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
    if (desired.table === 'Port_Group') this.#restoreMembers(desired.uuid);
  }

  #restoreMembers(group: Uuid): void {
    for (const element of this.#view.lostMembers(group)) {
      const isPresent = this.#view.get('Logical_Switch_Port', element) !== undefined;
      if (isPresent && this.#view.ownerOf(element) !== undefined)
        this.#joins.push({ table: 'Port_Group', row: group, column: 'ports', element });
    }
  }

  #update(desired: DesiredRow, spec: TableSpec, actual: Row): void {
    this.#checkOwnership(desired, actual);
    let columns: Record<string, Value> | undefined;
    for (const [column, columnSpec] of managedColumns(desired.table, spec)) {
      const actualValue = actual[column];
      const desiredValue = desired.columns[column];
      if (columnSpec.yields && desiredValue === undefined) continue;
      if (actualValue === undefined || holds(columnSpec, desiredValue, actualValue)) continue;
      (columns ??= {})[column] = this.#fit(desired, column, columnSpec, desiredValue);
      this.#guardReference(desired, columnSpec, desiredValue);
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
   * A row with a computed UUID and without marks counts as a row of this cluster: only the operator computes
   * these UUIDs, so another client removed the marks while the operator did not run. The operator respects
   * the marks of another owner.
   */
  #checkOwnership(desired: DesiredRow, actual: Row): void {
    const known = this.#view.ownerOf(desired.uuid);
    if (known !== undefined) {
      if (known.uid !== this.#owner.uid) throw this.#errors.notOurs(desired, describeOwner(known));
      return;
    }
    const claim = claimOf(this.#view.cluster, actual['external_ids']);
    if (claim.kind === 'other-cluster')
      throw this.#errors.notOurs(desired, `the cluster ${JSON.stringify(claim.cluster)}`);
  }

  #marks(desired: DesiredRow): ReadonlyMap<string, string> {
    const marks = new Map(this.#ownMarks);
    for (const [key, value] of this.#extraMarks(desired)) {
      if (!key.startsWith(MARK_PREFIX) || marks.has(key)) {
        throw this.#errors.invalid(
          desired,
          `a plan cannot set external_ids:${key}; the key must begin with ${MARK_PREFIX}`,
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

  /** Returns the marks to delete; undefined if all marks in `external_ids` are correct. */
  #staleMarks(desired: DesiredRow, actual: Row): readonly string[] | undefined {
    const value = actual['external_ids'];
    const ids = value instanceof Map ? (value as ReadonlyMap<string, string>) : none;
    const extra = this.#extraMarks(desired);
    let same = true;
    for (const [key, mark] of [...this.#ownMarks, ...extra]) same &&= ids.get(key) === mark;
    const marks = [...ids.keys()].filter((key) => key.startsWith(MARK_PREFIX));
    if (same && marks.length === this.#ownMarks.size + extra.size) return undefined;
    return marks.filter((key) => !extra.has(key) && !this.#ownMarks.has(key));
  }

  /** The database rejects a strong reference to a missing row, and silently drops a weak one. */
  #guardReference(desired: DesiredRow, spec: ColumnSpec, value: Value | undefined): void {
    if (spec.refTable === undefined || value === undefined) return;
    const targets = value instanceof Set ? (value as ReadonlySet<Uuid>) : [value as Uuid];
    for (const uuid of targets) {
      if (this.#rows.has(uuid) || this.#view.inserting(uuid)) continue;
      const target = { table: spec.refTable, uuid };
      if (this.#view.get(target.table, uuid) === undefined)
        throw this.#errors.missing(target, `${desired.table} ${desired.uuid} references it`);
      this.#guards.push(target);
    }
  }

  #compareMembership({ table, row, column, element }: Membership): void {
    if (this.#view.referrersOf(element).some((place) => place.row === row && place.column === column)) return;
    const parent = { table, uuid: row };
    if (this.#view.get(table, row) !== undefined) {
      if (this.#view.ownerOf(row) === undefined && !this.#rows.has(row))
        throw this.#errors.foreignParent(parent);
      this.#guards.push(parent);
    } else if (!this.#rows.has(row) && !this.#view.inserting(row)) {
      throw this.#errors.missing(parent, `${element} must be an element of its ${column}`);
    }
    this.#joins.push({ table, row, column, element });
  }

  /**
   * Deletes an owned row that is neither desired nor retained. Removes a desired row from the sets that should not
   * contain it.
   */
  #compareOwned(ref: OwnedRef): void {
    const desired = this.#rows.get(ref.uuid);
    const kept = desired?.table === ref.table;
    if (!kept && this.#isRetained(ref)) return;
    if (!kept) this.#deletes.push(ref);
    const memberships = this.#memberships.get(ref.uuid);
    for (const place of this.#view.referrersOf(ref.uuid)) {
      if (kept && memberships?.some(({ row, column }) => row === place.row && column === place.column))
        continue;
      // OVSDB deletes a weak reference together with its target, and a set together with its row.
      if (!kept && !isStrong(place)) continue;
      const holder = this.#view.ownerOf(place.row);
      const holderStays =
        this.#rows.has(place.row) || this.#isRetained({ table: place.table, uuid: place.row });
      if (holder?.uid === this.#owner.uid && !holderStays) continue;
      if (holder !== undefined) this.#leaves.push({ ...place, element: ref.uuid });
      else if (!kept) throw this.#errors.stillReferenced(ref, place);
    }
  }

  #isRetained(ref: OwnedRef): boolean {
    const retention = this.#retention;
    return retention !== undefined && isRetained(this.#owner.uid, ref, retention, this.#view);
  }

  #fit(desired: DesiredRow, column: string, spec: ColumnSpec, value: Value | undefined): Value {
    try {
      return fitValue(spec, value);
    } catch (error) {
      if (!(error instanceof ValueError)) throw error;
      throw this.#errors.invalid(desired, `${column} ${error.message}`, error);
    }
  }
}

const none: ReadonlyMap<string, string> = new Map();
const stringMap: ColumnSpec = { kind: 'map', of: 'string' };
