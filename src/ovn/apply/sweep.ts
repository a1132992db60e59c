import { ApplyError, describeOwner } from '../errors.ts';
import type { Owner } from '../model/marks.ts';
import type { RowWriter } from '../writer.ts';
import { inTurns } from '../../base/index.ts';

/** An owner with rows in the database, and how many. */
export interface OwnerRows {
  readonly owner: Owner;
  readonly rows: number;
}

/** How much a sweep may take away before it is likelier that the list of objects is wrong than the rows. */
export interface SweepLimits {
  /** The largest share of all rows of this cluster, 0 to 1. */
  readonly maxShare: number;
  /** As many rows may always go: in a small database every deletion is a large share. */
  readonly floorRows: number;
}

export type SweepDecision =
  | { readonly kind: 'remove'; readonly owners: readonly Owner[] }
  | {
      readonly kind: 'refused';
      readonly owners: readonly Owner[];
      readonly rows: number;
      readonly share: number;
      readonly reason: string;
    };

/**
 * Which owners' rows are orphans, and whether so many may go at once (invariant 7). Pure.
 *
 * @param present every owner that has rows, with their number. @param isLive whether its object exists.
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
      `${example === undefined ? '' : describeOwner(example)}), more than the allowed share of ${limits.maxShare}: ` +
      'nothing was removed; check that this operator sees all objects of the right cluster, or raise the share',
  };
}

export interface SweepOptions extends SweepLimits {
  /** Whether the cache, complete by a consistent list of every kind, has the object with this UID. */
  readonly isCached: (owner: Owner) => boolean;
  /** Asks the API server itself for the object (by UID, not only by name). Throwing counts as alive. */
  readonly isAlive: (owner: Owner) => Promise<boolean>;
  /** How many questions and removals at a time; default 16. */
  readonly concurrency?: number;
}

export interface SweepReport {
  readonly removed: readonly Owner[];
  /** Not in the cache, but alive, or nobody could say. */
  readonly spared: readonly Owner[];
  readonly failed: readonly { readonly owner: Owner; readonly error: unknown }[];
  /** Why nothing at all was removed, when that is so. */
  readonly refused: (SweepDecision & { readonly kind: 'refused' }) | undefined;
}

/**
 * Removes the rows of objects that are gone, as invariant 7 has it: only those missing from the cache are asked for,
 * only those certainly gone lose their rows, and nothing goes when it would be too much. To be called after every
 * kind was listed completely.
 */
export async function sweep(writer: RowWriter, options: SweepOptions): Promise<SweepReport> {
  const concurrency = options.concurrency ?? 16;
  const { present, missing } = await inTurns(compare(writer, options));
  const decision = decideSweep(present, (owner) => !missing.has(owner), options);
  if (decision.kind === 'refused') return { removed: [], spared: [], failed: [], refused: decision };
  const removed: Owner[] = [];
  const spared: Owner[] = [];
  const failed: { owner: Owner; error: unknown }[] = [];
  const held: Owner[] = [];
  const remove = async (owner: Owner, again: boolean): Promise<void> => {
    try {
      await writer.remove(owner);
      removed.push(owner);
    } catch (error) {
      // Another orphan's row may hold it: once more when those are gone.
      if (again && error instanceof ApplyError && error.code === 'STILL_REFERENCED') held.push(owner);
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
  return { removed, spared, failed, refused: undefined };
}

/**
 * Who has rows, and who of them is not in the cache. Both may change between the steps: an owner that comes is nobody's
 * orphan yet, and one that is missing is looked for once more before its rows go.
 */
function* compare(
  writer: Pick<RowWriter, 'owners' | 'ownedBy'>,
  { isCached }: Pick<SweepOptions, 'isCached'>,
): Generator<undefined, { readonly present: readonly OwnerRows[]; readonly missing: ReadonlySet<Owner> }> {
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
