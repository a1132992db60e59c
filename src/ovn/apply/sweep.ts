import { type Steps, inTurns } from '../../base/index.ts';
import { ApplyError, describeOwner } from '../errors.ts';
import type { Retention } from '../diff/retention.ts';
import type { Owner } from '../model/marks.ts';
import type { RowWriter } from '../writer.ts';

/** An owner and the number of its rows in the database. */
interface OwnerRows {
  readonly owner: Owner;
  readonly rows: number;
}

/**
 * The limits of a sweep. Above these limits, the list of objects is more likely to be wrong than the rows.
 */
interface SweepLimits {
  /** The maximum share of all rows of this cluster that a sweep may remove, from 0 to 1. */
  readonly maxShare: number;
  /**
   * A sweep may always remove this number of rows, because in a small database each deletion is a large
   * share.
   */
  readonly floorRows: number;
}

type SweepDecision =
  | { readonly kind: 'remove'; readonly owners: readonly Owner[] }
  | {
      readonly kind: 'refused';
      readonly owners: readonly Owner[];
      readonly rows: number;
      readonly share: number;
      readonly reason: string;
    };

/**
 * Finds the owners whose objects do not exist, and decides whether the sweep may remove their rows. Pure
 * function.
 *
 * @param present every owner that has rows
 * @param isLive whether the object of an owner exists
 */
export function decideSweep(
  present: Iterable<OwnerRows>,
  isLive: (owner: Owner) => boolean,
  limits: SweepLimits,
): SweepDecision {
  let total = 0;
  let orphaned = 0;
  const owners: Owner[] = [];
  for (const { owner, rows } of present) {
    total += rows;
    if (isLive(owner)) continue;
    orphaned += rows;
    owners.push(owner);
  }
  const share = total === 0 ? 0 : orphaned / total;
  if (orphaned <= limits.floorRows || share <= limits.maxShare) return { kind: 'remove', owners };
  const [example] = owners;
  return {
    kind: 'refused',
    owners,
    rows: orphaned,
    share,
    reason:
      `${orphaned} of ${total} rows of this cluster have no object (${owners.length} owners, e.g. ` +
      `${example === undefined ? '' : describeOwner(example)}); the limit is a share of ${limits.maxShare}. ` +
      'No rows were removed. Check that this operator sees all objects of the right cluster, or raise the limit',
  };
}

export interface SweepOptions extends SweepLimits {
  /**
   * Returns whether the cache contains the object with this UID. The cache must contain all objects of all
   * kinds.
   */
  readonly isCached: (owner: Owner) => boolean;
  /**
   * Asks the API server for the object, by UID and not only by name. If it throws, the object counts as
   * alive.
   */
  readonly isAlive: (owner: Owner) => Promise<boolean>;
  /** Returns which port groups of an owner stay while rows of other owners need them. Default: none. */
  readonly retentionOf?: (owner: Owner) => Retention | undefined;
  /** The number of concurrent requests and removals. Default 16. */
  readonly concurrency?: number;
}

export interface SweepReport {
  readonly removed: readonly Owner[];
  /** Owners of rows that need rows of a removed object, which therefore stay. */
  readonly holders: readonly Owner[];
  /** Owners that are not in the cache but are alive, or whose state is unknown. */
  readonly spared: readonly Owner[];
  readonly failed: readonly { readonly owner: Owner; readonly error: unknown }[];
  /** Why the sweep removed nothing; undefined if the number of orphans was within the limits. */
  readonly refused: (SweepDecision & { readonly kind: 'refused' }) | undefined;
}

/**
 * Removes the rows of objects that no longer exist. The sweep asks the API server for every owner that is
 * missing from the cache, and removes the rows only if the object certainly does not exist. Above the limits
 * the sweep removes nothing. Call this function only after all objects of every kind were listed.
 */
export async function sweep(writer: RowWriter, options: SweepOptions): Promise<SweepReport> {
  const concurrency = options.concurrency ?? 16;
  const { present, missing } = await inTurns(compare(writer, options));
  const decision = decideSweep(present, (owner) => !missing.has(owner), options);
  if (decision.kind === 'refused')
    return { removed: [], holders: [], spared: [], failed: [], refused: decision };
  const removed: Owner[] = [];
  const holders: Owner[] = [];
  const spared: Owner[] = [];
  const failed: { owner: Owner; error: unknown }[] = [];
  const held: Owner[] = [];
  const remove = async (owner: Owner, mayRetry: boolean): Promise<void> => {
    try {
      const { heldBy } = await writer.remove(owner, options.retentionOf?.(owner));
      if (heldBy === undefined) removed.push(owner);
      else holders.push(...heldBy);
    } catch (error) {
      // The row of another orphan may reference this row. Retry after the removal of the other orphans.
      if (mayRetry && error instanceof ApplyError && error.code === 'STILL_REFERENCED') held.push(owner);
      else failed.push({ owner, error });
    }
  };
  await eachOf(decision.owners, concurrency, async (owner) => {
    const alive = await options.isAlive(owner).catch((error: unknown) => {
      failed.push({ owner, error });
      return true;
    });
    if (alive || options.isCached(owner)) spared.push(owner);
    else await remove(owner, true);
  });
  await eachOf(held, concurrency, (owner) => remove(owner, false));
  return { removed, holders, spared, failed, refused: undefined };
}

/**
 * Returns the owners that have rows, and the owners that are missing from the cache. Both may change between
 * the steps. This is safe: a new owner is not an orphan, and the sweep checks a missing owner again before it
 * removes rows.
 */
function* compare(
  writer: Pick<RowWriter, 'owners' | 'ownedBy'>,
  { isCached }: Pick<SweepOptions, 'isCached'>,
): Steps<{ readonly present: readonly OwnerRows[]; readonly missing: ReadonlySet<Owner> }> {
  const present: OwnerRows[] = [];
  const missing = new Set<Owner>();
  for (const owner of [...writer.owners()]) {
    present.push({ owner, rows: writer.ownedBy(owner.uid).length });
    if (!isCached(owner)) missing.add(owner);
    yield;
  }
  return { present, missing };
}

async function eachOf<T>(
  items: readonly T[],
  concurrency: number,
  work: (item: T) => Promise<void>,
): Promise<void> {
  const queue = items.values();
  const workers = Array.from({ length: concurrency }, async () => {
    for (const item of queue) await work(item);
  });
  await Promise.all(workers);
}
