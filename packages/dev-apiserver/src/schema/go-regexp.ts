/**
 * Compiles RE2 patterns (the syntax of Go's regexp package) to JavaScript regular expressions. Schemas and
 * the function `matches` of CEL use RE2. RE2 is almost a subset of JavaScript, with some differences in
 * notation. Features that only JavaScript has (look-around, back-references) are rejected, because a real
 * cluster rejects the CRD.
 */

const cache = new Map<string, RegExp>();

/**
 * Compiles an RE2 pattern. The result is shared and stateless (no `g` flag). It matches anywhere unless the
 * pattern is anchored.
 *
 * @throws SyntaxError when the pattern is not valid in RE2
 */
export function goRegExp(pattern: string): RegExp {
  let compiled = cache.get(pattern);
  if (compiled === undefined) {
    compiled = compile(pattern);
    cache.set(pattern, compiled);
  }
  return compiled;
}

const posixClasses: Readonly<Record<string, string>> = {
  alnum: '0-9A-Za-z',
  alpha: 'A-Za-z',
  ascii: '\\x00-\\x7F',
  blank: '\\t ',
  cntrl: '\\x00-\\x1F\\x7F',
  digit: '0-9',
  graph: '!-~',
  lower: 'a-z',
  print: ' -~',
  punct: '!-\\/:-@\\[-`\\{-~',
  space: '\\t\\n\\v\\f\\r ',
  upper: 'A-Z',
  word: '0-9A-Za-z_',
  xdigit: '0-9A-Fa-f',
};

/** The characters that JavaScript allows to escape in `u` mode. RE2 allows to escape any punctuation. */
const SYNTAX_CHARACTERS = '^$\\.*+?()[]{}|/';

function compile(pattern: string): RegExp {
  let flags = 'u';
  let rest = pattern;
  const leading = /^\(\?([ims]+)\)/.exec(pattern);
  if (leading?.[1] !== undefined) {
    flags += leading[1];
    rest = pattern.slice(leading[0].length);
  }
  return new RegExp(translate(rest, pattern), flags);
}

function translate(source: string, whole: string): string {
  let out = '';
  let inClass = false;
  for (let i = 0; i < source.length; i++) {
    const char = source[i] ?? '';
    if (char === '\\') {
      const next = source[++i];
      if (next === undefined) throw new SyntaxError(`trailing backslash at end of expression: ${whole}`);
      out += escape(next, inClass, whole);
    } else if (inClass) {
      const posix = /^\[:(\^?)(\w+):\]/.exec(source.slice(i));
      if (posix !== null) {
        const members = posixClasses[posix[2] ?? ''];
        if (members === undefined || posix[1] === '^')
          throw new SyntaxError(`invalid character class range: ${posix[0]}`);
        out += members;
        i += posix[0].length - 1;
      } else if (char === ']') {
        inClass = false;
        out += char;
      } else {
        out += char === '[' ? '\\[' : char;
      }
    } else if (char === '[') {
      inClass = true;
      out += char;
      if (source[i + 1] === '^') out += source[++i] ?? '';
      // In RE2, a bracket in the first position is a member of the class.
      if (source[i + 1] === ']') {
        out += '\\]';
        i++;
      }
    } else if (char === '(' && source[i + 1] === '?') {
      if (/^\(\?(?:=|!|<=|<!)/.test(source.slice(i)))
        throw new SyntaxError(`invalid or unsupported Perl syntax: ${whole}`);
      out += char;
      if (source.startsWith('(?P<', i)) {
        out += '?';
        i += 2;
      }
    } else if (char === '{') {
      const repetition = /^\{\d+(?:,\d*)?\}/.exec(source.slice(i))?.[0];
      out += repetition ?? '\\{';
      i += (repetition?.length ?? 1) - 1;
    } else if (char === '}' || char === ']') {
      // In RE2, an unmatched closing bracket is a plain character.
      out += `\\${char}`;
    } else {
      out += char;
    }
  }
  return out;
}

function escape(next: string, inClass: boolean, whole: string): string {
  if (/[1-9]/.test(next)) throw new SyntaxError(`invalid escape sequence: \\${next} in ${whole}`);
  if (!inClass && next === 'A') return '(?<![^])';
  if (!inClass && next === 'z') return '(?![^])';
  if (next === 'a') return '\\x07';
  if (/[a-zA-Z0-9]/.test(next)) return `\\${next}`;
  if (SYNTAX_CHARACTERS.includes(next) || (inClass && next === '-')) return `\\${next}`;
  return next;
}
