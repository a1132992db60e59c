/**
 * The floor of `bulk` as a process of its own, as the operator is one: it follows the Ports of its world, and writes
 * their rows and statuses. Its parent tells it once what to write, and before each round where.
 */
import process from 'node:process';
import type { Connection } from '../src/reconcile/client/connection.ts';
import { Floor } from './floor.ts';
import { BareClient } from './http.ts';
import { BareOvsdb } from './ovsdb.ts';
import { PortWatch } from './port-watch.ts';
import { Template, type TemplateText } from './template.ts';
import { floor as world } from './world.ts';

/** What the parent says: first all of it, later where the rows of the next round go. The answer is `{}`. */
export interface FloorMessage {
  readonly northbound: string;
  readonly start?: { readonly connection: Connection; readonly template: TemplateText };
}

let floor: Floor | undefined;

function failed(error: unknown): void {
  process.stderr.write(`the floor failed: ${String(error)}\n`);
  process.exit(1);
}

async function prepare({ northbound, start }: FloorMessage): Promise<void> {
  const nb = await BareOvsdb.connect(northbound);
  if (start !== undefined) {
    const client = new BareClient(start.connection);
    const made = (floor = new Floor(client, nb, new Template(start.template), failed));
    const watch = await PortWatch.open(client, world);
    watch.onAdded = ({ metadata }) => made.add(metadata);
  } else if (floor !== undefined) {
    floor.nb.close();
    floor.nb = nb;
  }
  process.send?.({});
}

process.on('message', (message) => void prepare(message as FloorMessage).catch(failed));
process.on('disconnect', () => process.exit(0));
