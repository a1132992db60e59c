/**
 * Returns whether OVS accepts the JSON text. The JSON parser of OVS (`lib/json.c`) closes the session when a
 * string contains a NUL or a lone surrogate, which fails all other requests in flight. JSON.stringify escapes
 * both.
 */
export function isAcceptedJson(json: string): boolean {
  return !json.includes('\\u') || !/(?<!\\)(?:\\\\)*\\u(?:0000|d[89a-f])/.test(json);
}
