import { ApplyError } from '../errors.ts';
import { OvsdbError } from '../ovsdb/index.ts';
import type { OvsdbErrorCode } from '../ovsdb/index.ts';

/** The cause of a failed transaction. */
export type Failure =
  /** The database does not contain this operator's epoch, so no change can be written. */
  | 'fence'
  /** The connection, the server or its storage failed. The outcome may be unknown. */
  | 'connection'
  /** The changes of one owner are invalid. */
  | 'content'
  /** The client is stopping. */
  | 'stopped';

const connectionCodes: ReadonlySet<OvsdbErrorCode> = new Set<OvsdbErrorCode>([
  'NOT_CONNECTED',
  'CONNECTION_LOST',
  'DEADLINE_EXCEEDED',
  'ABORTED',
  'CANCELED',
  'CONNECT_FAILED',
  'DATABASE_NOT_AVAILABLE',
  'IO_ERROR',
  'PROTOCOL_ERROR',
  'RESOURCES_EXHAUSTED',
  'SERVER_UNSUITABLE',
]);

/** Returns the cause of the failure of a transaction whose first operation is the fence. */
export function failureCause(error: unknown): Failure {
  if (error instanceof ApplyError) return error.code === 'FENCED' ? 'fence' : 'content';
  if (!(error instanceof OvsdbError)) return 'content';
  if (error.code === 'STOPPED') return 'stopped';
  if (error.code === 'TIMED_OUT' && error.operationIndex === 0) return 'fence';
  return connectionCodes.has(error.code) || error.serverError === 'cluster error' ? 'connection' : 'content';
}

/** Makes the error for one owner after the database rejected the transaction with only its changes. */
export function ownerError(error: unknown, owner: string): ApplyError {
  if (error instanceof ApplyError) return error;
  const said = error instanceof Error ? error.message : String(error);
  const code = error instanceof OvsdbError ? ownerErrorCode(error) : 'TRANSACTION_FAILED';
  return new ApplyError(code, `${owner}: the Northbound database rejected the change: ${said}`, {
    cause: error,
  });
}

function ownerErrorCode(error: OvsdbError): ApplyError['code'] {
  switch (error.code) {
    case 'CONSTRAINT_VIOLATION':
      // The server checks values at each operation, and the uniqueness of names at the commit.
      return error.operationIndex === undefined ? 'NAME_CONFLICT' : 'INVALID_ROW';
    case 'INVALID_REQUEST':
    case 'SCHEMA_MISMATCH':
      return 'INVALID_ROW';
    case 'REFERENTIAL_INTEGRITY':
      return 'STILL_REFERENCED';
    default:
      return 'TRANSACTION_FAILED';
  }
}
