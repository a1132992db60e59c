/** One entry of a Status object's `details.causes`. */
interface StatusCause {
  readonly reason?: string;
  readonly message?: string;
  readonly field?: string;
}

/** A Kubernetes Status object, the body of every failed response. */
export interface KubeStatus {
  readonly kind?: string;
  readonly status?: string;
  readonly code?: number;
  readonly reason?: string;
  readonly message?: string;
  readonly details?: { readonly causes?: readonly StatusCause[]; readonly retryAfterSeconds?: number };
}

/**
 * The API server rejected the request or failed. `code` is the HTTP status (404, 409, 410, 422, 429, ...).
 * `reason` comes from the Status object ('NotFound', 'Conflict', 'AlreadyExists', 'Expired', ...). A retry
 * can succeed after 429 and 5xx. After 409 the caller must read the object again. After another 4xx the
 * caller must change the request.
 */
export class ApiError extends Error {
  readonly code: number;
  readonly reason: string;
  readonly causes: readonly StatusCause[];
  /** The delay that the server requested in the header `Retry-After` or in the Status object. */
  readonly retryAfterSeconds: number | undefined;

  constructor(code: number, status: KubeStatus, retryAfterSeconds?: number) {
    super(status.message ?? `the API server returned status ${String(code)}`);
    this.name = 'ApiError';
    this.code = code;
    this.reason = status.reason ?? 'Unknown';
    this.causes = status.details?.causes ?? [];
    this.retryAfterSeconds = retryAfterSeconds ?? status.details?.retryAfterSeconds;
  }
}

/**
 * The client received no response or an incomplete response. `code` is the error code of Node
 * ('ECONNREFUSED', 'ECONNRESET', ...), 'TIMEOUT' when the deadline or the idle time-out of a watch expired,
 * or 'ABORTED' when the signal of the caller was aborted. The request may or may not have taken effect,
 * unless `sent` is false.
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

/**
 * The API server has no such object, namespace or kind. A 404 without this reason comes from a proxy, or from an API
 * server that does not serve the group (yet), and proves nothing about an object.
 */
export const isNotFound = (error: unknown): boolean =>
  error instanceof ApiError && error.code === 404 && error.reason === 'NotFound';

/** The resourceVersion is outdated, or a precondition failed, because another client changed the object. */
export const isConflict = (error: unknown): boolean =>
  error instanceof ApiError && error.code === 409 && error.reason !== 'AlreadyExists';

/** The object to create already exists. */
export const isAlreadyExists = (error: unknown): boolean =>
  error instanceof ApiError && error.code === 409 && error.reason === 'AlreadyExists';

/** The resourceVersion or the continue token is too old; the client must list again. */
export const isExpired = (error: unknown): boolean =>
  error instanceof ApiError && (error.code === 410 || error.reason === 'Expired');

/**
 * The object may have changed or disappeared before a write reached it. An admission policy, a webhook and a quota can
 * answer with the same codes, so the caller must read the object again (read-again.ts).
 */
export const isPerhapsStale = (error: unknown): boolean =>
  error instanceof ApiError && (error.code === 404 || error.code === 409 || error.code === 422);

/**
 * Returns the error of a request that its caller aborted.
 *
 * @param sent whether the server may have executed the request
 */
export const abortedError = (sent: boolean): ConnectionError =>
  new ConnectionError('ABORTED', 'the caller aborted the request', { sent });

/** The signal of the caller aborted the request. */
export const isAborted = (error: unknown): boolean =>
  error instanceof ConnectionError && error.code === 'ABORTED';

/** The error codes of a server that is down or cannot be reached. */
const unreachableCodes = new Set([
  ...['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'TIMEOUT'],
  ...['EHOSTUNREACH', 'ENETUNREACH', 'ENOTFOUND', 'EAI_AGAIN', 'EPROXY'],
]);

/**
 * The server is down, restarts or cannot be reached. Retries put no load on a server that cannot be reached, so the
 * backoff can stay short.
 */
export const isUnreachable = (error: unknown): boolean =>
  error instanceof ConnectionError && unreachableCodes.has(error.code);
