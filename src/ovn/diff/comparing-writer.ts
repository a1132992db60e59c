import { ApplyError } from '../errors.ts';
import { nothing } from '../model/desired.ts';
import type { DesiredState, Membership } from '../model/desired.ts';
import type { Owner } from '../model/marks.ts';
import type { Replica, Row } from '../ovsdb/index.ts';
import type { ApplyResult, OwnedRow, RowWriter } from '../writer.ts';
import { describeChanges, isEmpty } from './changes.ts';
import { diff } from './diff.ts';
import type { View } from './diff.ts';
import type { OwnershipIndex } from './ownership.ts';
import { presentMemberships, presentState } from './present.ts';
import type { Retention } from './retention.ts';

/** An owner whose rows differ from its desired state. */
interface Difference {
  readonly owner: Owner;
  /** The necessary writes, as in {@link ApplyResult}, or the error that prevents them. */
  readonly writes: readonly string[];
}

/** Compares like the applier, but writes nothing: it only records the necessary writes. */
export class ComparingWriter implements RowWriter {
  readonly #replica: Pick<Replica, 'get'>;
  readonly #index: OwnershipIndex;
  readonly #view: View;
  readonly #differences = new Map<string, Difference>();

  /** @param index the index of all rows in the replica */
  constructor(cluster: string, replica: Pick<Replica, 'get' | 'hasColumn'>, index: OwnershipIndex) {
    this.#replica = replica;
    this.#index = index;
    this.#view = {
      cluster,
      get: (table, uuid) => replica.get(table, uuid),
      hasColumn: (table, column) => replica.hasColumn(table, column),
      ownerOf: (uuid) => index.ownerOf(uuid),
      rowsOf: (uid) => index.rowsOf(uid),
      referrersOf: (element) => index.referrersOf(element),
      rowsNaming: (group) => index.rowsNaming(group),
      lostMembers: () => [],
      inserting: () => false,
    };
  }

  /** The owners whose last `apply` found a difference. */
  get differences(): readonly Difference[] {
    return [...this.#differences.values()];
  }

  apply(owner: Owner, desired: DesiredState): Promise<ApplyResult> {
    this.#differences.delete(owner.uid);
    try {
      const changes = diff(owner, desired, this.#view);
      const changed = !isEmpty(changes);
      const writes = describeChanges(changes);
      if (changed) this.#differences.set(owner.uid, { owner, writes });
      return Promise.resolve({ changed, writes });
    } catch (error) {
      if (!(error instanceof ApplyError)) throw error;
      this.#differences.set(owner.uid, { owner, writes: [`${error.code}: ${error.message}`] });
      return Promise.reject(error);
    }
  }

  remove(owner: Owner, retention?: Retention): Promise<ApplyResult> {
    return this.apply(owner, retention === undefined ? nothing : { ...nothing, retention });
  }

  ownedBy(uid: string): readonly OwnedRow[] {
    return this.#index.rowsOf(uid).flatMap(({ table, uuid }) => {
      const row = this.#replica.get(table, uuid);
      return row === undefined ? [] : [{ table, row }];
    });
  }

  present(uid: string): DesiredState {
    return presentState(uid, this.#view);
  }

  membershipsOf(uid: string): readonly Membership[] {
    return presentMemberships(uid, this.#view);
  }

  get(table: string, uuid: string): Row | undefined {
    return this.#replica.get(table, uuid);
  }

  owners(): Iterable<Owner> {
    return this.#index.owners();
  }

  onDrift = () => () => undefined;
}
