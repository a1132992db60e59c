import { isSpeakable } from './accepted-json.ts';
import { decodeValue } from './codec.ts';
import { errorFromServer, OvsdbError } from './errors.ts';
import type { Operation } from './operations.ts';
import type { DatabaseSchema } from './schema.ts';
import type { Uuid, Value } from './values.ts';

/** What an operation did; which member there is depends on the operation. */
export interface OperationResult {
  /** Of `insert`. */
  readonly uuid?: Uuid;
  /** Of `update`, `mutate` and `delete`: rows that matched. */
  readonly count?: number;
  /** Of `select`. */
  readonly rows?: readonly Readonly<Record<string, Value>>[];
}

/** Adds to an error of {@link isSpeakable} which operation it is about; other errors come back as they are. */
export function blame(operations: readonly Operation[], error: unknown): unknown {
  if (!(error instanceof OvsdbError) || error.code !== 'INVALID_REQUEST' || error.serverError !== undefined)
    return error;
  const index = operations.findIndex((operation) => !isSpeakable(JSON.stringify(operation)));
  if (index < 0) return error;
  return new OvsdbError(error.code, describe(operations, index, error.message), {
    cause: error,
    operationIndex: index,
  });
}

/**
 * Reads the result of a `transact` call (RFC 7047 §4.1.3): one element an operation; after the first that failed
 * there are nulls; an error of the commit itself comes in one element more than there are operations.
 *
 * @throws OvsdbError with the code of the server's error and the index of the operation that failed, undefined
 * when the commit failed. Nothing was committed then.
 */
export function readResults(
  schema: DatabaseSchema,
  operations: readonly Operation[],
  result: unknown,
): OperationResult[] {
  if (!Array.isArray(result))
    throw new OvsdbError('PROTOCOL_ERROR', 'the result of a transaction is not an array');
  const elements = result as ({ error?: unknown } | null)[];
  const failed = elements.findIndex((element) => element !== null && (element.error ?? null) !== null);
  if (failed >= operations.length) throw errorFromServer(elements[failed], 'the commit failed');
  if (failed >= 0) {
    throw errorFromServer(elements[failed], describe(operations, failed, 'the server refused it'), failed);
  }
  return operations.map((operation, index) => readResult(schema, operation, elements[index]));
}

function readResult(schema: DatabaseSchema, operation: Operation, element: unknown): OperationResult {
  if (typeof element !== 'object' || element === null) {
    throw new OvsdbError('PROTOCOL_ERROR', 'the result of a transaction lacks an operation');
  }
  const { uuid, count, rows } = element as { uuid?: unknown; count?: unknown; rows?: unknown };
  return {
    ...(Array.isArray(uuid) && typeof uuid[1] === 'string' ? { uuid: uuid[1] } : {}),
    ...(typeof count === 'number' ? { count } : {}),
    ...(Array.isArray(rows) ? { rows: readRows(schema, operation, rows) } : {}),
  };
}

function readRows(
  schema: DatabaseSchema,
  operation: Operation,
  rows: readonly unknown[],
): Readonly<Record<string, Value>>[] {
  const table = schema.tables.get(String(operation['table']));
  return rows.map((row) => {
    const decoded: Record<string, Value> = {};
    for (const [column, wire] of Object.entries(row as Record<string, unknown>)) {
      const type = table?.columns.get(column);
      if (type) decoded[column] = decodeValue(type, wire);
      else if (column === '_uuid' && Array.isArray(wire)) decoded[column] = String(wire[1]);
    }
    return decoded;
  });
}

function describe(operations: readonly Operation[], index: number, reason: string): string {
  const operation = operations[index];
  const table = typeof operation?.['table'] === 'string' ? ` of ${operation['table']}` : '';
  return `operation ${index} (${operation?.op ?? '?'}${table}): ${reason}`;
}
