/**
 * The cause of an error. The server reports the first group of codes (RFC 7047 §3.1 and §5.2,
 * ovsdb-server(7)).
 */
export type OvsdbErrorCode =
  // From the server, which committed nothing.
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
  // From this library.
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

/** The codes of the error strings of the protocol. All other error strings have the code SERVER_ERROR. */
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

/** The only error class of this library. */
export class OvsdbError extends Error {
  readonly code: OvsdbErrorCode;
  /** The index of the failed operation in its transaction; undefined if the commit failed. */
  readonly operationIndex: number | undefined;
  /** The error string of the server, for example `constraint violation`. */
  readonly serverError: string | undefined;
  /**
   * True if the server may have committed the transaction although no reply arrived. Read the replica again
   * before you repeat the transaction. A repeated insert with the same UUID cannot create a second row.
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
}

/**
 * Makes an error from the reply of the server: a string (`"unknown method"`), or `{error, details}` as in
 * results of operations and in most RPC errors.
 */
export function errorFromServer(reply: unknown, context: string, operationIndex?: number): OvsdbError {
  const object = typeof reply === 'object' && reply !== null ? (reply as Record<string, unknown>) : {};
  const serverError =
    typeof reply === 'string'
      ? reply
      : typeof object['error'] === 'string'
        ? object['error']
        : 'unknown error';
  const details = typeof object['details'] === 'string' ? `: ${object['details']}` : '';
  return new OvsdbError(serverErrors[serverError] ?? 'SERVER_ERROR', `${context}: ${serverError}${details}`, {
    serverError,
    operationIndex,
  });
}

/** Converts a thrown value into an OvsdbError. A value that is already an OvsdbError keeps its code. */
export function asOvsdbError(error: unknown, code: OvsdbErrorCode, context: string): OvsdbError {
  if (error instanceof OvsdbError) return error;
  const reason = error instanceof Error ? error.message : String(error);
  return new OvsdbError(code, `${context}: ${reason}`, { cause: error });
}
