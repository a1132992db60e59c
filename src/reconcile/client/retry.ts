import type { PatchOptions } from './client.ts';
import { ApiError, ConnectionError } from './errors.ts';

/**
 * When the client may retry a request. `always`: the request is idempotent. `ifUnsent`: only when the server
 * cannot have executed the request.
 */
export type RetryPolicy = 'always' | 'ifUnsent';

/** The retry policy of a patch; the caller declares whether the patch is idempotent. */
export const retryPolicyOf = (options: PatchOptions = {}): RetryPolicy =>
  options.idempotent === true ? 'always' : 'ifUnsent';

/** Whether the client may retry a request that failed with `error`. */
export function mayRetry(error: unknown, policy: RetryPolicy): boolean {
  if (error instanceof ApiError) {
    // The server returns 429 before it executes the request; it can return a 5xx afterwards.
    return error.code === 429 || (policy === 'always' && error.code >= 500 && error.code !== 501);
  }
  if (error instanceof ConnectionError) {
    if (error.code === 'ABORTED' || error.code === 'TIMEOUT') return false;
    return policy === 'always' || !error.sent;
  }
  return false;
}
