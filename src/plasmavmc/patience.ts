import { realClock, sleep } from '../base/index.ts';
import { ApiError, ConnectionError, isAborted } from '../reconcile/index.ts';

/** How long to try, and until when somebody loses interest. */
export interface CallOptions {
  /** In ms, with repeats; default: 30 000. The last look of a wait may take three seconds more. */
  readonly timeoutMs?: number;
  /** Rejects with the signal's reason. Whether a change that was under way took effect is then not known. */
  readonly signal?: AbortSignal;
}

/** What one look came to: what was waited for, or what it still lacks, for a person. */
export type Seen<T> = { readonly found: T } | { readonly missing: string };

/** First and longest pause between two looks, in ms. */
const pauseMs = { first: 50, most: 1_000 };
/** What a look may take at least, in ms: one whose time is nearly up should still be worth it. */
const leastLookMs = 3_000;

/**
 * Looks until something is found. An API server that cannot be asked for the moment is one more thing to wait for.
 *
 * @param giveUp makes the error of a wait that took too long
 * @throws what `look` throws beside that, at once; the signal's reason
 */
export async function patiently<T>(
  look: (options: CallOptions) => Promise<Seen<T>>,
  { timeoutMs = 30_000, signal }: CallOptions,
  giveUp: (missing: string, cause: unknown) => Error,
): Promise<T> {
  const deadline = realClock.now() + timeoutMs;
  for (let pause = pauseMs.first; ; pause = Math.min(pause * 1.5, pauseMs.most)) {
    signal?.throwIfAborted();
    let missing: string;
    let cause: unknown;
    try {
      const lookMs = Math.max(deadline - realClock.now(), leastLookMs);
      const seen = await look({ timeoutMs: lookMs, ...(signal === undefined ? {} : { signal }) });
      if ('found' in seen) return seen.found;
      ({ missing } = seen);
    } catch (error) {
      if (!mayPass(error)) throw error;
      missing = error.message;
      cause = error;
    }
    const left = deadline - realClock.now();
    if (left <= 0) throw giveUp(missing, cause);
    await sleep(realClock, Math.min(pause, left), signal);
  }
}

/** No answer, or one that asks for another try; not that nobody knows whom to ask. */
function mayPass(error: unknown): error is ApiError | ConnectionError {
  if (error instanceof ApiError) return error.code === 429 || error.code >= 500;
  return error instanceof ConnectionError && !isAborted(error) && error.code !== 'NO_CREDENTIALS';
}

/** The outcome of a request, or the reason of its signal in place of the error of one that was given up. */
export async function unlessAborted<T>(signal: AbortSignal | undefined, request: Promise<T>): Promise<T> {
  try {
    return await request;
  } catch (error) {
    signal?.throwIfAborted();
    throw error;
  }
}
