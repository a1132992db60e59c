/**
 * A parser and evaluator for the part of OVN's match language (ovn-sb(5), "Expressions") that ACLs use. It shares no
 * code with the operator.
 *
 * As in OVN, a comparison implies its prerequisites, and `!` does not negate the prerequisites: the negation applies to
 * each comparison. As in OVN, these are errors: `&&` and `||` without parentheses, and ranges and negation of nominal
 * fields.
 */
import ipaddr from 'ipaddr.js';

/** The fields of a packet. Fields that the packet does not have are undefined. */
export interface Fields {
  readonly inport: string;
  readonly outport: string;
  readonly isMulticastFrame: boolean;
  readonly source: string;
  readonly destination: string;
  readonly protocol: number;
  readonly ttl: number;
  readonly sourcePort?: number;
  readonly port?: number;
  readonly icmp?: { readonly type: number; readonly code: number };
}

/** Resolves names: the ports of a port group, and the addresses of an address set. */
export interface Names {
  readonly group: (name: string) => ReadonlySet<string>;
  readonly set: (name: string) => ReadonlySet<string>;
}

type Test = (fields: Fields, names: Names, negated: boolean) => boolean;

const cache = new Map<string, Test>();

/**
 * Checks the syntax of a match.
 * @throws SyntaxError when OVN would reject the match, or when this parser does not support it
 */
export function check(text: string): void {
  new Parser(text).parse();
}

/**
 * Whether a packet matches.
 * @throws SyntaxError when OVN would reject the match, or when this parser does not support it
 */
export function evaluate(text: string, fields: Fields, names: Names): boolean {
  let test = cache.get(text);
  if (test === undefined) cache.set(text, (test = new Parser(text).parse()));
  return test(fields, names, false);
}

const version = (ip: string): 4 | 6 => (ipaddr.parse(ip).kind() === 'ipv4' ? 4 : 6);
const is4 = (fields: Fields): boolean => version(fields.source) === 4;
const isIcmp =
  (v: 4 | 6) =>
  (fields: Fields): boolean =>
    version(fields.source) === v && fields.protocol === (v === 4 ? 1 : 58);
const isNd =
  (type: number) =>
  (fields: Fields): boolean =>
    isIcmp(6)(fields) && fields.icmp?.type === type && fields.icmp.code === 0 && fields.ttl === 255;
const isProtocol =
  (number: number) =>
  (fields: Fields): boolean =>
    fields.protocol === number;

/** The predicates. Only predicates in `negatable` may be negated. */
const predicates: Readonly<Record<string, (fields: Fields) => boolean>> = {
  '1': () => true,
  '0': () => false,
  ip: () => true,
  // The packets of the model are IP packets.
  arp: () => false,
  ip4: is4,
  ip6: (fields) => !is4(fields),
  tcp: isProtocol(6),
  udp: isProtocol(17),
  sctp: isProtocol(132),
  icmp4: isIcmp(4),
  icmp6: isIcmp(6),
  nd_ns: isNd(135),
  nd_na: isNd(136),
  nd_ra: isNd(134),
  'eth.mcast': ({ isMulticastFrame }) => isMulticastFrame,
};
const negatable = new Set(['1', '0', 'eth.mcast']);

interface Field {
  readonly requires: string;
  readonly isNominal: boolean;
  readonly value: (fields: Fields) => string | number | undefined;
}

const field = (
  requires: string,
  value: (fields: Fields) => string | number | undefined,
  isNominal = false,
): Field => ({ requires, isNominal, value });

const fieldsByName: Readonly<Record<string, Field>> = {
  'ip4.src': field('ip4', ({ source }) => source),
  'ip4.dst': field('ip4', ({ destination }) => destination),
  'ip6.src': field('ip6', ({ source }) => source),
  'ip6.dst': field('ip6', ({ destination }) => destination),
  'arp.spa': field('arp', () => undefined),
  'tcp.dst': field('tcp', ({ port }) => port),
  'udp.src': field('udp', ({ sourcePort }) => sourcePort),
  'udp.dst': field('udp', ({ port }) => port),
  'sctp.dst': field('sctp', ({ port }) => port),
  'ip.proto': field('ip', ({ protocol }) => protocol, true),
  'icmp4.type': field('icmp4', ({ icmp }) => icmp?.type, true),
  'icmp4.code': field('icmp4', ({ icmp }) => icmp?.code, true),
  'icmp6.type': field('icmp6', ({ icmp }) => icmp?.type, true),
  'icmp6.code': field('icmp6', ({ icmp }) => icmp?.code, true),
};

class Parser {
  readonly #text: string;
  readonly #tokens: string[];
  #at = 0;

  constructor(text: string) {
    this.#text = text;
    const token = /\s*(&&|\|\||==|!=|>=|<=|[!(){},]|"(?:[^"\\]|\\.)*"|[@$]?[A-Za-z0-9_.:/]+)/y;
    this.#tokens = [];
    while (token.lastIndex < text.trimEnd().length) {
      const found = token.exec(text);
      if (found?.[1] === undefined) throw this.#error('an invalid character');
      this.#tokens.push(found[1]);
    }
  }

  parse(): Test {
    const test = this.#chain();
    if (this.#at < this.#tokens.length) throw this.#error(`${this.#peek()} after the end`);
    return test;
  }

  #chain(): Test {
    const parts = [this.#unary()];
    const operator = this.#peek();
    if (operator !== '&&' && operator !== '||') return parts[0] as Test;
    while (this.#peek() === operator) {
      this.#take();
      parts.push(this.#unary());
    }
    if (this.#peek() === '&&' || this.#peek() === '||') throw this.#error('&& and || without parentheses');
    return (fields, names, negated) =>
      (operator === '&&') !== negated
        ? parts.every((part) => part(fields, names, negated))
        : parts.some((part) => part(fields, names, negated));
  }

  #unary(): Test {
    const token = this.#take();
    if (token === '!') {
      const inner = this.#unary();
      return (fields, names, negated) => inner(fields, names, !negated);
    }
    if (token === '(') {
      const inner = this.#chain();
      this.#expect(')');
      return inner;
    }
    const next = this.#peek();
    if (next === '==' || next === '!=' || next === '>=' || next === '<=') return this.#comparison(token);
    const predicate = Object.hasOwn(predicates, token) ? predicates[token] : undefined;
    if (predicate === undefined) throw this.#error(`the predicate ${token}`);
    return (fields, _names, negated) => {
      if (negated && !negatable.has(token)) throw this.#error(`negation of ${token}`);
      return predicate(fields) !== negated;
    };
  }

  #comparison(name: string): Test {
    const operator = this.#take();
    const texts = this.#values();
    if (name === 'inport' || name === 'outport') return this.#port(name, operator, texts);
    const of = Object.hasOwn(fieldsByName, name) ? fieldsByName[name] : undefined;
    const prerequisite = of && predicates[of.requires];
    if (of === undefined || prerequisite === undefined) throw this.#error(`the field ${name}`);
    if (of.isNominal && operator !== '==') throw this.#error(`${operator} of the nominal field ${name}`);
    const isRange = operator === '>=' || operator === '<=';
    if (isRange && texts.length > 1) throw this.#error('a range with a set');
    const constants = texts.map(constant);
    return (fields, names, negated) => {
      if (of.isNominal && negated) throw this.#error(`negation of the nominal field ${name}`);
      if (!prerequisite(fields)) return false;
      const actual = actualOf(of.value(fields));
      const holds = constants.some((holdsFor) => holdsFor(actual, operator, names));
      return (holds !== (operator === '!=')) !== negated;
    };
  }

  #port(name: 'inport' | 'outport', operator: string, values: readonly string[]): Test {
    const [value = ''] = values;
    if (operator !== '==' || values.length !== 1) throw this.#error(`this comparison of ${name}`);
    return (fields, names, negated) => {
      if (negated) throw this.#error(`negation of ${name}`);
      return value.startsWith('@')
        ? names.group(value.slice(1)).has(fields[name])
        : JSON.parse(value) === fields[name];
    };
  }

  #values(): string[] {
    if (this.#peek() !== '{') return [this.#take()];
    this.#take();
    const values = [this.#take()];
    while (this.#peek() === ',') {
      this.#take();
      values.push(this.#take());
    }
    this.#expect('}');
    return values;
  }

  #peek(): string {
    return this.#tokens[this.#at] ?? '';
  }

  #take(): string {
    const token = this.#tokens[this.#at++];
    if (token === undefined) throw this.#error('the end of the text');
    return token;
  }

  #expect(token: string): void {
    const found = this.#take();
    if (found !== token) throw this.#error(`${found} instead of ${token}`);
  }

  #error(what: string): SyntaxError {
    return new SyntaxError(`OVN would reject ${what} in: ${this.#text}`);
  }
}

/** The value of a field in a packet, prepared for comparisons. */
interface Actual {
  readonly text: string;
  readonly number: number;
  readonly address: ipaddr.IPv4 | ipaddr.IPv6 | undefined;
}

function actualOf(value: string | number | undefined): Actual {
  if (typeof value === 'string') return { text: value, number: NaN, address: ipaddr.parse(value) };
  return { text: '', number: value ?? NaN, address: undefined };
}

/** Parses a constant. The caller negates the result for `!=`. */
function constant(text: string): (actual: Actual, operator: string, names: Names) => boolean {
  if (text.startsWith('$'))
    return ({ text: actual }, _operator, names) => names.set(text.slice(1)).has(actual);
  if (/^[0-9]+$/.test(text)) {
    const bound = Number(text);
    return ({ number }, operator) =>
      operator === '>=' ? number >= bound : operator === '<=' ? number <= bound : number === bound;
  }
  const bits = text.includes(':') ? 128 : 32;
  const [network, length] = ipaddr.parseCIDR(text.includes('/') ? text : `${text}/${bits}`);
  return ({ address }) => address?.kind() === network.kind() && address.match(network, length);
}
