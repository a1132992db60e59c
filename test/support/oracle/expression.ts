/**
 * OVN's match language (ovn-sb(5), "Expressions"), read from its text and evaluated: as much of it as ACLs use, and
 * nothing of the code that prints it.
 *
 * As in OVN a comparison asks for its prerequisites, and `!` does not negate those: it is carried down to the
 * comparisons. Refused, as OVN refuses it: `&&` beside `||`, ranges and negation of nominal fields.
 */
import ipaddr from 'ipaddr.js';

/** A packet as the language sees it; fields that it does not have are absent. */
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

/** What names stand for: the ports of a group, and the addresses of a set. */
export interface Names {
  readonly group: (name: string) => ReadonlySet<string>;
  readonly set: (name: string) => ReadonlySet<string>;
}

type Test = (fields: Fields, names: Names, negated: boolean) => boolean;

const cache = new Map<string, Test>();

/** @throws SyntaxError for what OVN would refuse, or is not known here. */
export function check(text: string): void {
  new Parser(text).parse();
}

/** Whether a packet matches. @throws SyntaxError for what OVN would refuse, or is not known here. */
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

/** Predicates; those in `negatable` may stand after `!`. */
const predicates: Readonly<Record<string, (fields: Fields) => boolean>> = {
  '1': () => true,
  '0': () => false,
  ip: () => true,
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
      if (found?.[1] === undefined) throw this.#refuse('a character that is no token');
      this.#tokens.push(found[1]);
    }
  }

  parse(): Test {
    const test = this.#chain();
    if (this.#at < this.#tokens.length) throw this.#refuse(`${this.#peek()} after the end`);
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
    if (this.#peek() === '&&' || this.#peek() === '||') throw this.#refuse('&& and || without parentheses');
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
    if (predicate === undefined) throw this.#refuse(`the predicate ${token}`);
    return (fields, _names, negated) => {
      if (negated && !negatable.has(token)) throw this.#refuse(`negation of ${token}`);
      return predicate(fields) !== negated;
    };
  }

  #comparison(name: string): Test {
    const operator = this.#take();
    const texts = this.#values();
    if (name === 'inport' || name === 'outport') return this.#port(name, operator, texts);
    const of = Object.hasOwn(fieldsByName, name) ? fieldsByName[name] : undefined;
    const prerequisite = of && predicates[of.requires];
    if (of === undefined || prerequisite === undefined) throw this.#refuse(`the field ${name}`);
    if (of.isNominal && operator !== '==') throw this.#refuse(`${operator} of the nominal field ${name}`);
    const isRange = operator === '>=' || operator === '<=';
    if (isRange && texts.length > 1) throw this.#refuse('a range with a set');
    const constants = texts.map(constant);
    return (fields, names, negated) => {
      if (of.isNominal && negated) throw this.#refuse(`negation of the nominal field ${name}`);
      if (!prerequisite(fields)) return false;
      const actual = actualOf(of.value(fields));
      const holds = constants.some((holdsFor) => holdsFor(actual, operator, names));
      return (holds !== (operator === '!=')) !== negated;
    };
  }

  #port(name: 'inport' | 'outport', operator: string, values: readonly string[]): Test {
    const [value = ''] = values;
    if (operator !== '==' || values.length !== 1) throw this.#refuse(`such a comparison of ${name}`);
    return (fields, names, negated) => {
      if (negated) throw this.#refuse(`negation of ${name}`);
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
    if (token === undefined) throw this.#refuse('its end');
    return token;
  }

  #expect(token: string): void {
    const found = this.#take();
    if (found !== token) throw this.#refuse(`${found} instead of ${token}`);
  }

  #refuse(what: string): SyntaxError {
    return new SyntaxError(`OVN would refuse ${what} in: ${this.#text}`);
  }
}

/** A field's value in a packet, ready to be compared. */
interface Actual {
  readonly text: string;
  readonly number: number;
  readonly address: ipaddr.IPv4 | ipaddr.IPv6 | undefined;
}

function actualOf(value: string | number | undefined): Actual {
  if (typeof value === 'string') return { text: value, number: NaN, address: ipaddr.parse(value) };
  return { text: '', number: value ?? NaN, address: undefined };
}

/** Reads a constant; `!=` is for the caller to turn round. */
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
