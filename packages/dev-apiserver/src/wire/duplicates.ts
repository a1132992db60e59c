/**
 * Finds members that occur twice in an object of a JSON text. `JSON.parse` silently keeps the last of them.
 * Returns their paths in the notation of a real server: `spec.color`, `spec.rules[0].name`. The text must be
 * valid JSON.
 */
export function duplicateFields(text: string): string[] {
  const found: string[] = [];
  const path: string[] = [];
  let at = 0;

  const space = (): void => {
    for (let code = text.charCodeAt(at); code === 32 || code === 10 || code === 13 || code === 9;)
      code = text.charCodeAt(++at);
  };
  const string = (): string => {
    const start = at + 1;
    let end = text.indexOf('"', start);
    let escaped = false;
    // A quote after an odd number of backslashes belongs to the string.
    while (isEscaped(text, end)) {
      escaped = true;
      end = text.indexOf('"', end + 1);
    }
    at = end + 1;
    const raw = text.slice(start, end);
    return escaped || raw.includes('\\') ? (JSON.parse(`"${raw}"`) as string) : raw;
  };
  const value = (): void => {
    space();
    const first = text[at];
    if (first === '{') object();
    else if (first === '[') array();
    else if (first === '"') string();
    else while (at < text.length && !',]} \n\r\t'.includes(text[at] ?? '')) at += 1;
    space();
  };
  const object = (): void => {
    const seen = new Set<string>();
    at += 1;
    space();
    while (text[at] !== '}') {
      const key = string();
      path.push(path.length === 0 ? key : `.${key}`);
      if (seen.has(key)) found.push(path.join(''));
      seen.add(key);
      space();
      at += 1; // skips the colon
      value();
      path.pop();
      if (text[at] === ',') at += 1;
      space();
    }
    at += 1;
  };
  const array = (): void => {
    at += 1;
    space();
    for (let index = 0; text[at] !== ']'; index += 1) {
      path.push(`[${index}]`);
      value();
      path.pop();
      if (text[at] === ',') at += 1;
      space();
    }
    at += 1;
  };

  value();
  return [...new Set(found)];
}

function isEscaped(text: string, quote: number): boolean {
  let backslashes = 0;
  while (text.charCodeAt(quote - 1 - backslashes) === 92) backslashes += 1;
  return backslashes % 2 === 1;
}
