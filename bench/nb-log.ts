/**
 * Counts what was written to a standalone OVSDB server by reading its file, which is a log of transactions
 * (ovsdb(5), "Standalone Database Format"): exact, and it costs the server and the operator nothing.
 */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';

/** Transactions and rows (inserted, changed or deleted) since a mark. */
export interface NbWrites {
  readonly transactions: number;
  readonly rows: number;
}

/** A place in the log. */
export interface NbMark {
  readonly inode: number;
  readonly size: number;
}

/** The end of the log now. */
export function markOf(file: string): NbMark {
  const fd = openSync(file, 'r');
  try {
    const { ino, size } = fstatSync(fd);
    return { inode: ino, size };
  } finally {
    closeSync(fd);
  }
}

/** What was written since `mark`; undefined when the server has compacted its file meanwhile, which it does rarely. */
export function writesSince(file: string, mark: NbMark): NbWrites | undefined {
  const fd = openSync(file, 'r');
  try {
    const { ino, size } = fstatSync(fd);
    if (ino !== mark.inode || size < mark.size) return undefined;
    const bytes = Buffer.alloc(size - mark.size);
    readSync(fd, bytes, 0, bytes.length, mark.size);
    return countRecords(bytes);
  } finally {
    closeSync(fd);
  }
}

/**
 * Records are a line `OVSDB JSON <length> <sha1>` and that many bytes of JSON: tables, in them rows by UUID.
 * Transactions that touch nothing but NB_Global do not count: they are the fence and `nb_cfg`, not rows of objects.
 */
export function countRecords(log: Buffer): NbWrites {
  let transactions = 0;
  let rows = 0;
  for (let at = 0; at < log.length;) {
    const lineEnd = log.indexOf('\n', at);
    const length = /^OVSDB JSON (\d+) [0-9a-f]{40}$/.exec(log.toString('latin1', at, lineEnd))?.[1];
    if (length === undefined) throw new Error(`no record of an OVSDB log at byte ${at}`);
    const end = lineEnd + 1 + Number(length);
    const record = JSON.parse(log.toString('utf8', lineEnd + 1, end)) as Record<string, unknown>;
    const written = Object.entries(record)
      .filter(([table]) => !table.startsWith('_') && table !== 'NB_Global')
      .reduce((sum, [, changes]) => sum + Object.keys(changes as object).length, 0);
    if (written > 0) transactions++;
    rows += written;
    at = end;
  }
  return { transactions, rows };
}
