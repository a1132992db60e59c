/**
 * Counts the writes to a standalone OVSDB server by reading its database file, which is a log of transactions (ovsdb(5),
 * "Standalone Database Format"). The count is exact and does not load the server or the operator.
 */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';

/** The number of transactions, and of rows inserted, changed or deleted, since a mark. */
export interface NbWrites {
  readonly transactions: number;
  readonly rows: number;
}

/** A position in the log. */
interface NbMark {
  readonly inode: number;
  readonly size: number;
}

/** The current end of the log. */
export function markOf(file: string): NbMark {
  const fd = openSync(file, 'r');
  try {
    const { ino, size } = fstatSync(fd);
    return { inode: ino, size };
  } finally {
    closeSync(fd);
  }
}

/** The writes since `mark`; undefined when the server has compacted its file in the meantime, which is rare. */
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
 * Counts the records of a log. A record is a line `OVSDB JSON <length> <sha1>` and `length` bytes of JSON: tables, and
 * in each table rows by UUID. Transactions that change only NB_Global do not count: they write the fence and `nb_cfg`,
 * not rows of objects.
 * @throws Error when the bytes are not an OVSDB log
 */
export function countRecords(log: Buffer): NbWrites {
  let transactions = 0;
  let rows = 0;
  for (let at = 0; at < log.length;) {
    const lineEnd = log.indexOf('\n', at);
    const length = /^OVSDB JSON (\d+) [0-9a-f]{40}$/.exec(log.toString('latin1', at, lineEnd))?.[1];
    if (length === undefined) throw new Error(`byte ${at} does not begin a record of an OVSDB log`);
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
