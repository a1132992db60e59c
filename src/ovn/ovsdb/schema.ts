import { OvsdbError } from './errors.ts';

/** Types of single values (RFC 7047 §3.2 <atomic-type>). */
export type AtomicType = 'integer' | 'real' | 'boolean' | 'string' | 'uuid';

/** A column's type. */
export interface ColumnType {
  /** Shape in memory: `atom` for exactly one value, `map` when it has a value type, else `set`. */
  readonly kind: 'atom' | 'set' | 'map';
  readonly key: AtomicType;
  /** Of maps only. */
  readonly value: AtomicType | undefined;
  readonly min: 0 | 1;
  /** Infinity for `"unlimited"`. */
  readonly max: number;
  /** The table that keys refer to, when they are references. */
  readonly refTable: string | undefined;
}

/** A table and its columns, `_uuid` not among them. */
export interface TableSchema {
  readonly name: string;
  readonly columns: ReadonlyMap<string, ColumnType>;
  readonly isRoot: boolean;
}

/** A database schema (RFC 7047 §3.2), reduced to what a client needs. */
export interface DatabaseSchema {
  readonly name: string;
  readonly version: string;
  readonly tables: ReadonlyMap<string, TableSchema>;
}

const atomicTypes: ReadonlySet<unknown> = new Set(['integer', 'real', 'boolean', 'string', 'uuid']);

/**
 * Parses the result of `get_schema`.
 *
 * @throws OvsdbError PROTOCOL_ERROR when it is not a schema.
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
    tables.set(name, { name, columns, isRoot: table['isRoot'] === true });
  }
  return { name: text(schema['name']), version: text(schema['version']), tables };
}

function parseType(json: unknown, where: string): ColumnType {
  if (typeof json === 'string') {
    return { kind: 'atom', key: atomic(json, where), value: undefined, min: 1, max: 1, refTable: undefined };
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
    refTable: typeof keyObject['refTable'] === 'string' ? keyObject['refTable'] : undefined,
  };
}

function atomic(type: unknown, where: string): AtomicType {
  if (!atomicTypes.has(type))
    throw new OvsdbError('PROTOCOL_ERROR', `schema: ${where} has the unknown type ${JSON.stringify(type)}`);
  return type as AtomicType;
}

function text(json: unknown): string {
  return typeof json === 'string' ? json : '';
}

function object(json: unknown, what: string): Record<string, unknown> {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) {
    throw new OvsdbError('PROTOCOL_ERROR', `schema: ${what} is not an object`);
  }
  return json as Record<string, unknown>;
}

/** Columns by table, as a client asks for them. */
export type MonitoredColumns = Readonly<Record<string, readonly string[]>>;

/** The part of `wanted` that the schema has: one unknown column would fail a whole monitor request. */
export function intersectSchema(
  schema: DatabaseSchema,
  wanted: MonitoredColumns,
): ReadonlyMap<string, TableSchema> {
  const tables = new Map<string, TableSchema>();
  for (const [name, columns] of Object.entries(wanted)) {
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
