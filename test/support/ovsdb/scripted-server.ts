import { setImmediate as nextTurn } from 'node:timers/promises';
import { OvsdbClient } from '../../../src/ovn/ovsdb/index.ts';
import type { Connect, OvsdbClientOptions, Remote, Transport } from '../../../src/ovn/ovsdb/index.ts';
import { FakeClock } from './fake-clock.ts';

/** A JSON-RPC message. */
export interface Message {
  readonly method?: string;
  readonly params?: readonly unknown[];
  readonly id?: unknown;
  readonly result?: unknown;
  readonly error?: unknown;
}

/** A connection whose server side the test plays. */
export class ScriptedConnection implements Transport {
  /** The messages of the client that {@link request} has not returned yet. */
  readonly sent: Message[] = [];
  readonly remote: Remote | undefined;
  destroyed = false;
  #data: (chunk: Buffer) => void = () => undefined;
  #close: (error?: Error) => void = () => undefined;
  #wake: () => void = () => undefined;

  constructor(remote?: Remote) {
    this.remote = remote;
  }

  write(text: string): void {
    this.sent.push(JSON.parse(text) as Message);
    this.#wake();
  }

  destroy(): void {
    if (this.destroyed) return;
    this.destroyed = true;
    queueMicrotask(() => this.#close());
  }

  onData(listener: (chunk: Buffer) => void): void {
    this.#data = listener;
  }

  onClose(listener: (error?: Error) => void): void {
    this.#close = listener;
  }

  /** Waits for the next message of the client with this method, removes it from `sent` and returns it. */
  async request(method: string): Promise<Message> {
    for (;;) {
      const index = this.sent.findIndex((message) => message.method === method);
      const message = this.sent[index];
      if (message) {
        this.sent.splice(index, 1);
        return message;
      }
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  /** The methods of the messages in `sent`. */
  get methods(): (string | undefined)[] {
    return this.sent.map(({ method }) => method);
  }

  reply(request: Message, result: unknown): void {
    this.push(JSON.stringify({ id: request.id, result, error: null }));
  }

  fail(request: Message, error: unknown): void {
    this.push(JSON.stringify({ id: request.id, result: null, error }));
  }

  notify(method: string, ...params: readonly unknown[]): void {
    this.push(JSON.stringify({ method, params, id: null }));
  }

  /** Sends bytes to the client. */
  push(bytes: string | Buffer): void {
    if (!this.destroyed) this.#data(Buffer.from(bytes));
  }

  /** Breaks the connection. */
  drop(error?: Error): void {
    this.destroyed = true;
    this.#close(error);
  }
}

/** The schema of scripted servers. */
export const testSchema = {
  name: 'Test',
  version: '1.0.0',
  tables: {
    Switch: {
      isRoot: true,
      columns: {
        name: { type: 'string' },
        ports: { type: { key: { type: 'uuid', refTable: 'Port' }, min: 0, max: 'unlimited' } },
        ids: { type: { key: 'string', value: 'string', min: 0, max: 'unlimited' } },
        tag: { type: { key: { type: 'integer', minInteger: 0 }, min: 0, max: 1 } },
      },
    },
    Port: { columns: { name: { type: 'string' }, up: { type: { key: 'boolean', min: 0, max: 1 } } } },
  },
};

const serverSchema = {
  name: '_Server',
  version: '1.2.0',
  tables: {
    Database: {
      columns: {
        name: { type: 'string' },
        model: { type: 'string' },
        connected: { type: 'boolean' },
        leader: { type: 'boolean' },
        cid: { type: { key: 'uuid', min: 0, max: 1 } },
        index: { type: { key: 'integer', min: 0, max: 1 } },
      },
    },
  },
};

/** The columns that clients of scripted servers replicate. */
export const testTables = { Switch: ['name', 'ports', 'ids', 'tag'], Port: ['name', 'up'] };

/** Returns a UUID that ends with the number. */
export function uuid(n: number): string {
  return `00000000-0000-4000-8000-${n.toString(16).padStart(12, '0')}`;
}

/** The row of `_Server.Database` on a scripted server. */
export interface ServerRow {
  readonly model?: 'standalone' | 'clustered';
  readonly connected?: boolean;
  readonly leader?: boolean;
  readonly cid?: string;
  readonly index?: number;
}

/** Encodes the row. */
export function serverRow(row: ServerRow): Record<string, unknown> {
  return {
    name: 'Test',
    model: row.model ?? 'clustered',
    connected: row.connected ?? true,
    leader: row.leader ?? true,
    cid: ['uuid', row.cid ?? uuid(0xc1d)],
    index: row.index ?? 1,
  };
}

/** Plays the handshake until the monitor request for the data, and returns this request. */
export async function playServerPart(
  connection: ScriptedConnection,
  row: ServerRow = {},
  schema: unknown = testSchema,
): Promise<Message> {
  connection.reply(await connection.request('get_schema'), serverSchema);
  connection.reply(await connection.request('set_db_change_aware'), {});
  const watch = await connection.request('monitor_cond_since');
  connection.reply(watch, [false, uuid(0), { Database: { [uuid(1)]: { initial: serverRow(row) } } }]);
  connection.reply(await connection.request('get_schema'), schema);
  return connection.request('monitor_cond_since');
}

/** The encoded rows of a dump: table → UUID → row. */
export type Dump = Readonly<Record<string, Readonly<Record<string, Readonly<Record<string, unknown>>>>>>;

/** Returns rows as `initial` updates. */
export function initial(dump: Dump): Record<string, Record<string, unknown>> {
  return Object.fromEntries(
    Object.entries(dump).map(([table, rows]) => [
      table,
      Object.fromEntries(Object.entries(rows).map(([id, row]) => [id, { initial: row }])),
    ]),
  );
}

/** A client with a fake clock and scripted connections. */
export class Scenario {
  readonly clock = new FakeClock();
  readonly client: OvsdbClient;
  readonly states: string[] = [];
  readonly #opened: ScriptedConnection[] = [];
  #wake: () => void = () => undefined;

  constructor(options: Partial<OvsdbClientOptions> = {}) {
    const connect: Connect = (remote) => {
      const connection = new ScriptedConnection(remote);
      this.#opened.push(connection);
      this.#wake();
      return Promise.resolve(connection);
    };
    this.client = new OvsdbClient({
      remotes: 'unix:/one',
      database: 'Test',
      tables: testTables,
      clock: this.clock,
      random: () => 0.999,
      connect,
      ...options,
    });
    this.client.onState((state) => this.states.push(state));
  }

  /** Waits for the next connection of the client. Advances the clock if the client waits for a backoff. */
  async connection(): Promise<ScriptedConnection> {
    for (let turn = 0; ; turn++) {
      const next = this.#opened.shift();
      if (next) return next;
      if (turn > 3) this.clock.advance(100);
      await Promise.race([nextTurn(), new Promise<void>((resolve) => (this.#wake = resolve))]);
    }
  }

  /** Plays a complete handshake with a full dump. Returns the connection and the id of the data monitor. */
  async synced(
    dump: Dump = {},
    options: { readonly row?: ServerRow; readonly txn?: number } = {},
  ): Promise<{ connection: ScriptedConnection; monitorId: unknown }> {
    const connection = await this.connection();
    const request = await playServerPart(connection, options.row);
    connection.reply(request, [false, uuid(options.txn ?? 0xa), initial(dump)]);
    await this.until(() => this.client.connected);
    return { connection, monitorId: request.params?.[1] };
  }

  /** Runs the event loop until the condition is true. */
  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await nextTurn();
  }

  async stop(): Promise<void> {
    await this.client.stop();
  }
}
