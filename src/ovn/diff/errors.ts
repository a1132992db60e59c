import type { Guard } from './changes.ts';
import type { DesiredRow, Membership } from '../model/desired.ts';
import { ApplyError, describeOwner } from '../errors.ts';
import type { Owner } from '../model/marks.ts';
import type { OwnedRef, Referrer } from './ownership.ts';

/** What an owner is told when its plan cannot be carried out. */
export class Refusals {
  readonly #owner: string;

  constructor(owner: Owner) {
    this.#owner = describeOwner(owner);
  }

  invalid({ table, uuid }: DesiredRow, what: string, cause?: unknown): ApplyError {
    const message = `${this.#owner}: ${table} ${uuid}: ${what}`;
    return new ApplyError('INVALID_ROW', message, { cause, row: { table, uuid } });
  }

  membership({ table, row, column, element }: Membership, why: string): ApplyError {
    const message = `${this.#owner}: ${table}.${column} takes no membership of ${element}: ${why}`;
    return new ApplyError('INVALID_ROW', message, { row: { table, uuid: row } });
  }

  missing(row: Guard, why: string): ApplyError {
    const message = `${this.#owner}: ${row.table} ${row.uuid} does not exist yet, and ${why}`;
    return new ApplyError('PARENT_MISSING', message, { row });
  }

  foreignParent(row: Guard): ApplyError {
    const message = `${this.#owner}: ${row.table} ${row.uuid} carries no mark of this cluster; nothing is added to it`;
    return new ApplyError('FOREIGN_PARENT', message, { row });
  }

  stillReferenced(ref: OwnedRef, place: Referrer): ApplyError {
    const message =
      `${this.#owner}: ${ref.table} ${ref.uuid} cannot be deleted while ${place.table} ${place.row}, ` +
      `which is not this cluster's, has it in ${place.column}; take it out there`;
    return new ApplyError('STILL_REFERENCED', message, { row: { table: place.table, uuid: place.row } });
  }

  notOurs({ table, uuid }: DesiredRow, holder: string): ApplyError {
    const message = `${this.#owner}: ${table} ${uuid} belongs to ${holder}; it is left as it is`;
    return new ApplyError('ROW_NOT_OURS', message, { row: { table, uuid } });
  }
}
