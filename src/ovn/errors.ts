import type { Owner } from './model/marks.ts';

/** Why an apply did not happen. */
export type ApplyErrorCode =
  /** A row that the owner's rows must join or refer to does not exist (yet). */
  | 'PARENT_MISSING'
  /** The row to join carries no mark of this cluster; only rows of ours are changed. */
  | 'FOREIGN_PARENT'
  /** The computed UUID stands for a row that another owner or cluster claims. */
  | 'ROW_NOT_OURS'
  /** Somebody else's row refers to one that should go, so the database would refuse. */
  | 'STILL_REFERENCED'
  /** Another row holds a name that must be unique. */
  | 'NAME_CONFLICT'
  /** The database (or the schema known here) refuses a value: a defect of the plan. */
  | 'INVALID_ROW'
  /** The Northbound database could not be reached, or not be written to, in time. */
  | 'OVN_CONNECTION_FAILED'
  /** Another operator has taken over, or this one has not: nothing may be written. */
  | 'FENCED'
  /** The applier was stopped. */
  | 'STOPPED'
  /** The database failed the transaction for a reason not known here. */
  | 'TRANSACTION_FAILED';

/**
 * What to do about an error: try again later and later; wait, because the applier reports the owner as drifted when
 * the cause may have gone; or never, because only another desired state (or another leader) can succeed.
 */
export type Retry = 'backoff' | 'wait' | 'never';

const retries: Readonly<Record<ApplyErrorCode, Retry>> = {
  PARENT_MISSING: 'wait',
  FOREIGN_PARENT: 'wait',
  ROW_NOT_OURS: 'backoff',
  STILL_REFERENCED: 'backoff',
  NAME_CONFLICT: 'backoff',
  INVALID_ROW: 'never',
  OVN_CONNECTION_FAILED: 'backoff',
  FENCED: 'never',
  STOPPED: 'never',
  TRANSACTION_FAILED: 'backoff',
};

/** A row named by an error. */
export interface RowName {
  readonly table: string;
  readonly uuid: string;
}

/** An owner's desired state was not written. The message says for people what to mend; `code` is for programs. */
export class ApplyError extends Error {
  override readonly name = 'ApplyError';
  readonly code: ApplyErrorCode;
  readonly retry: Retry;
  /** The row that is missing, foreign or refused, where one is known. */
  readonly row: RowName | undefined;

  constructor(code: ApplyErrorCode, message: string, details: { cause?: unknown; row?: RowName } = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.retry = retries[code];
    this.row = details.row;
  }
}

/** `Kind/namespace/name`, or `Kind/name` without a namespace: how messages name an owner. */
export function describeOwner(owner: Owner): string {
  return owner.namespace === ''
    ? `${owner.kind}/${owner.name}`
    : `${owner.kind}/${owner.namespace}/${owner.name}`;
}
