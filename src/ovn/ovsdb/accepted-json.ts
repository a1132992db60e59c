/**
 * False for JSON text that OVS's parser ends the session for (its `lib/json.c`): NUL, and halves of surrogate
 * pairs. One such string would take down all that is under way. JSON.stringify writes both as escapes.
 */
export function isSpeakable(json: string): boolean {
  return !json.includes('\\u') || !/(?<!\\)(?:\\\\)*\\u(?:0000|d[89a-f])/.test(json);
}
