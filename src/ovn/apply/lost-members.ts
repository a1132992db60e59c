import type { OwnershipIndex } from '../diff/ownership.ts';
import type { RowChange, Uuid } from '../ovsdb/index.ts';
import type { Batch } from './batch.ts';

/**
 * Remembers the members of port groups that another client deleted. The transaction that creates such a group again
 * also restores its members. Otherwise thousands of ports would lack the ACLs of the group until their owners are
 * compared one after the other. The deletion also reports these owners, so a port that is no longer a member leaves.
 */
export class LostMembers {
  readonly #members = new Map<Uuid, readonly Uuid[]>();

  of(group: Uuid): readonly Uuid[] {
    return this.#members.get(group) ?? [];
  }

  observe(
    changes: readonly RowChange[],
    index: Pick<OwnershipIndex, 'ownerOf'>,
    inFlight: Batch | undefined,
  ): void {
    for (const { type, table, row } of changes) {
      if (table !== 'Port_Group') continue;
      const uuid = row._uuid;
      if (type === 'insert') this.#members.delete(uuid);
      const isLost = type === 'delete' && index.ownerOf(uuid) !== undefined && !inFlight?.deletes.has(uuid);
      if (isLost) this.#members.set(uuid, [...(row['ports'] as ReadonlySet<Uuid>)]);
    }
  }
}
