import { realClock, sleep } from '../base/index.ts';
import { ApiError, ConnectionError, isAborted } from '../reconcile/index.ts';

/** The time-out and the abort signal of a call. */
export interface CallOptions {
  /**
   * In ms, including retries; the default is 30,000. The last request of a wait can exceed the time-out by up
   * to three seconds.
   */
  readonly timeoutMs?: number;
  /**
   * Rejects the call with the signal's reason. A change that was in progress may or may not have taken
   * effect.
   */
  readonly signal?: AbortSignal;
}

/** The result of one check: the value, or the reason why the condition does not hold yet. */
export type Check<T> = { readonly found: T } | { readonly missing: string };

/** The first pause between two checks, in ms. */
const MIN_PAUSE_MS = 50;
/** The longest pause between two checks, in ms. */
const MAX_PAUSE_MS = 1_000;
/**
 * The minimum time-out of the request of a check, in ms, so that the last check has enough time to succeed.
 */
const MIN_CHECK_TIMEOUT_MS = 3_000;

/**
 * Calls `check` until it finds a value. Errors of an API server that is unavailable for a while do not end
 * the wait.
 *
 * @param timeoutError creates the error for a wait that timed out, from the reason and the last error
 * @throws other errors of `check`, immediately; the signal's reason after an abort
 */
export async function pollUntil<T>(
  check: (options: CallOptions) => Promise<Check<T>>,
  { timeoutMs = 30_000, signal }: CallOptions,
  timeoutError: (missing: string, cause: unknown) => Error,
): Promise<T> {
  const deadline = realClock.now() + timeoutMs;
  for (let pause = MIN_PAUSE_MS; ; pause = Math.min(pause * 1.5, MAX_PAUSE_MS)) {
    signal?.throwIfAborted();
    let missing: string;
    let cause: unknown;
    try {
      const checkMs = Math.max(deadline - realClock.now(), MIN_CHECK_TIMEOUT_MS);
      const result = await check({ timeoutMs: checkMs, ...(signal === undefined ? {} : { signal }) });
      if ('found' in result) return result.found;
      ({ missing } = result);
    } catch (error) {
      if (!isTransient(error)) throw error;
      missing = error.message;
      cause = error;
    }
    const left = deadline - realClock.now();
    if (left <= 0) throw timeoutError(missing, cause);
    await sleep(realClock, Math.min(pause, left), signal);
  }
}

/** Whether a later request can succeed: the server did not answer, is overloaded or failed. */
function isTransient(error: unknown): error is ApiError | ConnectionError {
  if (error instanceof ApiError) return error.code === 429 || error.code >= 500;
  return error instanceof ConnectionError && !isAborted(error) && error.code !== 'NO_CREDENTIALS';
}

/**
 * Returns the result of `request`.
 *
 * @throws the signal's reason when `request` failed and the signal is aborted; otherwise the error of
 *   `request`
 */
export async function withAbortReason<T>(signal: AbortSignal | undefined, request: Promise<T>): Promise<T> {
  try {
    return await request;
  } catch (error) {
    signal?.throwIfAborted();
    throw error;
  }
}
