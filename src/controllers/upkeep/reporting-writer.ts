import {
  ApplyError,
  type ApplyResult,
  type DesiredState,
  type Owner,
  type Retention,
  type RowWriter,
} from '../../ovn/index.ts';
import { type Logger, errorFields } from '../../base/index.ts';
import { refKey } from '../../reconcile/index.ts';
import type { RepairLog } from './repair-log.ts';

/** The recipients of the reports of a {@link ReportingWriter}. */
interface WriterListeners {
  /** A logger whose lines name the reconcile. */
  readonly log: Logger;
  readonly repairs: Pick<RepairLog, 'record'>;
  /** Called with the kind of an owner whose rows were repaired. */
  readonly repaired: (kind: string) => void;
}

/**
 * A writer that reports its writes: each change for debugging, repairs of rows that other programs changed, and rows
 * that OVN does not accept, which otherwise only their tenant would see.
 */
export class ReportingWriter implements RowWriter {
  readonly #writer: () => RowWriter;
  readonly #listeners: WriterListeners;
  /** UIDs of owners whose rows other programs may have changed. The next comparison shows whether a change exists. */
  readonly #suspected = new Set<string>();

  /** `writer` is called only when a row is written or a listener is added. */
  constructor(writer: () => RowWriter, listeners: WriterListeners) {
    this.#writer = writer;
    this.#listeners = listeners;
  }

  apply(owner: Owner, desired: DesiredState): Promise<ApplyResult> {
    return this.#report(owner, this.#writer().apply(owner, desired));
  }

  remove(owner: Owner, retention?: Retention): Promise<ApplyResult> {
    return this.#report(owner, this.#writer().remove(owner, retention));
  }

  ownedBy: RowWriter['ownedBy'] = (uid) => this.#writer().ownedBy(uid);

  present: RowWriter['present'] = (uid) => this.#writer().present(uid);

  membershipsOf: RowWriter['membershipsOf'] = (uid) => this.#writer().membershipsOf(uid);

  get: RowWriter['get'] = (table, uuid) => this.#writer().get(table, uuid);

  owners: RowWriter['owners'] = () => this.#writer().owners();

  onDrift: RowWriter['onDrift'] = (listener) =>
    this.#writer().onDrift((owner, cause) => {
      if (cause === 'changed') this.#suspected.add(owner.uid);
      listener(owner, cause);
    });

  async #report(owner: Owner, applied: Promise<ApplyResult>): Promise<ApplyResult> {
    const { log, repairs, repaired } = this.#listeners;
    try {
      const result = await applied;
      const wasSuspected = this.#suspected.delete(owner.uid);
      if (!result.changed) return result;
      log.debug('wrote rows to OVN', { writes: result.writes });
      if (wasSuspected) {
        repaired(owner.kind);
        repairs.record({ kind: owner.kind, key: refKey(owner), writes: result.writes });
      }
      return result;
    } catch (error) {
      if (error instanceof ApplyError && error.code === 'INVALID_ROW')
        log.error('OVN does not accept the rows of the object', errorFields(error));
      throw error;
    }
  }
}
