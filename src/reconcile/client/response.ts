import { ApiError, ConnectionError } from './errors.ts';
import type { HttpResponse } from './http.ts';

/**
 * Returns the body of a successful response.
 *
 * @throws ApiError when the status is not 2xx
 */
export function bodyOf(response: HttpResponse): string {
  if (response.status >= 200 && response.status < 300) return response.body;
  throw apiErrorOf(response);
}

/** Converts a failed response to an error. The body can be a Status object or, from a proxy, any text. */
export function apiErrorOf(response: HttpResponse): ApiError {
  const { status, body, headers } = response;
  const seconds = Number(headers['retry-after']);
  const retryAfter = Number.isFinite(seconds) ? seconds : undefined;
  try {
    const parsed: unknown = JSON.parse(body);
    if (typeof parsed === 'object' && parsed !== null) return new ApiError(status, parsed, retryAfter);
  } catch {
    // The body is not JSON, so the message below contains its text.
  }
  const message = `the API server returned status ${String(status)}: ${body.slice(0, 200)}`;
  return new ApiError(status, { message }, retryAfter);
}

/**
 * Parses the JSON of a response.
 *
 * @throws ConnectionError BAD_ANSWER when the text is not JSON
 */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // The error has no cause: the message of the parser quotes the response, which can contain a Secret.
    throw new ConnectionError('BAD_ANSWER', 'the API server returned a response that is not JSON', {
      sent: true,
    });
  }
}
