import { type Clock, sleep } from './clock.ts';

/** How {@link within} ends the work. */
export interface Bounds {
  readonly clock: Clock;
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
  /** Returns the error for work that did not end in time, or that the caller aborted. */
  readonly error: (end: 'timeout' | 'abort') => Error;
}

/**
 * Runs `work` for a limited time. Aborts the signal of the work when the time is over or the caller aborts, and then
 * rejects at once, even if the work ignores its signal.
 */
export async function within<R>(
  { clock, timeoutMs, signal, error }: Bounds,
  work: (signal: AbortSignal) => Promise<R>,
): Promise<R> {
  const ended = new AbortController();
  const either = signal === undefined ? ended.signal : AbortSignal.any([ended.signal, signal]);
  const late = sleep(clock, timeoutMs, either).then((): never => {
    throw error(signal?.aborted === true ? 'abort' : 'timeout');
  });
  try {
    return await Promise.race([late, work(either)]);
  } finally {
    ended.abort();
    late.catch(() => undefined);
  }
}
