import { OvsdbError } from './errors.ts';

/** The type of an atom (RFC 7047 §3.2 <atomic-type>). */
export type AtomicType = 'integer' | 'real' | 'boolean' | 'string' | 'uuid';

/** The type of a column. */
export interface ColumnType {
  /**
   * The shape in memory: `atom` for exactly one value, `map` for a type with a value type, otherwise `set`.
   */
  readonly kind: 'atom' | 'set' | 'map';
  readonly key: AtomicType;
  /** The type of the values; only for maps. */
  readonly value: AtomicType | undefined;
  readonly min: 0 | 1;
  /** The maximum number of elements; Infinity for `"unlimited"`. */
  readonly max: number;
}

/** A table and its columns, without `_uuid`. */
export interface TableSchema {
  readonly name: string;
  readonly columns: ReadonlyMap<string, ColumnType>;
}

/** The parts of a database schema (RFC 7047 §3.2) that a client needs. */
export interface DatabaseSchema {
  readonly name: string;
  readonly version: string;
  readonly tables: ReadonlyMap<string, TableSchema>;
}

const atomicTypes: ReadonlySet<unknown> = new Set(['integer', 'real', 'boolean', 'string', 'uuid']);

/**
 * Parses the result of `get_schema`.
 *
 * @throws OvsdbError PROTOCOL_ERROR when the result is not a valid schema
 */
export function parseSchema(json: unknown): DatabaseSchema {
  const schema = object(json, 'schema');
  const tables = new Map<string, TableSchema>();
  for (const [name, tableJson] of Object.entries(object(schema['tables'], 'tables'))) {
    const table = object(tableJson, `table ${name}`);
    const columns = new Map<string, ColumnType>();
    for (const [column, columnJson] of Object.entries(object(table['columns'], `columns of ${name}`))) {
      columns.set(column, parseType(object(columnJson, `${name}.${column}`)['type'], `${name}.${column}`));
    }
    tables.set(name, { name, columns });
  }
  return { name: text(schema['name']), version: text(schema['version']), tables };
}

function parseType(json: unknown, where: string): ColumnType {
  if (typeof json === 'string') {
    return { kind: 'atom', key: atomic(json, where), value: undefined, min: 1, max: 1 };
  }
  const type = object(json, `type of ${where}`);
  const key = type['key'];
  const keyObject =
    typeof key === 'object' && key !== null ? (key as Record<string, unknown>) : { type: key };
  const value = type['value'];
  const valueType =
    typeof value === 'object' && value !== null ? (value as Record<string, unknown>)['type'] : value;
  const min = type['min'] === 0 ? 0 : 1;
  const max = type['max'] === 'unlimited' ? Infinity : typeof type['max'] === 'number' ? type['max'] : 1;
  return {
    kind: valueType !== undefined ? 'map' : min === 1 && max === 1 ? 'atom' : 'set',
    key: atomic(keyObject['type'], where),
    value: valueType === undefined ? undefined : atomic(valueType, where),
    min,
    max,
  };
}

function atomic(type: unknown, where: string): AtomicType {
  if (!atomicTypes.has(type))
    throw new OvsdbError(
      'PROTOCOL_ERROR',
      `the server sent an invalid schema: ${where} has the unknown type ${JSON.stringify(type)}`,
    );
  return type as AtomicType;
}

function text(json: unknown): string {
  return typeof json === 'string' ? json : '';
}

function object(json: unknown, what: string): Record<string, unknown> {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) {
    throw new OvsdbError('PROTOCOL_ERROR', `the server sent an invalid schema: ${what} is not an object`);
  }
  return json as Record<string, unknown>;
}

/** The columns to replicate, by table. */
export type MonitoredColumns = Readonly<Record<string, readonly string[]>>;

/**
 * Returns the part of `requested` that the schema has. One unknown column would fail the whole monitor
 * request.
 */
export function intersectSchema(
  schema: DatabaseSchema,
  requested: MonitoredColumns,
): ReadonlyMap<string, TableSchema> {
  const tables = new Map<string, TableSchema>();
  for (const [name, columns] of Object.entries(requested)) {
    const table = schema.tables.get(name);
    if (!table) continue;
    const present = columns.flatMap((column) => {
      const type = table.columns.get(column);
      return type ? [[column, type] as const] : [];
    });
    tables.set(name, { ...table, columns: new Map(present) });
  }
  return tables;
}
