/**
 * A noisy tenant in a process of its own: four clients change objects. Its parent starts and stops the noise with
 * messages; the answer is the number of changes so far.
 */
import process from 'node:process';
import { setTimeout as delay } from 'node:timers/promises';
import type { Connection } from '../src/reconcile/client/connection.ts';
import { BareClient, RequestError } from './http.ts';
import { noises, type Noise } from './noise.ts';
import type { World } from './world.ts';

/** A message of the parent. Without `start`, the noise stops. */
export interface NoiseMessage {
  readonly start?: Start & { readonly connection: Connection };
}

interface Start {
  readonly world: World;
  readonly noise: Noise;
  /** Changes per second; 0: without a pause. */
  readonly rate: number;
}

const CLIENTS = 4;

let isOn = false;
let changes = 0;
let clients: Promise<unknown> = Promise.resolve();

async function change({ noise, world, rate }: Start, client: BareClient): Promise<void> {
  for (let next = performance.now(); isOn; next += rate === 0 ? 0 : (1000 * CLIENTS) / rate) {
    await delay(Math.max(0, next - performance.now()));
    try {
      await noises[noise](client, world, changes++);
    } catch (error) {
      // Another client of the noise deleted or created the object first.
      if (!(error instanceof RequestError) || (error.code !== 404 && error.code !== 409)) throw error;
    }
  }
}

async function follow({ start }: NoiseMessage): Promise<void> {
  isOn = start !== undefined;
  if (start === undefined) {
    await clients;
  } else {
    const client = new BareClient(start.connection);
    clients = Promise.all(Array.from({ length: CLIENTS }, () => change(start, client)));
    clients.finally(() => client.close()).catch(failed);
  }
  process.send?.(changes);
}

function failed(error: unknown): void {
  process.stderr.write(`the noise failed: ${String(error)}\n`);
  process.exit(1);
}

process.on('message', (message) => void follow(message as NoiseMessage).catch(failed));
process.on('disconnect', () => process.exit(0));
