/** One entry of a Status object's `details.causes`. */
export interface StatusCause {
  readonly reason?: string;
  readonly message?: string;
  readonly field?: string;
}

/** A Kubernetes Status object, the body of every answer that is a failure. */
export interface KubeStatus {
  readonly kind?: string;
  readonly status?: string;
  readonly code?: number;
  readonly reason?: string;
  readonly message?: string;
  readonly details?: { readonly causes?: readonly StatusCause[]; readonly retryAfterSeconds?: number };
}

/**
 * The API server answered, and refused. `code` is the HTTP status (404, 409, 410, 422, 429, ...), `reason` the
 * Status object's ('NotFound', 'Conflict', 'AlreadyExists', 'Expired', ...). 429 and 5xx pass by themselves;
 * 409 wants a fresh read; other 4xx want another request.
 */
export class ApiError extends Error {
  readonly code: number;
  readonly reason: string;
  readonly causes: readonly StatusCause[];
  /** What the server asked for in `Retry-After` or in the Status object. */
  readonly retryAfterSeconds: number | undefined;

  constructor(code: number, status: KubeStatus, retryAfterSeconds?: number) {
    super(status.message ?? `the API server answered ${String(code)}`);
    this.name = 'ApiError';
    this.code = code;
    this.reason = status.reason ?? 'Unknown';
    this.causes = status.details?.causes ?? [];
    this.retryAfterSeconds = retryAfterSeconds ?? status.details?.retryAfterSeconds;
  }
}

/**
 * There was no (whole) answer: `code` is Node's ('ECONNREFUSED', 'ECONNRESET', ...), 'TIMEOUT' when the deadline
 * passed or a watch was silent for too long, or 'ABORTED' when the caller's signal said so. Whether the request
 * took effect is not known, unless `sent` is false.
 */
export class ConnectionError extends Error {
  readonly code: string;
  readonly sent: boolean;

  constructor(code: string, message: string, options: { readonly sent: boolean; readonly cause?: unknown }) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'ConnectionError';
    this.code = code;
    this.sent = options.sent;
  }
}

/** No such object (or no such kind). */
export const isNotFound = (error: unknown): boolean => error instanceof ApiError && error.code === 404;

/** Somebody else was faster: the resourceVersion or a precondition does not hold any more. */
export const isConflict = (error: unknown): boolean =>
  error instanceof ApiError && error.code === 409 && error.reason !== 'AlreadyExists';

/** A create of something that is there. */
export const isAlreadyExists = (error: unknown): boolean =>
  error instanceof ApiError && error.code === 409 && error.reason === 'AlreadyExists';

/** The resourceVersion or the continue token is too old: list anew. */
export const isExpired = (error: unknown): boolean =>
  error instanceof ApiError && (error.code === 410 || error.reason === 'Expired');

/** The caller's own signal ended the request. */
export const isAborted = (error: unknown): boolean =>
  error instanceof ConnectionError && error.code === 'ABORTED';

/** What a network says when there is nobody at the other end, or nobody any more. */
const unreachableCodes = new Set([
  ...['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'TIMEOUT'],
  ...['EHOSTUNREACH', 'ENETUNREACH', 'ENOTFOUND', 'EAI_AGAIN'],
]);

/**
 * Nobody answers: the server restarts, or the way to it is cut. It costs nothing to try again soon, and nobody is
 * spared by waiting for long.
 */
export const isUnreachable = (error: unknown): boolean =>
  error instanceof ConnectionError && unreachableCodes.has(error.code);
