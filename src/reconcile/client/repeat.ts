import type { PatchOptions } from './client.ts';
import { ApiError, ConnectionError } from './errors.ts';

/**
 * When a request may be sent once more: `always` when its effect is the same however often it is made, `unsent`
 * when only if the server cannot have carried it out.
 */
export type Repeat = 'always' | 'unsent';

/** A patch says itself whether it is idempotent. */
export const repeatOf = (options: PatchOptions = {}): Repeat =>
  options.idempotent === true ? 'always' : 'unsent';

/** Whether a request that came to this may be sent once more. */
export function mayRepeat(error: unknown, repeat: Repeat): boolean {
  if (error instanceof ApiError) {
    // 429 is said before anything is done; a 5xx may come after.
    return error.code === 429 || (repeat === 'always' && error.code >= 500 && error.code !== 501);
  }
  if (error instanceof ConnectionError) {
    if (error.code === 'ABORTED' || error.code === 'TIMEOUT') return false;
    return repeat === 'always' || !error.sent;
  }
  return false;
}
