import { ApplyError, describeOwner } from '../errors.ts';
import type { DesiredRow, Membership } from '../model/desired.ts';
import type { Owner } from '../model/marks.ts';
import type { Guard } from './changes.ts';
import type { OwnedRef, Referrer } from './ownership.ts';

/** Makes the errors for an owner whose desired state cannot be written. */
export class DiffErrors {
  readonly #owner: string;

  constructor(owner: Owner) {
    this.#owner = describeOwner(owner);
  }

  invalid({ table, uuid }: DesiredRow, what: string, cause?: unknown): ApplyError {
    const message = `${this.#owner}: ${table} ${uuid}: ${what}`;
    return new ApplyError('INVALID_ROW', message, { cause, row: { table, uuid } });
  }

  membership({ table, row, column, element }: Membership, why: string): ApplyError {
    const message = `${this.#owner}: ${element} cannot be an element of ${table}.${column}: ${why}`;
    return new ApplyError('INVALID_ROW', message, { row: { table, uuid: row } });
  }

  missing(row: Guard, why: string): ApplyError {
    const message = `${this.#owner}: ${row.table} ${row.uuid} does not exist yet, but ${why}`;
    return new ApplyError('PARENT_MISSING', message, { row });
  }

  foreignParent(row: Guard): ApplyError {
    const message =
      `${this.#owner}: ${row.table} ${row.uuid} has no mark of this cluster in external_ids, ` +
      'so the operator adds no elements to it';
    return new ApplyError('FOREIGN_PARENT', message, { row });
  }

  stillReferenced(ref: OwnedRef, place: Referrer): ApplyError {
    const message =
      `${this.#owner}: ${ref.table} ${ref.uuid} cannot be deleted, because ${place.table} ${place.row}, ` +
      `which does not belong to this cluster, references it in ${place.column}; remove the reference`;
    return new ApplyError('STILL_REFERENCED', message, { row: { table: place.table, uuid: place.row } });
  }

  notOurs({ table, uuid }: DesiredRow, holder: string): ApplyError {
    const message = `${this.#owner}: ${table} ${uuid} belongs to ${holder}, so the operator does not change it`;
    return new ApplyError('ROW_NOT_OURS', message, { row: { table, uuid } });
  }
}
