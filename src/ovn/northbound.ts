import { Applier } from './apply/applier.ts';
import type { ApplierOptions } from './apply/applier.ts';
import { Fence } from './apply/fence.ts';
import { monitoredTables } from './model/tables.ts';
import { OvsdbClient } from './ovsdb/index.ts';
import type { OvsdbClientOptions } from './ovsdb/index.ts';

/** How to reach and share the Northbound database. */
export interface NorthboundOptions
  extends
    Omit<ApplierOptions, 'database' | 'fence'>,
    Omit<OvsdbClientOptions, 'database' | 'tables' | 'clock'> {
  /** Tells this process apart from others that write for the same cluster, in the epoch; default random. */
  readonly identity?: string;
  /** Ends the wait for a server that cannot be reached. */
  readonly signal?: AbortSignal;
}

/** The Northbound database as the rest of the operator has it. */
export interface Northbound {
  readonly client: OvsdbClient;
  /** The one writer. It refuses to write until `fence.take()` has succeeded. */
  readonly applier: Applier;
  /** To be taken when this process becomes the leader, and dropped when it no longer is. */
  readonly fence: Fence;
  /** Ends writing, then the connection. */
  stop(): Promise<void>;
}

/**
 * Connects, and resolves when the replica is complete: a standby is then warm, and takes over by `fence.take()`.
 *
 * @throws OvsdbError when the options are wrong or the server's schema is not OVN's; an unreachable server is waited
 * for (see the client's `start`).
 */
export async function connectNorthbound(options: NorthboundOptions): Promise<Northbound> {
  const { identity, cluster, signal, ...rest } = options;
  const client = new OvsdbClient({ ...rest, database: 'OVN_Northbound', tables: monitoredTables });
  const fence = new Fence(client, cluster, identity);
  // Made first, it learns whose rows these are slice by slice as the dump comes in: nothing holds the event loop.
  const applier = new Applier({ ...rest, cluster, database: client, fence });
  const giveUp = (): void => void client.stop();
  signal?.addEventListener('abort', giveUp, { once: true });
  await client.start().finally(() => signal?.removeEventListener('abort', giveUp));
  return {
    client,
    applier,
    fence,
    stop: async () => {
      await applier.stop();
      await client.stop();
    },
  };
}
