/**
 * The floor of `restart`: a process that lists every kind, dumps the Northbound database, parses both, and prints the
 * number of rows and objects. Its input is JSON on stdin.
 */
import process from 'node:process';
import type { Connection } from '../src/reconcile/client/connection.ts';
import { BareClient } from './http.ts';
import { BareOvsdb } from './ovsdb.ts';

interface Input {
  readonly connection: Connection;
  readonly northbound: string;
  /** The API paths of the kinds, across all namespaces. */
  readonly paths: readonly string[];
}

/** Objects per page. The operator uses the same limit. */
const PAGE_SIZE = 500;

let text = '';
for await (const chunk of process.stdin) text += String(chunk);
const { connection, northbound, paths } = JSON.parse(text) as Input;
const client = new BareClient(connection);
const nb = await BareOvsdb.connect(northbound);

async function list(path: string): Promise<number> {
  let count = 0;
  for (let token = ''; ;) {
    const query = `limit=${PAGE_SIZE}${token === '' ? '' : `&continue=${encodeURIComponent(token)}`}`;
    const page = JSON.parse(await client.send('GET', `${path}?${query}`)) as {
      metadata: { continue?: string };
      items: unknown[];
    };
    count += page.items.length;
    token = page.metadata.continue ?? '';
    if (token === '') return count;
  }
}

async function dump(): Promise<number> {
  const tables = Object.fromEntries(
    [...(await nb.tables())].map(([table, columns]) => [table, [{ columns }]]),
  );
  const rows = (await nb.call('monitor', ['OVN_Northbound', null, tables])) as Record<string, object>;
  return Object.values(rows).reduce((sum, table) => sum + Object.keys(table).length, 0);
}

const [rows, ...objects] = await Promise.all([dump(), ...paths.map(list)]);
process.stdout.write(`${JSON.stringify({ rows, objects })}\n`, () => process.exit(0));
