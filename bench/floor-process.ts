/**
 * The floor of `bulk` in a separate process, like the operator. It watches the Ports of its world, and writes their rows
 * and statuses. Its parent sends the template once, and the remote of the database before each round.
 */
import process from 'node:process';
import type { Connection } from '../src/reconcile/client/connection.ts';
import { Floor } from './floor.ts';
import { BareClient } from './http.ts';
import { BareOvsdb } from './ovsdb.ts';
import { PortWatch } from './port-watch.ts';
import { Template, type TemplateText } from './template.ts';
import { floorWorld } from './world.ts';

/** A message of the parent. The answer is `{}`. */
export interface FloorMessage {
  /** The remote of the database for the next round. */
  readonly northbound: string;
  /** Only in the first message. */
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
    const newFloor = (floor = new Floor(client, nb, new Template(start.template), failed));
    const watch = await PortWatch.open(client, floorWorld);
    watch.onAdded = ({ metadata }) => newFloor.add(metadata);
  } else if (floor !== undefined) {
    floor.nb.close();
    floor.nb = nb;
  }
  process.send?.({});
}

process.on('message', (message) => void prepare(message as FloorMessage).catch(failed));
process.on('disconnect', () => process.exit(0));
