/**
 * - `NOT_READY`: not in effect in time; trying again may help. `STALLED`: it needs a change by somebody first.
 * - `NOT_BOUND`: no host, or another one, had the interface up in time.
 * - `ALREADY_ATTACHED`: another machine has it. `EXISTS`: there is one of that name that is otherwise.
 * - `GONE`: it is not there (any more), or is being deleted.
 */
export type PortErrorCode = 'NOT_READY' | 'STALLED' | 'NOT_BOUND' | 'ALREADY_ATTACHED' | 'EXISTS' | 'GONE';

/** Why a call for a Port failed. What the API server says beside that comes as its own ApiError or ConnectionError. */
export class PortError extends Error {
  readonly code: PortErrorCode;

  constructor(code: PortErrorCode, message: string, { cause }: ErrorOptions = {}) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'PortError';
    this.code = code;
  }
}
