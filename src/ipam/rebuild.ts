/** What status or a row says that someone uses. */
export interface UseRecord<T> {
  readonly owner: string;
  readonly value: T;
  /** Lower goes first when two say the same; the owner's creation time in ms is a good one. */
  readonly precedence: number;
}

/** A record that another one stands against, with the pool's answer. */
export interface RebuildConflict<T, R> {
  readonly record: UseRecord<T>;
  readonly result: R;
}

/**
 * Fills a pool (an AddressPool or a CidrPool) with what is in use, at start, before its first allocation.
 * The outcome does not depend on the order in which owners come: records are adopted by precedence, then by owner,
 * those of one owner in the order given. Returns those that the pool answered with a conflict, in that order.
 */
export function rebuild<T, R extends { readonly ok: boolean }>(
  pool: { adopt(owner: string, value: T): R },
  records: Iterable<UseRecord<T>>,
): RebuildConflict<T, R>[] {
  const sorted = [...records].sort(
    (a, b) => a.precedence - b.precedence || (a.owner < b.owner ? -1 : Number(a.owner > b.owner)),
  );
  return sorted
    .map((record) => ({ record, result: pool.adopt(record.owner, record.value) }))
    .filter(({ result }) => !result.ok);
}
