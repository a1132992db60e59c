import { ApplyError, describeOwner } from '../errors.ts';
import { describeChanges, isEmpty, rowCount } from '../diff/changes.ts';
import type { Changes } from '../diff/changes.ts';
import type { DesiredState } from '../model/desired.ts';
import type { Owner } from '../model/marks.ts';
import type { ApplyResult } from '../writer.ts';
import { Batch } from './batch.ts';
import { NamespaceTurns } from './namespace-turns.ts';
import { failureCause, ownerError } from './failure.ts';

/** The functions that the group commit uses. */
interface CommitFunctions {
  /**
   * Returns the difference between the owner's desired state and the current replica.
   *
   * @throws ApplyError like the function `diff`
   */
  diff(owner: Owner, desired: DesiredState, batch: Batch): Changes;
  /**
   * Resolves when the replica is synchronized with the server.
   *
   * @throws ApplyError OVN_CONNECTION_FAILED after a deadline
   */
  ready(): Promise<void>;
  /** Sends the batch as one transaction with the fence. Resolves when the replica shows the result. */
  send(batch: Batch): Promise<void>;
  /**
   * Resolves when the database contains this operator's epoch again.
   *
   * @throws ApplyError FENCED when this operator may not write
   */
  retakeFence(): Promise<void>;
  /** Waits before a further attempt; `attempt` counts from 1. */
  pause(attempt: number): Promise<void>;
  /** Receives the error of an owner's submission. */
  failed(owner: Owner, error: ApplyError): void;
}

interface Submission {
  owner: Owner;
  desired: DesiredState;
  readonly waiting: { resolve: (result: ApplyResult) => void; reject: (error: ApplyError) => void }[];
  /** How often this owner's changes were committed, or rejected in a transaction of their own. */
  attempts: number;
  /** The changes in flight. */
  sent: Changes | undefined;
  /** The committed changes. */
  readonly written: Changes[];
}

/** The maximum number of attempts for one owner when other clients undo its changes or the server fails. */
const MAX_ATTEMPTS = 5;

/**
 * Combines the changes of many owners into transactions. Only one transaction is in flight; all changes that
 * become ready meanwhile go into the next one.
 *
 * The class computes the difference when it builds a transaction, so the difference comes from the newest
 * replica. It computes the difference again after the commit: an apply succeeds only when the replica shows
 * the desired state. If the database rejects a transaction of several owners, the class divides it in halves
 * until the invalid change is alone. After the loss of a connection the outcome is unknown: the class
 * compares the owners again after the reconnect. A repetition is harmless because the UUIDs are computed.
 */
export class GroupCommit {
  readonly #functions: CommitFunctions;
  readonly #rowsPerTransaction: number;
  readonly #pending = new Map<string, Submission>();
  readonly #inFlight = new Set<string>();
  readonly #turns = new NamespaceTurns();
  #running: Promise<void> | undefined;
  #stopped = false;

  /**
   * @param rowsPerTransaction the approximate number of rows; one transaction contains all rows of an owner
   */
  constructor(functions: CommitFunctions, rowsPerTransaction: number) {
    this.#functions = functions;
    this.#rowsPerTransaction = rowsPerTransaction;
  }

  /** Returns whether changes of this owner are waiting or in flight. */
  isBusy(uid: string): boolean {
    return this.#pending.has(uid) || this.#inFlight.has(uid);
  }

  /** Submits the owner's desired state. It replaces a state of the same owner that still waits. */
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

  /** Resolves when no submission is waiting or in flight. */
  async idle(): Promise<void> {
    while (this.#running !== undefined) await this.#running;
  }

  /** Rejects waiting and future submissions. Resolves when the transaction in flight has ended. */
  async stop(): Promise<void> {
    this.#stopped = true;
    for (const submission of this.#pending.values()) this.#reject(submission, stoppedError());
    this.#pending.clear();
    await this.idle();
  }

  async #run(): Promise<void> {
    // States that are submitted in the same turn of the event loop go into one transaction.
    await new Promise(setImmediate);
    while (this.#pending.size > 0) await this.#commit(this.#pending, this.#rowsPerTransaction, 0);
    this.#running = undefined;
  }

  /** Builds one transaction from `candidates`, sends it, and settles every submission in it. */
  async #commit(candidates: Map<string, Submission>, limit: number, tries: number): Promise<void> {
    try {
      await this.#functions.ready();
    } catch (error) {
      this.#rejectAll([...candidates.values()], error);
      candidates.clear();
      return;
    }
    const { batch, taken } = this.#buildBatch(candidates, limit);
    if (taken.length === 0) return;
    for (const { owner } of taken) this.#inFlight.add(owner.uid);
    try {
      await this.#functions.send(batch);
    } catch (error) {
      await this.#recover(taken, error, tries);
      return;
    }
    for (const submission of taken) {
      if (submission.sent !== undefined) submission.written.push(submission.sent);
      submission.attempts += 1;
    }
    await this.#commitRemaining(taken, 0);
  }

  /** Takes candidates until the batch has `limit` rows. Settles the candidates that need no transaction. */
  #buildBatch(candidates: Map<string, Submission>, limit: number): { batch: Batch; taken: Submission[] } {
    const batch = new Batch();
    const taken: Submission[] = [];
    const orphans: Submission[] = [];
    const take = (submission: Submission, retryOrphans: boolean): 'full' | 'next' => {
      const { owner, desired } = submission;
      let changes: Changes;
      try {
        changes = this.#functions.diff(owner, desired, batch);
      } catch (error) {
        // Another owner of this batch may insert the missing parent later in the loop.
        if (retryOrphans && error instanceof ApplyError && error.code === 'PARENT_MISSING')
          orphans.push(submission);
        else
          this.#settle(candidates, submission, () =>
            this.#reject(submission, ownerError(error, describeOwner(owner))),
          );
        return 'next';
      }
      if (isEmpty(changes)) {
        this.#settle(candidates, submission, () => this.#resolve(submission));
      } else if (submission.attempts >= MAX_ATTEMPTS) {
        this.#settle(candidates, submission, () => this.#reject(submission, contested(owner)));
      } else {
        if (taken.length > 0 && batch.rows + rowCount(changes) > limit) return 'full';
        if (batch.conflictsWith(changes)) return 'next';
        batch.add(changes);
        submission.sent = changes;
        this.#turns.served(owner.namespace);
        taken.push(submission);
        candidates.delete(owner.uid);
      }
      return 'next';
    };
    for (const submission of this.#turns.order(candidates.values())) {
      if (batch.rows >= limit || take(submission, true) === 'full') break;
    }
    for (const submission of orphans) if (take(submission, false) === 'full') break;
    return { batch, taken };
  }

  async #recover(taken: readonly Submission[], error: unknown, tries: number): Promise<void> {
    const failure = failureCause(error);
    try {
      if (failure === 'stopped') throw stoppedError();
      if (failure !== 'content' && tries + 1 >= MAX_ATTEMPTS) throw unreachable(error);
      if (failure === 'fence') await this.#functions.retakeFence();
      if (failure === 'connection') await this.#functions.pause(tries + 1);
    } catch (final) {
      this.#rejectAll(taken, final);
      return;
    }
    const [only] = taken;
    if (failure !== 'content') await this.#commitRemaining(taken, tries + 1);
    else if (taken.length > 1) {
      const half = Math.ceil(taken.length / 2);
      await this.#commitRemaining(taken.slice(0, half), 0);
      await this.#commitRemaining(taken.slice(half), 0);
    } else if (only !== undefined) {
      // The owner was alone in the transaction. Retry only if the replica was stale: the next difference is correct.
      only.attempts += 1;
      if (only.attempts < MAX_ATTEMPTS && isStale(error)) await this.#commitRemaining(taken, 0);
      else this.#reject(only, ownerError(error, describeOwner(only.owner)));
    }
  }

  /** Compares the owners again and writes the remaining differences, until every submission is settled. */
  async #commitRemaining(submissions: readonly Submission[], tries: number): Promise<void> {
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
    this.#functions.failed(submission.owner, error);
    for (const { reject } of submission.waiting) reject(error);
  }

  #rejectAll(submissions: readonly Submission[], error: unknown): void {
    for (const submission of submissions)
      this.#reject(submission, ownerError(error, describeOwner(submission.owner)));
  }
}

/** Returns whether the replica was stale: the row already existed, or a guarded row was missing. */
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
    `${describeOwner(owner)}: the operator wrote the rows ${MAX_ATTEMPTS} times, but another client changes them each time`,
  );
}

function unreachable(cause: unknown): ApplyError {
  const said = cause instanceof Error ? cause.message : String(cause);
  return new ApplyError('OVN_CONNECTION_FAILED', `the Northbound database accepts no transactions: ${said}`, {
    cause,
  });
}
