import { isAcceptedJson } from './accepted-json.ts';
import { decodeValue } from './codec.ts';
import { errorFromServer, OvsdbError } from './errors.ts';
import type { Operation } from './operations.ts';
import type { DatabaseSchema } from './schema.ts';
import type { Uuid, Value } from './values.ts';

/** The result of an operation. The operation determines which members are set. */
export interface OperationResult {
  /** Only for `insert`. */
  readonly uuid?: Uuid;
  /** The number of matching rows; only for `update`, `mutate` and `delete`. */
  readonly count?: number;
  /** Only for `select`. */
  readonly rows?: readonly Readonly<Record<string, Value>>[];
}

/** Adds the index of the operation whose text OVS does not accept. Returns other errors unchanged. */
export function addOperationIndex(operations: readonly Operation[], error: unknown): unknown {
  if (!(error instanceof OvsdbError) || error.code !== 'INVALID_REQUEST' || error.serverError !== undefined)
    return error;
  const index = operations.findIndex((operation) => !isAcceptedJson(JSON.stringify(operation)));
  if (index < 0) return error;
  return new OvsdbError(error.code, describe(operations, index, error.message), {
    cause: error,
    operationIndex: index,
  });
}

/**
 * Reads the result of a `transact` call (RFC 7047 §4.1.3). It contains one element per operation. The
 * elements after a failed operation are null. An error of the commit is in an additional element at the end.
 *
 * @throws OvsdbError the error of the server, with the index of the failed operation (undefined if the commit
 * failed); the server then committed nothing
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
  if (failed >= operations.length) throw errorFromServer(elements[failed], 'the server rejected the commit');
  if (failed >= 0) {
    throw errorFromServer(elements[failed], describe(operations, failed, 'the server rejected it'), failed);
  }
  return operations.map((operation, index) => readResult(schema, operation, elements[index]));
}

function readResult(schema: DatabaseSchema, operation: Operation, element: unknown): OperationResult {
  if (typeof element !== 'object' || element === null) {
    throw new OvsdbError('PROTOCOL_ERROR', 'the result of a transaction has no element for an operation');
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
