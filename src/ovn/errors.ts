import type { Owner } from './model/marks.ts';

/** The reason why an apply failed. */
type ApplyErrorCode =
  /** A row that the owner's rows must join or reference does not exist (yet). */
  | 'PARENT_MISSING'
  /** The row to join has no mark of this cluster. The applier changes only rows of this cluster. */
  | 'FOREIGN_PARENT'
  /** The row with the computed UUID has the marks of another owner or cluster. */
  | 'ROW_NOT_OURS'
  /** A row of another client references a row to delete, so the database would reject the deletion. */
  | 'STILL_REFERENCED'
  /** Another row already has a name that must be unique. */
  | 'NAME_CONFLICT'
  /** The database or the known schema rejects a value. The plan has a defect. */
  | 'INVALID_ROW'
  /** The Northbound database could not be reached or written in time. */
  | 'OVN_CONNECTION_FAILED'
  /** This operator does not hold the fence, so it may not write. */
  | 'FENCED'
  /** The rows with this mark belong to another Kubernetes cluster, so this operator may not lead. */
  | 'OTHER_CLUSTER'
  /** The applier was stopped. */
  | 'STOPPED'
  /** The transaction failed for another reason. */
  | 'TRANSACTION_FAILED';

/**
 * When to repeat a failed apply. `backoff`: repeat with increasing delays. `wait`: the applier reports the
 * owner when the cause may be gone. `never`: only another desired state, or another leader, can succeed.
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
  OTHER_CLUSTER: 'never',
  STOPPED: 'never',
  TRANSACTION_FAILED: 'backoff',
};

/** The row that an error is about. */
interface RowName {
  readonly table: string;
  readonly uuid: string;
}

/**
 * The applier did not write an owner's desired state. The message says what to repair; programs use `code`.
 */
export class ApplyError extends Error {
  override readonly name = 'ApplyError';
  readonly code: ApplyErrorCode;
  readonly retry: Retry;
  /** The row that is missing, foreign or invalid, if known. */
  readonly row: RowName | undefined;

  constructor(code: ApplyErrorCode, message: string, details: { cause?: unknown; row?: RowName } = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.retry = retries[code];
    this.row = details.row;
  }
}

/** Returns the name of an owner for messages: `Kind/namespace/name`, or `Kind/name` without a namespace. */
export function describeOwner(owner: Owner): string {
  return owner.namespace === ''
    ? `${owner.kind}/${owner.name}`
    : `${owner.kind}/${owner.namespace}/${owner.name}`;
}
