/** A minimal client of an OVN database for the benchmark: JSON-RPC over a unix socket (RFC 7047). */
import { connect, type Socket } from 'node:net';

/** A row in the database's JSON. */
export type WireRow = Record<string, unknown>;

interface Message {
  readonly id: number | null;
  readonly result?: unknown;
  readonly error?: unknown;
}

interface OperationResult {
  readonly rows?: WireRow[];
  readonly error?: string;
  readonly details?: string;
}

/**
 * Sends one request at a time. So text that ends with a closing brace and parses as JSON is a complete answer, and no
 * further framing is needed. (The server sends no `echo` requests on a unix socket.)
 */
export class BareOvsdb {
  readonly #socket: Socket;
  readonly #database: string;
  readonly #waiting = new Map<
    number,
    { resolve: (message: Message) => void; reject: (error: Error) => void }
  >();
  #text: string[] = [];
  #id = 0;

  private constructor(socket: Socket, database: string) {
    this.#socket = socket;
    this.#database = database;
    socket.setEncoding('utf8');
    socket.on('data', (chunk: string) => this.#read(chunk));
    const fail = (): void => {
      for (const { reject } of this.#waiting.values())
        reject(new Error('the database closed the connection'));
      this.#waiting.clear();
    };
    socket.on('close', fail);
    socket.on('error', fail);
  }

  /** Connects to `unix:<path>`. */
  static connect(remote: string, database = 'OVN_Northbound'): Promise<BareOvsdb> {
    return new Promise((resolve, reject) => {
      const socket = connect(remote.slice('unix:'.length));
      socket.once('error', reject);
      socket.once('connect', () => {
        socket.off('error', reject);
        resolve(new BareOvsdb(socket, database));
      });
    });
  }

  call(method: string, params: unknown): Promise<unknown> {
    return this.#callText(method, JSON.stringify(params));
  }

  /**
   * Executes one transaction.
   * @throws Error when an operation fails
   */
  transact(operations: readonly unknown[]): Promise<OperationResult[]> {
    return this.transactText(operations.map((operation) => JSON.stringify(operation)).join(','));
  }

  /**
   * Executes one transaction whose operations are JSON text, separated by commas.
   * @throws Error when an operation fails
   */
  async transactText(operations: string): Promise<OperationResult[]> {
    const results = (await this.#callText(
      'transact',
      `["${this.#database}",${operations}]`,
    )) as (OperationResult | null)[];
    const failed = results.find((result) => result?.error !== undefined);
    if (failed) throw new Error(`the transaction failed: ${failed.error}: ${failed.details ?? ''}`);
    return results.map((result) => result ?? {});
  }

  /** The rows of a table that match `where`; by default all rows. */
  async select(
    table: string,
    where: readonly unknown[] = [],
    columns?: readonly string[],
  ): Promise<WireRow[]> {
    const [result] = await this.transact([{ op: 'select', table, where, ...(columns && { columns }) }]);
    return result?.rows ?? [];
  }

  /** The names of the columns of each table. */
  async tables(): Promise<Map<string, string[]>> {
    const schema = (await this.call('get_schema', [this.#database])) as {
      tables: Record<string, { columns: Record<string, unknown> }>;
    };
    return new Map(Object.entries(schema.tables).map(([name, { columns }]) => [name, Object.keys(columns)]));
  }

  close(): void {
    this.#socket.destroy();
  }

  async #callText(method: string, params: string): Promise<unknown> {
    const id = ++this.#id;
    const { result, error } = await new Promise<Message>((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#socket.write(`{"id":${id},"method":"${method}","params":${params}}`);
    });
    if (error !== null && error !== undefined) throw new Error(`${method}: ${JSON.stringify(error)}`);
    return result;
  }

  #read(chunk: string): void {
    this.#text.push(chunk);
    if (!chunk.endsWith('}')) return;
    let message: Message;
    try {
      message = JSON.parse(this.#text.length === 1 ? chunk : this.#text.join('')) as Message;
    } catch {
      return;
    }
    this.#text = [];
    if (message.id === null) return;
    this.#waiting.get(message.id)?.resolve(message);
    this.#waiting.delete(message.id);
  }
}
