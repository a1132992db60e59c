import { ApiError, ConnectionError } from './errors.ts';
import type { HttpResponse } from './http.ts';

/** The body of a good answer. Throws {@link ApiError} for any other. */
export function accepted(response: HttpResponse): string {
  if (response.status >= 200 && response.status < 300) return response.body;
  throw apiError(response);
}

/** The error an answer stands for, also when a proxy made it and it is no Status object. */
export function apiError(response: HttpResponse): ApiError {
  const { status, body, headers } = response;
  const asked = Number(headers['retry-after']);
  const retryAfter = Number.isFinite(asked) ? asked : undefined;
  try {
    const parsed: unknown = JSON.parse(body);
    if (typeof parsed === 'object' && parsed !== null) return new ApiError(status, parsed, retryAfter);
  } catch {
    // Not JSON: what there is of text has to do.
  }
  const message = `the API server answered ${String(status)}: ${body.slice(0, 200)}`;
  return new ApiError(status, { message }, retryAfter);
}

/** The JSON of an answer. Throws {@link ConnectionError} BAD_ANSWER when it is none. */
export function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Without the parser's words as a cause: they quote the answer, which may be a Secret.
    throw new ConnectionError('BAD_ANSWER', 'the API server sent something that is not JSON', { sent: true });
  }
}
