/**
 * What went wrong. The first group is said by the server (RFC 7047 §3.1 and §5.2, ovsdb-server(7)), the second
 * is found by this library.
 */
export type OvsdbErrorCode =
  // Said by the server: nothing was committed.
  | 'CONSTRAINT_VIOLATION'
  | 'REFERENTIAL_INTEGRITY'
  | 'DUPLICATE_UUID'
  | 'TIMED_OUT'
  | 'NOT_OWNER'
  | 'CANCELED'
  | 'NOT_ALLOWED'
  | 'RESOURCES_EXHAUSTED'
  | 'IO_ERROR'
  | 'UNKNOWN_METHOD'
  | 'UNKNOWN_DATABASE'
  | 'DATABASE_NOT_AVAILABLE'
  | 'INVALID_REQUEST'
  | 'SERVER_ERROR'
  // Found here.
  | 'NOT_CONNECTED'
  | 'CONNECTION_LOST'
  | 'DEADLINE_EXCEEDED'
  | 'ABORTED'
  | 'STOPPED'
  | 'CONNECT_FAILED'
  | 'SERVER_UNSUITABLE'
  | 'PROTOCOL_ERROR'
  | 'SCHEMA_MISMATCH'
  | 'CONFIGURATION';

/**
 * What a caller does about an error: `retry` the same with backoff; `reread` the replica first because the
 * request may have taken effect or its premise is gone; `never` repeat it as it is.
 */
export type OvsdbErrorAdvice = 'retry' | 'reread' | 'never';

const advices: Readonly<Record<OvsdbErrorCode, OvsdbErrorAdvice>> = {
  CONSTRAINT_VIOLATION: 'never',
  REFERENTIAL_INTEGRITY: 'reread',
  DUPLICATE_UUID: 'reread',
  TIMED_OUT: 'reread',
  NOT_OWNER: 'reread',
  CANCELED: 'retry',
  NOT_ALLOWED: 'never',
  RESOURCES_EXHAUSTED: 'retry',
  IO_ERROR: 'reread',
  UNKNOWN_METHOD: 'never',
  UNKNOWN_DATABASE: 'never',
  DATABASE_NOT_AVAILABLE: 'retry',
  INVALID_REQUEST: 'never',
  SERVER_ERROR: 'retry',
  NOT_CONNECTED: 'retry',
  CONNECTION_LOST: 'reread',
  DEADLINE_EXCEEDED: 'reread',
  ABORTED: 'reread',
  STOPPED: 'never',
  CONNECT_FAILED: 'retry',
  SERVER_UNSUITABLE: 'retry',
  PROTOCOL_ERROR: 'retry',
  SCHEMA_MISMATCH: 'never',
  CONFIGURATION: 'never',
};

/** Error strings of the protocol that have a code of their own here. */
const serverErrors: Readonly<Record<string, OvsdbErrorCode>> = {
  'constraint violation': 'CONSTRAINT_VIOLATION',
  'domain error': 'CONSTRAINT_VIOLATION',
  'range error': 'CONSTRAINT_VIOLATION',
  'referential integrity violation': 'REFERENTIAL_INTEGRITY',
  'duplicate uuid': 'DUPLICATE_UUID',
  'timed out': 'TIMED_OUT',
  'not owner': 'NOT_OWNER',
  canceled: 'CANCELED',
  'not allowed': 'NOT_ALLOWED',
  'permission error': 'NOT_ALLOWED',
  'resources exhausted': 'RESOURCES_EXHAUSTED',
  'I/O error': 'IO_ERROR',
  'unknown method': 'UNKNOWN_METHOD',
  'unknown database': 'UNKNOWN_DATABASE',
  'database not available': 'DATABASE_NOT_AVAILABLE',
  'syntax error': 'INVALID_REQUEST',
  'invalid parameters': 'INVALID_REQUEST',
  'unknown column': 'INVALID_REQUEST',
  'unknown table': 'INVALID_REQUEST',
};

/** The one error class of this library. */
export class OvsdbError extends Error {
  readonly code: OvsdbErrorCode;
  /** Index of the operation that failed in its transaction; undefined when the commit as a whole failed. */
  readonly operationIndex: number | undefined;
  /** The server's own error string, e.g. `constraint violation`. */
  readonly serverError: string | undefined;
  /**
   * True when a transaction may have been committed although no answer came. Re-read, then decide; a repeated
   * insert with the same client-chosen uuid cannot make a second row.
   */
  readonly outcomeUnknown: boolean;

  constructor(
    code: OvsdbErrorCode,
    message: string,
    more: {
      cause?: unknown;
      operationIndex?: number | undefined;
      serverError?: string;
      outcomeUnknown?: boolean;
    } = {},
  ) {
    super(message, more.cause === undefined ? undefined : { cause: more.cause });
    this.name = 'OvsdbError';
    this.code = code;
    this.operationIndex = more.operationIndex;
    this.serverError = more.serverError;
    this.outcomeUnknown = more.outcomeUnknown ?? false;
  }

  /** What to do about it. */
  get advice(): OvsdbErrorAdvice {
    return advices[this.code];
  }
}

/**
 * Makes an error of what the server said: a bare string (`"unknown method"`), or `{error, details}` as in
 * operation results and in most RPC errors.
 */
export function errorFromServer(said: unknown, context: string, operationIndex?: number): OvsdbError {
  const object = typeof said === 'object' && said !== null ? (said as Record<string, unknown>) : {};
  const serverError =
    typeof said === 'string' ? said : typeof object['error'] === 'string' ? object['error'] : 'unknown error';
  const details = typeof object['details'] === 'string' ? `: ${object['details']}` : '';
  return new OvsdbError(serverErrors[serverError] ?? 'SERVER_ERROR', `${context}: ${serverError}${details}`, {
    serverError,
    operationIndex,
  });
}

/** Any thrown value as an OvsdbError; `code` is used for what is not one yet. */
export function asOvsdbError(error: unknown, code: OvsdbErrorCode, context: string): OvsdbError {
  if (error instanceof OvsdbError) return error;
  const reason = error instanceof Error ? error.message : String(error);
  return new OvsdbError(code, `${context}: ${reason}`, { cause: error });
}
