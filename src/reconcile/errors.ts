/**
 * A reconcile that no retry can mend: the key rests until its object, or something it refers to, changes.
 * Anything else that a reconciler throws is retried with backoff.
 */
export class TerminalError extends Error {
  readonly code: string;

  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'TerminalError';
    this.code = code;
  }
}
