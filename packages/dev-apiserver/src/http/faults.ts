import type { ServerResponse } from 'node:http';
import { ApiError } from '../model/errors.ts';

/** What a test may do to a request. */
export type Fault =
  /** Answer later. */
  | { readonly kind: 'delay'; readonly ms: number }
  /** Answer with this status and do nothing; 429 and 503 say to retry after a second. */
  | { readonly kind: 'status'; readonly code: number }
  /** Cut the connection and do nothing. */
  | { readonly kind: 'cut' }
  /** Do what is asked, and cut the connection instead of answering: the client cannot know. */
  | { readonly kind: 'lost-reply' };

/** What a fault is decided by. */
export interface FaultSubject {
  readonly method: string;
  /** The path without the query. */
  readonly path: string;
  readonly query: URLSearchParams;
}

/** Picks the fault of each request; undefined: none. */
export type FaultInjector = (request: FaultSubject) => Fault | undefined;

const reasons: Readonly<Record<number, string>> = {
  429: 'TooManyRequests',
  500: 'InternalError',
  503: 'ServiceUnavailable',
  504: 'Timeout',
};

/**
 * Carries out a fault before the request is looked at; true when the request is over with it.
 * @throws ApiError for a fault of kind `status`
 */
export async function suffer(fault: Fault | undefined, response: ServerResponse): Promise<boolean> {
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
