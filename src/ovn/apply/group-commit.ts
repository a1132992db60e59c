import { Batch } from './batch.ts';
import { describeChanges, isEmpty, rowCount } from '../diff/changes.ts';
import type { Changes } from '../diff/changes.ts';
import type { DesiredState } from '../model/desired.ts';
import { ApplyError, describeOwner } from '../errors.ts';
import type { Owner } from '../model/marks.ts';
import { classify, refusal } from './failure.ts';
import type { ApplyResult } from '../writer.ts';

/** What group commit needs of its surroundings. */
export interface CommitPort {
  /** The owner's difference from the replica as it is now. @throws ApplyError */
  diff(owner: Owner, desired: DesiredState, batch: Batch): Changes;
  /** Resolves when the replica may be compared with. @throws ApplyError when that takes too long. */
  ready(): Promise<void>;
  /** Sends the batch as one fenced transaction; resolves when the replica shows it. */
  send(batch: Batch): Promise<void>;
  /** Our epoch did not stand. Resolves when it stands again. @throws ApplyError FENCED when it must not. */
  refence(): Promise<void>;
  /** Waits before the `attempt`th (from 1) try against a failing server. */
  pause(attempt: number): Promise<void>;
  /** An owner's submission ended with this error. */
  failed(owner: Owner, error: ApplyError): void;
}

interface Submission {
  owner: Owner;
  desired: DesiredState;
  readonly waiting: { resolve: (result: ApplyResult) => void; reject: (error: ApplyError) => void }[];
  /** Times the database took, or refused, this owner's changes alone. */
  attempts: number;
  /** What is on its way, and what has been written so far. */
  sent: Changes | undefined;
  readonly written: Changes[];
}

/** How often one owner's changes are tried when others keep undoing them or the server keeps failing. */
const ATTEMPTS = 5;

/**
 * One transaction in flight, and everything that becomes ready meanwhile goes into the next (invariant 5).
 *
 * Differences are taken when a transaction is put together, so they are from the newest replica, and once more when
 * it has come back, so that success means that the replica shows what was wanted. When the database refuses a
 * transaction of several owners it is halved until the one at fault stands alone. When the connection is lost the
 * outcome is unknown: the owners are compared anew when it is back, and computed UUIDs make a repetition harmless.
 */
export class GroupCommit {
  readonly #port: CommitPort;
  readonly #rowsPerTransaction: number;
  readonly #pending = new Map<string, Submission>();
  readonly #inFlight = new Set<string>();
  #running: Promise<void> | undefined;
  #stopped = false;

  /** @param rowsPerTransaction about how many rows go together; one owner's rows are never parted. */
  constructor(port: CommitPort, rowsPerTransaction: number) {
    this.#port = port;
    this.#rowsPerTransaction = rowsPerTransaction;
  }

  /** Whether something of this owner is waiting or on its way. */
  busy(uid: string): boolean {
    return this.#pending.has(uid) || this.#inFlight.has(uid);
  }

  /** Takes the owner's desired state, in place of one that still waits. */
  submit(owner: Owner, desired: DesiredState): Promise<ApplyResult> {
    return new Promise((resolve, reject) => {
      if (this.#stopped) {
        reject(stoppedError());
        return;
      }
      const waiting = this.#pending.get(owner.uid);
      if (waiting === undefined) {
        this.#pending.set(owner.uid, {
          owner,
          desired,
          waiting: [{ resolve, reject }],
          attempts: 0,
          sent: undefined,
          written: [],
        });
      } else {
        waiting.owner = owner;
        waiting.desired = desired;
        waiting.waiting.push({ resolve, reject });
      }
      this.#running ??= this.#run();
    });
  }

  /** Resolves when nothing waits and nothing is on its way. */
  async idle(): Promise<void> {
    while (this.#running !== undefined) await this.#running;
  }

  /** Refuses what waits and what comes; resolves when the transaction in flight has ended. */
  async stop(): Promise<void> {
    this.#stopped = true;
    for (const submission of this.#pending.values()) this.#reject(submission, stoppedError());
    this.#pending.clear();
    await this.idle();
  }

  async #run(): Promise<void> {
    // Plans that become ready in the same turn of the event loop go together.
    await new Promise(setImmediate);
    while (this.#pending.size > 0) await this.#commit(this.#pending, this.#rowsPerTransaction, 0);
    this.#running = undefined;
  }

  /** Puts one transaction together out of `candidates`, sends it, and sees every owner in it to an end. */
  async #commit(candidates: Map<string, Submission>, limit: number, tries: number): Promise<void> {
    try {
      await this.#port.ready();
    } catch (error) {
      this.#rejectAll([...candidates.values()], error);
      candidates.clear();
      return;
    }
    const { batch, taken } = this.#cut(candidates, limit);
    if (taken.length === 0) return;
    for (const { owner } of taken) this.#inFlight.add(owner.uid);
    try {
      await this.#port.send(batch);
    } catch (error) {
      await this.#recover(taken, error, tries);
      return;
    }
    for (const submission of taken) {
      if (submission.sent !== undefined) submission.written.push(submission.sent);
      submission.attempts += 1;
    }
    await this.#again(taken, 0);
  }

  #cut(candidates: Map<string, Submission>, limit: number): { batch: Batch; taken: Submission[] } {
    const batch = new Batch();
    const taken: Submission[] = [];
    const orphans: Submission[] = [];
    const take = (submission: Submission, retryOrphans: boolean): 'full' | 'next' => {
      const { owner, desired } = submission;
      let changes: Changes;
      try {
        changes = this.#port.diff(owner, desired, batch);
      } catch (error) {
        // The missing parent may be in what another owner of this batch inserts.
        if (retryOrphans && error instanceof ApplyError && error.code === 'PARENT_MISSING')
          orphans.push(submission);
        else
          this.#settle(candidates, submission, () =>
            this.#reject(submission, refusal(error, describeOwner(owner))),
          );
        return 'next';
      }
      if (isEmpty(changes)) {
        this.#settle(candidates, submission, () => this.#resolve(submission));
      } else if (submission.attempts >= ATTEMPTS) {
        this.#settle(candidates, submission, () => this.#reject(submission, contested(owner)));
      } else {
        if (taken.length > 0 && batch.rows + rowCount(changes) > limit) return 'full';
        if (batch.conflicts(changes)) return 'next';
        batch.add(changes);
        submission.sent = changes;
        taken.push(submission);
        candidates.delete(owner.uid);
      }
      return 'next';
    };
    for (const submission of candidates.values()) {
      if (batch.rows >= limit || take(submission, true) === 'full') break;
    }
    for (const submission of orphans) if (take(submission, false) === 'full') break;
    return { batch, taken };
  }

  async #recover(taken: readonly Submission[], error: unknown, tries: number): Promise<void> {
    const failure = classify(error);
    try {
      if (failure === 'stopped') throw stoppedError();
      if (failure !== 'content' && tries + 1 >= ATTEMPTS) throw unreachable(error);
      if (failure === 'fence') await this.#port.refence();
      if (failure === 'link') await this.#port.pause(tries + 1);
    } catch (hopeless) {
      this.#rejectAll(taken, hopeless);
      return;
    }
    const [only] = taken;
    if (failure !== 'content') await this.#again(taken, tries + 1);
    else if (taken.length > 1) {
      const half = Math.ceil(taken.length / 2);
      await this.#again(taken.slice(0, half), 0);
      await this.#again(taken.slice(half), 0);
    } else if (only !== undefined) {
      // Alone: once more if the replica has moved on meanwhile, which the next difference shows.
      only.attempts += 1;
      if (only.attempts < ATTEMPTS && isStale(error)) await this.#again(taken, 0);
      else this.#reject(only, refusal(error, describeOwner(only.owner)));
    }
  }

  /** Compares the owners anew and writes what is left, all of them to an end. */
  async #again(submissions: readonly Submission[], tries: number): Promise<void> {
    const left = new Map(submissions.map((submission) => [submission.owner.uid, submission]));
    while (left.size > 0) await this.#commit(left, Number.POSITIVE_INFINITY, tries);
  }

  #settle(candidates: Map<string, Submission>, submission: Submission, settle: () => void): void {
    candidates.delete(submission.owner.uid);
    settle();
  }

  #resolve(submission: Submission): void {
    this.#inFlight.delete(submission.owner.uid);
    const { written, waiting } = submission;
    const result = { changed: written.length > 0, writes: written.flatMap(describeChanges) };
    for (const { resolve } of waiting) resolve(result);
  }

  #reject(submission: Submission, error: ApplyError): void {
    this.#inFlight.delete(submission.owner.uid);
    this.#port.failed(submission.owner, error);
    for (const { reject } of submission.waiting) reject(error);
  }

  #rejectAll(submissions: readonly Submission[], error: unknown): void {
    for (const submission of submissions)
      this.#reject(submission, refusal(error, describeOwner(submission.owner)));
  }
}

/** The replica was behind, or a guard found its row gone: the next difference is another one. */
function isStale(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return code === 'DUPLICATE_UUID' || code === 'TIMED_OUT';
}

function stoppedError(): ApplyError {
  return new ApplyError('STOPPED', 'the writer of the Northbound database was stopped');
}

function contested(owner: Owner): ApplyError {
  return new ApplyError(
    'TRANSACTION_FAILED',
    `${describeOwner(owner)}: the rows were written ${ATTEMPTS} times and are not as written: somebody else changes them`,
  );
}

function unreachable(cause: unknown): ApplyError {
  const said = cause instanceof Error ? cause.message : String(cause);
  return new ApplyError('OVN_CONNECTION_FAILED', `the Northbound database takes no transaction: ${said}`, {
    cause,
  });
}
