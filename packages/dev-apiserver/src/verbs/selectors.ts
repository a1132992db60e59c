import { badRequest, invalidValue } from '../model/errors.ts';
import { labelValueProblems, qualifiedNameProblems } from '../model/metadata.ts';

/** A parsed selector. Returns true when it matches the labels or field values. */
export type Matcher = (values: (key: string) => string | undefined) => boolean;

/** A parsed requirement of a field selector: `key=value` or `key!=value`. */
export interface FieldRequirement {
  readonly key: string;
  readonly negated: boolean;
  readonly value: string;
}

const token = /\s*(==|!=|=|!|\(|\)|,|<|>|[^\s=!(),<>]+|$)/y;

/** Splits a label selector into tokens. */
class Tokens {
  readonly #text: string;
  #position = 0;

  constructor(text: string) {
    this.#text = text;
  }

  peek(): string {
    token.lastIndex = this.#position;
    return token.exec(this.#text)?.[1] ?? '';
  }

  next(): string {
    const value = this.peek();
    this.#position = token.lastIndex;
    return value;
  }
}

/**
 * Parses a label selector (Kubernetes documentation, "Labels and Selectors"): `a=b`, `a==b`, `a!=b`, `a in
 * (b,c)`, `a notin (b,c)`, `a`, `!a`, `a>1`, `a<1`, joined by commas. Returns undefined for an empty
 * selector, which matches everything.
 *
 * @throws ApiError 400 as the real server does
 */
export function parseLabelSelector(text: string): Matcher | undefined {
  if (text.trim() === '') return undefined;
  const tokens = new Tokens(text);
  const requirements: Matcher[] = [];
  for (;;) {
    requirements.push(requirement(tokens));
    const end = tokens.next();
    if (end === '') break;
    if (end !== ',') throw badRequest(`found '${end}', expected: ',' or 'end of string'`);
    if (tokens.peek() === '') throw badRequest(`found '', expected: identifier after ','`);
  }
  return (values) => requirements.every((matches) => matches(values));
}

function requirement(tokens: Tokens): Matcher {
  if (tokens.peek() === '!') {
    tokens.next();
    const key = keyFrom(tokens);
    return (values) => values(key) === undefined;
  }
  const key = keyFrom(tokens);
  const operator = tokens.peek();
  if (operator === '' || operator === ',') return (values) => values(key) !== undefined;
  tokens.next();
  switch (operator) {
    case '=':
    case '==': {
      const wanted = valueFrom(tokens, key);
      return (values) => values(key) === wanted;
    }
    case '!=': {
      const unwanted = valueFrom(tokens, key);
      return (values) => values(key) !== unwanted;
    }
    case 'in': {
      const wanted = valuesFrom(tokens, key);
      return (values) => {
        const value = values(key);
        return value !== undefined && wanted.has(value);
      };
    }
    case 'notin': {
      const unwanted = valuesFrom(tokens, key);
      return (values) => {
        const value = values(key);
        return value === undefined || !unwanted.has(value);
      };
    }
    case '>':
    case '<': {
      const text = valueFrom(tokens, key);
      if (!/^-?\d+$/.test(text)) {
        throw invalidPart(
          `values[0][${key}]`,
          text,
          "for 'Gt', 'Lt' operators, the value must be an integer",
        );
      }
      const bound = BigInt(text);
      return (values) => {
        const value = values(key);
        if (value === undefined || !/^-?\d+$/.test(value)) return false;
        return operator === '>' ? BigInt(value) > bound : BigInt(value) < bound;
      };
    }
    default:
      throw unparsable(`found '${operator}', expected: in, notin, =, ==, !=, gt, lt`);
  }
}

function keyFrom(tokens: Tokens): string {
  const key = tokens.next();
  if (key === '' || /^[=!(),<>]/.test(key))
    throw badRequest(`found '${key}', expected: !, identifier, or 'end of string'`);
  const [problem] = qualifiedNameProblems(key);
  if (problem !== undefined) throw invalidPart('key', key, problem);
  return key;
}

function valueFrom(tokens: Tokens, key: string): string {
  const ahead = tokens.peek();
  if (ahead === '' || ahead === ',') return '';
  const value = tokens.next();
  if (/^[=!()<>]/.test(value)) throw unparsable(`found '${value}', expected: identifier`);
  return checkedValue(value, key);
}

function valuesFrom(tokens: Tokens, key: string): ReadonlySet<string> {
  const open = tokens.next();
  if (open !== '(') throw unparsable(`found '${open}' expected: '('`);
  const values = new Set<string>();
  for (;;) {
    const ahead = tokens.next();
    if (ahead === ')') {
      // `in ()` selects the empty value. A comma without a value beside it also selects the empty value.
      if (values.size === 0) values.add('');
      return values;
    }
    if (ahead === ',') {
      if (tokens.peek() === ',' || tokens.peek() === ')') values.add('');
      continue;
    }
    if (ahead === '') throw unparsable(`found '', expected: ',' or ')'`);
    values.add(checkedValue(ahead, key));
  }
}

function checkedValue(value: string, key: string): string {
  const [problem] = labelValueProblems(value);
  if (problem !== undefined) throw invalidPart(`values[0][${key}]`, value, problem);
  return value;
}

function unparsable(why: string): Error {
  return badRequest(`unable to parse requirement: ${why}`);
}

function invalidPart(field: string, value: string, why: string): Error {
  return unparsable(`${field}: ${invalidValue(field, value, why).message}`);
}

/**
 * Parses a field selector: `key=value`, `key==value` or `key!=value`, joined by commas. `\` escapes `\`, `,`
 * and `=`.
 *
 * @throws ApiError 400
 */
export function parseFieldSelector(text: string): FieldRequirement[] {
  const requirements: FieldRequirement[] = [];
  for (const term of text.match(/(?:\\.|[^,\\])+/gs) ?? []) {
    const parts = /^((?:\\.|[^=!\\])*)(!=|==|=)(.*)$/s.exec(term);
    if (parts === null) throw badRequest(`invalid selector: '${text}'; can't understand '${term}'`);
    const [, key = '', operator, value = ''] = parts;
    const unescaped = value.replace(/\\([\\,=])/g, '$1');
    requirements.push({ key: key.trim(), negated: operator === '!=', value: unescaped });
  }
  return requirements;
}
