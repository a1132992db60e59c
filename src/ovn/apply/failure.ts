import { ApplyError } from '../errors.ts';
import { OvsdbError } from '../ovsdb/index.ts';
import type { OvsdbErrorCode } from '../ovsdb/index.ts';

/** What a failed transaction means for the owners whose changes were in it. */
export type Failure =
  /** Our epoch does not stand: nobody's changes can be written now. */
  | 'fence'
  /** Not about what was written: the connection, the server or its storage. The outcome may be unknown. */
  | 'link'
  /** One of the owners' changes is at fault. */
  | 'content'
  /** The client is stopping. */
  | 'stopped';

const linkCodes: ReadonlySet<OvsdbErrorCode> = new Set<OvsdbErrorCode>([
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

/** Classifies the failure of a transaction whose first operation is the fence. */
export function classify(error: unknown): Failure {
  if (error instanceof ApplyError) return error.code === 'FENCED' ? 'fence' : 'content';
  if (!(error instanceof OvsdbError)) return 'content';
  if (error.code === 'STOPPED') return 'stopped';
  if (error.code === 'TIMED_OUT' && error.operationIndex === 0) return 'fence';
  return linkCodes.has(error.code) || error.serverError === 'cluster error' ? 'link' : 'content';
}

/** The error for one owner whose own transaction the database refused. */
export function refusal(error: unknown, owner: string): ApplyError {
  if (error instanceof ApplyError) return error;
  const said = error instanceof Error ? error.message : String(error);
  const code = error instanceof OvsdbError ? refusalCode(error) : 'TRANSACTION_FAILED';
  return new ApplyError(code, `${owner}: the Northbound database refused the change: ${said}`, {
    cause: error,
  });
}

function refusalCode(error: OvsdbError): ApplyError['code'] {
  switch (error.code) {
    case 'CONSTRAINT_VIOLATION':
      // A value is refused at its operation; a name that another row holds, when all operations are through.
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
