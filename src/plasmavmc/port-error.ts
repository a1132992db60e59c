/**
 * - `NOT_READY`: the Port did not become Ready before the time-out; a retry can succeed.
 * - `STALLED`: the Port cannot become Ready until a user changes an object.
 * - `NOT_BOUND`: the interface did not come up on the expected host before the time-out.
 * - `ALREADY_ATTACHED`: another machine is attached to the Port.
 * - `EXISTS`: a Port with the same name and another spec exists.
 * - `GONE`: the Port does not exist, or is being deleted.
 */
export type PortErrorCode = 'NOT_READY' | 'STALLED' | 'NOT_BOUND' | 'ALREADY_ATTACHED' | 'EXISTS' | 'GONE';

/**
 * The failure of a call for a Port. Other refusals of the API server are an ApiError or a ConnectionError.
 */
export class PortError extends Error {
  readonly code: PortErrorCode;

  constructor(code: PortErrorCode, message: string, { cause }: ErrorOptions = {}) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'PortError';
    this.code = code;
  }
}
