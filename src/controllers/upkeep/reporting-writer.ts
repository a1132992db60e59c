import {
  ApplyError,
  type ApplyResult,
  type DesiredState,
  type Owner,
  type RowWriter,
} from '../../ovn/index.ts';
import { type Logger, errorFields } from '../../base/index.ts';
import { refKey } from '../../reconcile/index.ts';
import type { RepairLog } from './repair-log.ts';

/** What a {@link ReportingWriter} tells, and to whom. */
export interface WriterListeners {
  /** Its lines tell which reconcile they are of. */
  readonly log: Logger;
  readonly repairs: Pick<RepairLog, 'told'>;
  /** Told of the kind of an owner whose rows were put right. */
  readonly repaired: (kind: string) => void;
}

/**
 * A writer that tells what it writes: each change for those who debug, repairs of what others changed, and rows that
 * OVN cannot take, which only their tenant would see otherwise.
 */
export class ReportingWriter implements RowWriter {
  readonly #writer: () => RowWriter;
  readonly #listeners: WriterListeners;
  /** UIDs of owners whose rows others may have changed: whether they did, the next comparison shows. */
  readonly #suspected = new Set<string>();

  /** `writer` is asked for only once something is to be written or heard. */
  constructor(writer: () => RowWriter, listeners: WriterListeners) {
    this.#writer = writer;
    this.#listeners = listeners;
  }

  apply(owner: Owner, desired: DesiredState): Promise<ApplyResult> {
    return this.#told(owner, this.#writer().apply(owner, desired));
  }

  remove(owner: Owner): Promise<ApplyResult> {
    return this.#told(owner, this.#writer().remove(owner));
  }

  ownedBy: RowWriter['ownedBy'] = (uid) => this.#writer().ownedBy(uid);

  owners: RowWriter['owners'] = () => this.#writer().owners();

  onDrift: RowWriter['onDrift'] = (listener) =>
    this.#writer().onDrift((owner, cause) => {
      if (cause === 'changed') this.#suspected.add(owner.uid);
      listener(owner, cause);
    });

  async #told(owner: Owner, applied: Promise<ApplyResult>): Promise<ApplyResult> {
    const { log, repairs, repaired } = this.#listeners;
    try {
      const result = await applied;
      const wasSuspected = this.#suspected.delete(owner.uid);
      if (!result.changed) return result;
      log.debug('wrote rows to OVN', { writes: result.writes });
      if (wasSuspected) {
        repaired(owner.kind);
        repairs.told({ kind: owner.kind, key: refKey(owner), writes: result.writes });
      }
      return result;
    } catch (error) {
      if (error instanceof ApplyError && error.code === 'INVALID_ROW')
        log.error('OVN does not accept the rows of the object', errorFields(error));
      throw error;
    }
  }
}
