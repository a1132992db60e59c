import { describe, expect, it } from '@jest/globals';
import { CelError, CelScope, celType } from '../../../src/cel/index.ts';
import type { JsonObject } from '../../../src/schema/json.ts';
import { readSchema } from '../../../src/schema/structural.ts';

const string = { type: 'string' };
const schema = readSchema({
  type: 'object',
  properties: {
    s: string,
    n: { type: 'integer' },
    f: { type: 'number' },
    b: { type: 'boolean' },
    ios: { 'x-kubernetes-int-or-string': true },
    list: { type: 'array', items: string },
    set: { type: 'array', 'x-kubernetes-list-type': 'set', items: string },
    byKey: {
      type: 'array',
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['k'],
      items: { type: 'object', properties: { k: string, v: { type: 'integer' } } },
    },
    items: { type: 'array', items: { type: 'object', properties: { k: string, v: { type: 'integer' } } } },
    map: { type: 'object', additionalProperties: string },
    any: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
    nested: { type: 'object', properties: { x: string } },
    'da-sh': string,
    namespace: string,
  },
});

function run(expression: string, self: JsonObject, oldSelf?: JsonObject): unknown {
  const scope = new CelScope();
  const type = celType(schema, scope);
  const interned = new Map<string, unknown>();
  const old = oldSelf === undefined ? undefined : type.convert(oldSelf, interned);
  return scope.compile(expression, type.name, 'bool').evaluate(type.convert(self, interned), old);
}

const failure = (message: string): unknown => expect.objectContaining({ code: 'CEL', message });

describe('a CEL expression', () => {
  it.each<[string, JsonObject]>([
    ['self.s == "a"', { s: 'a' }],
    ['has(self.s) && !has(self.n)', { s: 'a' }],
    ['self.n + 1 == 6 && self.n / 2 == 2 && self.n % 2 == 1', { n: 5 }],
    ['self.n > 4.5', { n: 5 }],
    ['self.f < 2.5', { f: 2 }],
    ['self.b', { b: true }],
    ['type(self.ios) == string ? self.ios == "80" : self.ios == 80', { ios: 80 }],
    ['self.list.all(x, x.size() == 1) && "b" in self.list', { list: ['a', 'b'] }],
    ['self.list.exists_one(x, x == "a") && self.list.filter(x, x != "a") == ["b"]', { list: ['a', 'b'] }],
    ['self.list.map(x, x + "!") == ["a!"] && self.list[0] == "a"', { list: ['a'] }],
    ['self.items.exists(i, i.k == "a" && i.v == 1)', { items: [{ k: 'a', v: 1 }] }],
    [
      'self.items.map(i, i.v).sum() == 3 && self.items.map(i, i.v).max() == 2',
      { items: [{ v: 1 }, { v: 2 }] },
    ],
    ['self.items.map(i, i.v).isSorted() && [3, 1].min() == 1', { items: [{ v: 1 }, { v: 2 }] }],
    ['self.map.all(k, self.map[k] != "") && "constructor" in self.map', { map: { constructor: 'x' } }],
    ['self.any.deep.n == 3 && self.any.l[1] == "x"', { any: { deep: { n: 3 }, l: [1, 'x'] } }],
    ['self.da__dash__sh == "x" && self.__namespace__ == "y"', { 'da-sh': 'x', namespace: 'y' }],
    ['self.?nested.?x.orValue("none") == "none"', {}],
    ['self.s.matches("^[[:lower:]]+$") && self.s.find("[b-z]+") == "bc"', { s: 'abc' }],
    ['self.s.size() == 1', { s: '😀' }],
    ['self.s.split("/")[1] == "8" && int(self.s.split("/")[1]) == 8', { s: '10.0.0.0/8' }],
    ['self.s.replace("a", "b", 1) == "ba" && self.s.charAt(1) == "a"', { s: 'aa' }],
    [
      'ip(self.s).family() == 4 && !ip(self.s).isLoopback() && ip(self.s).isGlobalUnicast()',
      { s: '10.0.0.1' },
    ],
    ['cidr("10.0.0.0/8").containsIP(self.s) && cidr("10.0.0.0/8").containsIP(ip(self.s))', { s: '10.0.0.1' }],
    [
      'cidr(self.s) != cidr(self.s).masked() && string(cidr(self.s).masked()) == "10.0.0.0/8"',
      { s: '10.0.0.1/8' },
    ],
    ['cidr("10.0.0.0/8").containsCIDR(self.s) && cidr(self.s).prefixLength() == 16', { s: '10.1.0.0/16' }],
    ['!isIP(self.s) && !isCIDR(self.s) && !ip.isCanonical("::0")', { s: '10.0.0' }],
    ['self.list.all(ip, isIP(ip))', { list: ['10.0.0.1'] }],
    ['[self.s].exists(x, x == "a") || 1 / 0 == 1', { s: 'a' }],
  ])('%s is true', (expression, self) => {
    expect(run(expression, self)).toBe(true);
  });

  it('compares map lists with their old values by key', () => {
    const before = { byKey: [{ k: 'a', v: 1 }, { k: 'b' }] };
    expect(run('self.byKey == oldSelf.byKey', { byKey: [{ k: 'b' }, { v: 1, k: 'a' }] }, before)).toBe(true);
    expect(run('self == oldSelf', { byKey: [{ k: 'b' }, { k: 'a', v: 1 }] }, before)).toBe(true);
    expect(run('self.byKey == oldSelf.byKey', { byKey: [{ k: 'b' }, { k: 'a', v: 2 }] }, before)).toBe(false);
    expect(
      run('self.byKey[1].k == "a" && self.byKey.exists(i, i.v == 1)', {
        byKey: [
          { k: 'b', v: 1 },
          { k: 'a', v: 2 },
        ],
      }),
    ).toBe(true);
  });

  it('treats sets as lists', () => {
    const set = ['b', 'a'];
    expect(
      run('self.set.size() == 2 && self.set[0] == "b" && "a" in self.set && !self.set.isSorted()', { set }),
    ).toBe(true);
    expect(
      run('self.set.indexOf("a") == 1 && self.set.all(s, s.size() == 1) && self.set.join("") == "ba"', {
        set,
      }),
    ).toBe(true);
  });

  it('compares objects and lists with their old values, and sets in any order', () => {
    const before = { nested: { x: '1' }, list: ['a', 'b'], set: ['a', 'b'] };
    const after = { nested: { x: '1' }, list: ['b', 'a'], set: ['b', 'a'] };
    expect(run('self.nested == oldSelf.nested', after, before)).toBe(true);
    expect(run('self.list == oldSelf.list', after, before)).toBe(false);
    expect(run('self.set == oldSelf.set', after, before)).toBe(true);
    expect(run('self == oldSelf', before, structuredClone(before))).toBe(true);
  });

  it('reports whether it uses the old value', () => {
    const scope = new CelScope();
    const { name } = celType(schema, scope);
    expect(scope.compile('self.n == oldSelf.n', name, 'bool').usesOldSelf).toBe(true);
    expect(scope.compile('self.s == "oldSelf"', name, 'bool').usesOldSelf).toBe(false);
  });

  it('receives an absent optional without an old value, if it requests optionals', () => {
    const scope = new CelScope();
    const type = celType(schema, scope);
    const program = scope.compile('oldSelf.hasValue() || self.n == 1', type.name, 'bool', true);
    expect(program.evaluate(type.convert({ n: 1 }, new Map()), undefined)).toBe(true);
    expect(program.evaluate(type.convert({ n: 2 }, new Map()), undefined)).toBe(false);
    expect(program.evaluate(type.convert({ n: 2 }, new Map()), type.convert({ n: 1 }, new Map()))).toBe(true);
  });

  it.each<[string, string]>([
    ['self.nosuch == 1', "undefined field 'nosuch'"],
    ['has(self.nosuch)', "undefined field 'nosuch'"],
    ['has(self.nested.nosuch)', "undefined field 'nosuch'"],
    ['nosuch == 1', "undeclared reference to 'nosuch' (in container '')"],
    ['cel.bind(x, 1, x == 1)', "undeclared reference to 'cel' (in container '')"],
    ['self.n', 'must evaluate to a bool'],
    ['self.s.matches("[")', 'invalid matches argument'],
  ])('%s does not compile: %s', (expression, message) => {
    expect(() => run(expression, {})).toThrow(failure(message));
  });

  it.each([
    'self.n == "x"',
    'self.n == 1.0',
    'self.s + self.n == ""',
    'self.s in ["a", 1]',
    '"a" in self.s',
    'self.n ==',
    'self.n == 1)',
    'nosuch(self.n)',
    'self.s.nosuch()',
    'has(self.n) ? self.n : true',
    'self.b && self.n',
    'self.s.reverse() == ""',
  ])('%s does not compile', (expression) => {
    expect(() => run(expression, {})).toThrow(CelError);
  });

  it.each<[string, JsonObject, string]>([
    ['self.n == 1', {}, 'no such key: n'],
    ['self.list[3] == ""', { list: [] }, 'index out of bounds: 3'],
    ['int(self.s) == 0', { s: '' }, "type conversion error from 'string' to 'int'"],
    ['cidr("10.0.0.0/8").containsIP(self.s)', { s: 'x' }, 'no such overload'],
    [
      'cidr(self.s).prefixLength() == 8',
      { s: '10.0.0.0' },
      `network address parse error during conversion from string: network address parse error during conversion from string: netip.ParsePrefix("10.0.0.0"): no '/'`,
    ],
  ])('%s fails for %j', (expression, self, message) => {
    expect(() => run(expression, self)).toThrow(failure(message));
  });
});
