import type { ServerResponse } from 'node:http';
import { ApiError } from '../model/errors.ts';

/** A fault that a test injects into a request. */
export type Fault =
  /** Delays the request. */
  | { readonly kind: 'delay'; readonly ms: number }
  /** Answers with this status without executing the request. 429 and 503 carry `Retry-After: 1`. */
  | { readonly kind: 'status'; readonly code: number }
  /** Closes the connection without executing the request. */
  | { readonly kind: 'cut' }
  /**
   * Executes the request, then closes the connection without an answer. The client does not know the result.
   */
  | { readonly kind: 'lost-reply' };

/** The properties of a request by which an injector selects a fault. */
export interface FaultSubject {
  readonly method: string;
  /** The path without the query. */
  readonly path: string;
  readonly query: URLSearchParams;
}

/** Selects the fault of a request. Undefined means no fault. */
export type FaultInjector = (request: FaultSubject) => Fault | undefined;

const reasons: Readonly<Record<number, string>> = {
  429: 'TooManyRequests',
  500: 'InternalError',
  503: 'ServiceUnavailable',
  504: 'Timeout',
};

/**
 * Executes the part of a fault that precedes the request.
 *
 * @returns true when the request must not be executed
 * @throws ApiError for a fault of kind `status`
 */
export async function injectFault(fault: Fault | undefined, response: ServerResponse): Promise<boolean> {
  switch (fault?.kind) {
    case 'delay':
      await new Promise((resolve) => setTimeout(resolve, fault.ms));
      return false;
    case 'cut':
      response.destroy();
      return true;
    case 'status': {
      const retry = fault.code === 429 || fault.code === 503 ? { retryAfterSeconds: 1 } : {};
      const reason = reasons[fault.code] ?? 'InternalError';
      throw new ApiError(fault.code, reason, `injected fault ${fault.code}`, retry);
    }
    default:
      return false;
  }
}
