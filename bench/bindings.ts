/** Records when a logical port appears in each of OVN's databases. */
import { OvsdbClient } from '../src/ovn/ovsdb/index.ts';

const monitored = [
  { database: 'OVN_Northbound', table: 'Logical_Switch_Port', column: 'name' },
  { database: 'OVN_Southbound', table: 'Port_Binding', column: 'logical_port' },
] as const;

export class Bindings {
  readonly #clients: readonly OvsdbClient[];
  /** The time (performance.now()) when each name appeared, in the Northbound and in the Southbound database. */
  readonly #seen: readonly Map<string, number>[] = monitored.map(() => new Map());
  #wake: () => void = () => undefined;

  private constructor(remotes: readonly string[]) {
    this.#clients = monitored.map(({ database, table, column }, i) => {
      const client = new OvsdbClient({
        remotes: remotes[i] ?? '',
        database,
        tables: { [table]: [column] },
        leaderOnly: false,
      });
      client.replica.subscribe((changes) => {
        const now = performance.now();
        for (const { type, row } of changes)
          if (type === 'insert') this.#seen[i]?.set(row[column] as string, now);
        this.#wake();
      });
      return client;
    });
  }

  /** Monitors both databases; resolves when the existing rows have been read. */
  static async follow(northbound: string, southbound: string): Promise<Bindings> {
    const bindings = new Bindings([northbound, southbound]);
    await Promise.all(bindings.#clients.map((client) => client.start()));
    return bindings;
  }

  /**
   * Waits until the Southbound database contains the port. Resolves with the time between its Northbound row and its
   * Southbound row, in ms.
   */
  async lag(name: string): Promise<number> {
    const [nb, sb] = this.#seen;
    for (;;) {
      const [from, to] = [nb?.get(name), sb?.get(name)];
      if (from !== undefined && to !== undefined) return to - from;
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  /** Resolves when the Southbound database has a binding for every port of the Northbound database. */
  async settled(): Promise<void> {
    const [nb, sb] = this.#seen;
    while ([...(nb?.keys() ?? [])].some((name) => sb?.has(name) !== true))
      await new Promise<void>((resolve) => (this.#wake = resolve));
  }

  async stop(): Promise<void> {
    await Promise.all(this.#clients.map((client) => client.stop()));
  }
}
