import { Applier } from './apply/applier.ts';
import type { ApplierOptions } from './apply/applier.ts';
import { Fence } from './apply/fence.ts';
import { retakeFence } from './apply/retake-fence.ts';
import { monitoredTables } from './model/tables.ts';
import { OvsdbClient } from './ovsdb/index.ts';
import type { OvsdbClientOptions } from './ovsdb/index.ts';

/** The options of the connection to the Northbound database. */
export interface NorthboundOptions
  extends
    Omit<ApplierOptions, 'database' | 'fence'>,
    Omit<OvsdbClientOptions, 'database' | 'tables' | 'clock'> {
  /**
   * Distinguishes this process from other operators of the same cluster, in the epoch. Default: a random
   * UUID.
   */
  readonly identity?: string;
  /** Ends the wait for an unreachable server. */
  readonly signal?: AbortSignal;
  /** Receives the client before the wait for the server, for example to report why the wait lasts. */
  readonly onClient?: (client: Pick<OvsdbClient, 'problem'>) => void;
}

/** A connection to the Northbound database. */
export interface Northbound {
  readonly client: OvsdbClient;
  /** The only writer. It rejects writes until `fence.take()` has succeeded. */
  readonly applier: Applier;
  /**
   * The process must take the fence when it becomes the leader, and drop the fence when it loses the
   * leadership.
   */
  readonly fence: Fence;
  /** Stops the applier, then closes the connection. */
  stop(): Promise<void>;
}

/**
 * Connects to the Northbound database. Resolves when the replica is complete: a standby process then only
 * needs `fence.take()` to take over. The function waits for an unreachable server until `signal` is aborted.
 *
 * @throws OvsdbError CONFIGURATION when an option is invalid
 * @throws OvsdbError STOPPED when `signal` is aborted first
 */
export async function connectNorthbound(options: NorthboundOptions): Promise<Northbound> {
  const { identity, cluster, signal, ...rest } = options;
  const client = new OvsdbClient({ ...rest, database: 'OVN_Northbound', tables: monitoredTables });
  options.onClient?.(client);
  const fence = new Fence(client, cluster, identity);
  // Create the applier before the dump arrives: it then indexes the rows in slices and does not block the event loop.
  const applier = new Applier({ ...rest, cluster, database: client, fence });
  const giveUp = (): void => void client.stop();
  signal?.addEventListener('abort', giveUp, { once: true });
  // An operator of another cluster that finds no record has to judge by the rows, so the record must not stay absent.
  const unsubscribe = client.replica.subscribe((changes) => {
    if (fence.hasLostRecord && changes.some(({ table }) => table === 'NB_Global'))
      retakeFence(fence, rest.onFenced).catch(() => undefined);
  });
  await client.start().finally(() => signal?.removeEventListener('abort', giveUp));
  return {
    client,
    applier,
    fence,
    stop: async () => {
      unsubscribe();
      await applier.stop();
      await client.stop();
    },
  };
}
