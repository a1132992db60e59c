/**
 * Access of tests to the Northbound database: JSON-RPC over its unix socket, without the operator's own client.
 */
import { once } from 'node:events';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { Transform } from 'node:stream';

/** A plain value: a set is a sorted array (or its only element), a map is a sorted object, a UUID is a string. */
export type Plain = string | number | boolean | readonly Plain[] | { readonly [key: string]: Plain };

/** A row. `columns` does not contain `_uuid` and `_version`. */
export interface NbRow {
  readonly table: string;
  readonly uuid: string;
  /** Changes with every write of the row. */
  readonly version: string;
  readonly columns: Readonly<Record<string, Plain>>;
}

/** A column's base type in the schema (RFC 7047 §3.2). */
interface BaseType {
  readonly type: 'string' | 'integer' | 'boolean' | 'uuid' | 'real';
  readonly enum?: unknown;
  readonly minInteger?: number;
  readonly maxInteger?: number;
  readonly refTable?: string;
}

/** A column's type, in long form. */
export interface ColumnType {
  readonly key: BaseType;
  readonly value?: BaseType;
  readonly min: number;
  readonly max: number | 'unlimited';
}

type Schema = ReadonlyMap<string, ReadonlyMap<string, ColumnType>>;

/** An operation in the wire format of RFC 7047 §5.2. */
export type WireOperation = Readonly<Record<string, unknown>>;

export const uuidRef = (uuid: string): readonly ['uuid', string] => ['uuid', uuid];
export const wireSet = (items: readonly unknown[]): readonly ['set', readonly unknown[]] => ['set', items];
export const wireMap = (entries: Readonly<Record<string, unknown>>): readonly ['map', unknown] => [
  'map',
  Object.entries(entries),
];

/** The condition that selects one row. */
export const isRow = (uuid: string) => [['_uuid', '==', uuidRef(uuid)]];

/** The result of an operation. */
interface Result {
  readonly error?: string;
  readonly details?: string;
  readonly rows?: readonly Record<string, unknown>[];
  readonly count?: number;
}

/** One database of a standalone ovsdb-server on a unix socket. */
export class NorthboundView {
  readonly #socket: string;
  readonly #database: string;
  #schema: Promise<Schema> | undefined;

  constructor(remote: string, database = 'OVN_Northbound') {
    this.#socket = remote.replace(/^unix:/, '');
    this.#database = database;
  }

  /** The tables and the types of their columns. */
  schema(): Promise<Schema> {
    return (this.#schema ??= this.#readSchema());
  }

  /** All rows of all tables, read in one transaction, sorted by table and UUID. */
  async rows(): Promise<NbRow[]> {
    const tables = [...(await this.schema()).keys()];
    const results = await this.transact(...tables.map((table) => ({ op: 'select', table, where: [] })));
    return results.flatMap(({ rows = [] }, index) =>
      rows
        .map(({ _uuid, _version, ...columns }) => ({
          table: tables[index] ?? '',
          uuid: plain(_uuid) as string,
          version: plain(_version) as string,
          columns: Object.fromEntries(
            Object.entries(columns)
              .sort(([a], [b]) => (a < b ? -1 : 1))
              .map(([name, value]) => [name, plain(value)]),
          ),
        }))
        .sort((a, b) => (a.uuid < b.uuid ? -1 : 1)),
    );
  }

  /**
   * Runs one transaction.
   * @throws Error when an operation fails
   */
  async transact(...operations: readonly WireOperation[]): Promise<Pick<Result, 'rows' | 'count'>[]> {
    const answer = (await this.#call('transact', [
      this.#database,
      ...operations,
    ])) as readonly (Result | null)[];
    // Results after the first failure are null.
    const results = answer.map((result) => result ?? {});
    const failed = results.find(({ error }) => error !== undefined);
    if (failed !== undefined) throw new Error(`${failed.error ?? ''}: ${failed.details ?? ''}`);
    return results;
  }

  /** Deletes all rows except in the tables that configure the server's own connections. */
  async wipe(): Promise<void> {
    const tables = [...(await this.schema()).keys()].filter(
      (table) => !['Connection', 'SSL'].includes(table),
    );
    await this.transact(...tables.map((table) => ({ op: 'delete', table, where: [] })));
  }

  async #readSchema(): Promise<Schema> {
    const { tables } = (await this.#call('get_schema', [this.#database])) as {
      readonly tables: Record<string, { readonly columns: Record<string, { readonly type: unknown }> }>;
    };
    return new Map(
      Object.entries(tables).map(([table, { columns }]) => [
        table,
        new Map(Object.entries(columns).map(([name, { type }]) => [name, longType(type)])),
      ]),
    );
  }

  async #call(method: string, params: readonly unknown[]): Promise<unknown> {
    const socket = connect(this.#socket);
    await once(socket, 'connect');
    socket.write(JSON.stringify({ id: 'test', method, params }));
    const answer = JSON.parse(await text(socket.pipe(untilComplete(() => socket.end())))) as {
      readonly result: unknown;
      readonly error: unknown;
    };
    if (answer.error !== null) throw new Error(`${method}: ${JSON.stringify(answer.error)}`);
    return answer.result;
  }
}

/** Collects the text of one JSON object, and calls `done` at its end. */
function untilComplete(done: () => void): Transform {
  let depth = 0;
  let inString = false;
  let escaped = false;
  return new Transform({
    transform(chunk: Buffer, _encoding, next): void {
      for (const byte of chunk) {
        if (escaped) escaped = false;
        else if (inString) {
          if (byte === 0x5c) escaped = true;
          else if (byte === 0x22) inString = false;
        } else if (byte === 0x22) inString = true;
        else if (byte === 0x7b || byte === 0x5b) depth++;
        else if ((byte === 0x7d || byte === 0x5d) && --depth === 0) done();
      }
      next(null, chunk);
    },
  });
}

function longType(type: unknown): ColumnType {
  if (typeof type === 'string') return { key: longBase(type), min: 1, max: 1 };
  const { key, value, min = 1, max = 1 } = type as Record<string, unknown>;
  return {
    key: longBase(key),
    ...(value === undefined ? {} : { value: longBase(value) }),
    min: min as number,
    max: max as number | 'unlimited',
  };
}

function longBase(base: unknown): BaseType {
  return (typeof base === 'string' ? { type: base } : base) as BaseType;
}

/** Converts a wire value (RFC 7047 §5.1) to a plain value. */
function plain(value: unknown): Plain {
  if (!Array.isArray(value)) return value as Plain;
  const [tag, content] = value as ['uuid', string] | ['set', unknown[]] | ['map', [unknown, unknown][]];
  if (tag === 'uuid') return content;
  if (tag === 'set')
    return content.map(plain).sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
  return Object.fromEntries(
    content
      .map(([key, one]) => [plain(key) as string, plain(one)] as const)
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  );
}
