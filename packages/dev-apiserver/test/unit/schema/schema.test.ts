import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { compileSchema, SchemaError } from '../../../src/schema/index.ts';
import type { JsonObject } from '../../../src/schema/json.ts';

const seed = 20240229;
const string = { type: 'string' };
const compile = (spec: JsonObject) => compileSchema({ type: 'object', properties: { spec } });
const causes = (spec: JsonObject, value: unknown, old?: unknown): string[] =>
  compile(spec)
    .validate({ spec: value }, old === undefined ? undefined : { spec: old })
    .map(({ field, reason, message }) => `${field} | ${reason} | ${message}`);

const unchecked =
  '<nil> | FieldValueInvalid | Invalid value: null: some validation rules were not checked because the object was invalid; correct the existing errors to complete validation';

describe('pruning', () => {
  const schema = compile({
    type: 'object',
    properties: {
      a: string,
      list: { type: 'array', items: { type: 'object', properties: { b: string } } },
      map: { type: 'object', additionalProperties: { type: 'object', properties: { c: string } } },
      anything: { type: 'object', additionalProperties: true },
      free: {
        type: 'object',
        'x-kubernetes-preserve-unknown-fields': true,
        properties: { known: { type: 'object', properties: { d: string } } },
      },
      embedded: {
        type: 'object',
        'x-kubernetes-embedded-resource': true,
        'x-kubernetes-preserve-unknown-fields': true,
      },
    },
  });

  it('removes unknown fields and returns their paths', () => {
    const object = {
      apiVersion: 'v1',
      kind: 'K',
      metadata: { name: 'x', anything: 1 },
      other: 1,
      spec: {
        a: '1',
        z: 1,
        list: [{ b: '1' }, { y: 1 }],
        map: { k: { c: '1', x: 1 } },
        anything: { deep: { x: 1 } },
      },
    };
    expect(schema.prune(object)).toEqual([
      'other',
      'spec.anything.deep.x',
      'spec.list[1].y',
      'spec.map.k.x',
      'spec.z',
    ]);
    expect(object).toEqual({
      apiVersion: 'v1',
      kind: 'K',
      metadata: { name: 'x', anything: 1 },
      spec: { a: '1', list: [{ b: '1' }, {}], map: { k: { c: '1' } }, anything: { deep: {} } },
    });
  });

  it('keeps fields below x-kubernetes-preserve-unknown-fields, except inside specified fields', () => {
    const object = {
      spec: { free: { x: { y: [1] }, known: { d: '1', e: 1 } }, embedded: { kind: 'X', z: 1 } },
    };
    expect(schema.prune(object)).toEqual(['spec.free.known.e']);
  });

  it('handles names with a meaning in JavaScript', () => {
    const object = JSON.parse(
      '{"spec":{"constructor":1,"__proto__":{"a":1},"map":{"__proto__":{"c":"1"}}}}',
    ) as object;
    expect(schema.prune(object)).toEqual(['spec.__proto__', 'spec.constructor']);
    expect(JSON.stringify(object)).toBe('{"spec":{"map":{"__proto__":{"c":"1"}}}}');
  });

  it('finds nothing in a pruned object', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.constantFrom('a', 'list', 'map', 'free', 'z'), fc.jsonValue()), (spec) => {
        const object = { spec };
        schema.prune(object);
        expect(schema.prune(object)).toEqual([]);
      }),
      { seed },
    );
  });
});

describe('defaults', () => {
  const schema = compile({
    type: 'object',
    properties: {
      a: { type: 'string', default: 'x' },
      n: { type: 'string', nullable: true, default: 'y' },
      o: { type: 'object', properties: { b: { type: 'integer', default: 1 } } },
      d: { type: 'object', default: {}, properties: { c: { type: 'integer', default: 2 } } },
      list: { type: 'array', items: { type: 'object', properties: { e: { type: 'integer', default: 3 } } } },
      plain: string,
    },
  });
  const defaulted = (spec: JsonObject): unknown => {
    const object = { spec };
    schema.applyDefaults(object);
    return object.spec;
  };

  it('apply to absent fields, but do not create objects without a default', () => {
    expect(defaulted({})).toEqual({ a: 'x', n: 'y', d: { c: 2 } });
    expect(defaulted({ o: {}, list: [{}] })).toMatchObject({ o: { b: 1 }, list: [{ e: 3 }] });
  });

  it('replace nulls that are not allowed, and leave other fields absent', () => {
    expect(defaulted({ a: null, n: null, plain: null })).toEqual({ a: 'x', n: null, d: { c: 2 } });
  });

  it('are copied', () => {
    const first = defaulted({}) as { d: object };
    const second = defaulted({}) as { d: object };
    expect(first.d).not.toBe(second.d);
  });

  it('change nothing when applied again', () => {
    fc.assert(
      fc.property(
        fc.dictionary(fc.constantFrom('a', 'n', 'o', 'd', 'list', 'plain'), fc.jsonValue()),
        (spec) => {
          const object = { spec };
          schema.applyDefaults(object);
          const once = JSON.stringify(object);
          schema.applyDefaults(object);
          expect(JSON.stringify(object)).toBe(once);
        },
      ),
      { seed },
    );
  });
});

describe('validation', () => {
  it.each<[string, JsonObject, unknown, string[]]>([
    [
      'a minimum',
      { type: 'integer', minimum: 1, exclusiveMinimum: true },
      1,
      ['spec | FieldValueInvalid | Invalid value: 1: spec in body should be greater than 1'],
    ],
    [
      'a multiple',
      { type: 'integer', multipleOf: 3 },
      4,
      ['spec | FieldValueInvalid | Invalid value: 4: spec in body should be a multiple of 3'],
    ],
    [
      'a range of int32',
      { type: 'integer', format: 'int32' },
      3e9,
      [
        '<nil> | FieldValueInvalid | Invalid value: "": Checked value must be of type integer with format int32 in spec',
      ],
    ],
    [
      'a length in code points',
      { type: 'string', maxLength: 2 },
      '日本語',
      ['spec | FieldValueTooLong | Too long: may not be more than 2 bytes'],
    ],
    [
      'a format',
      { type: 'string', format: 'ipv4' },
      '::1',
      ['spec | FieldValueTypeInvalid | Invalid value: "::1": spec in body must be of type ipv4: "::1"'],
    ],
    [
      'two matches in oneOf',
      {
        type: 'object',
        properties: { a: string, b: string },
        oneOf: [{ required: ['a'] }, { required: ['b'] }],
      },
      { a: '1', b: '2' },
      [
        '<nil> | FieldValueInvalid | Invalid value: "": "spec" must validate one and only one schema (oneOf). Found 2 valid alternatives',
      ],
    ],
    [
      'no match in oneOf',
      {
        type: 'object',
        properties: { a: string, b: string },
        oneOf: [{ required: ['a'] }, { required: ['b'] }],
      },
      {},
      [
        '<nil> | FieldValueInvalid | Invalid value: "": "spec" must validate one and only one schema (oneOf). Found none valid',
        'spec.a | FieldValueRequired | Required value',
      ],
    ],
    [
      'a negation',
      { type: 'string', not: { pattern: 'bad' } },
      'bad',
      ['<nil> | FieldValueInvalid | Invalid value: "": "spec" must not validate the schema (not)'],
    ],
    [
      'several keys',
      {
        type: 'array',
        'x-kubernetes-list-type': 'map',
        'x-kubernetes-list-map-keys': ['a', 'b'],
        items: {
          type: 'object',
          required: ['a'],
          properties: { a: string, b: { type: 'integer', default: 1 } },
        },
      },
      [
        { a: 'x', b: 1 },
        { a: 'x', b: 2 },
        { a: 'x', b: 1 },
      ],
      ['spec[2] | FieldValueDuplicate | Duplicate value: {"a":"x","b":1}'],
    ],
    [
      'an unprintable value',
      { type: 'string', enum: ['a'] },
      'x"\n\u0007\u200b',
      ['spec | FieldValueNotSupported | Unsupported value: "x\\"\\n\\a\\u200b": supported values: "a"'],
    ],
  ])('reports %s', (_what, spec, value, expected) => {
    expect(causes(spec, value)).toEqual(expected);
  });

  it('accepts invalid values that an update does not change', () => {
    const spec = { type: 'object', properties: { a: { type: 'string', maxLength: 1 }, b: string } };
    expect(causes(spec, { a: 'long', b: 'new' }, { a: 'long' })).toEqual([]);
    expect(causes(spec, { a: 'longer' }, { a: 'long' })).toEqual([
      'spec.a | FieldValueTooLong | Too long: may not be more than 1 bytes',
    ]);
  });

  it('accepts an invalid item of a map list that an update does not change but moves', () => {
    const item = {
      type: 'object',
      required: ['k'],
      properties: { k: string, v: { type: 'string', maxLength: 1 } },
    };
    const list = {
      type: 'array',
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['k'],
      items: item,
    };
    const old = [{ k: 'a', v: 'long' }];
    expect(causes(list, [{ k: 'b' }, { k: 'a', v: 'long' }], old)).toEqual([]);
    expect(
      causes(
        { ...list, 'x-kubernetes-list-type': 'atomic', 'x-kubernetes-list-map-keys': [] },
        [{ k: 'b' }, { k: 'a', v: 'long' }],
        old,
      ),
    ).toHaveLength(1);
  });

  it('of a status write checks only the status against the schema', () => {
    const schema = compileSchema({
      type: 'object',
      properties: {
        spec: { type: 'object', properties: { a: string } },
        status: { type: 'object', properties: { n: { type: 'integer' } } },
      },
    });
    const old = { spec: { a: 1 }, status: {} };
    expect(schema.validateStatus({ spec: { a: 1 }, status: { n: 1 } }, old)).toEqual([]);
    expect(schema.validateStatus({ spec: { a: 1 }, status: { n: 'x' } }, old)).toEqual([
      {
        field: 'status.n',
        reason: 'FieldValueTypeInvalid',
        message: 'Invalid value: "string": n in body must be of type integer: "string"',
      },
    ]);
  });

  it('does not run rules on an object that violates its schema', () => {
    const spec = {
      type: 'object',
      properties: { a: string },
      'x-kubernetes-validations': [{ rule: 'self.a == "x"' }],
    };
    expect(causes(spec, { a: 1 })).toContain(unchecked);
    expect(
      compile(spec).validate({ spec: { a: 'y' } }, undefined, [{ reason: 'FieldValueRequired' }]),
    ).toHaveLength(1);
  });
});

describe('CEL rules', () => {
  const ruled = (rule: JsonObject, more: JsonObject = {}): JsonObject => ({
    type: 'object',
    properties: { a: string, b: string },
    ...more,
    'x-kubernetes-validations': [rule],
  });

  it('report the rule itself without a message', () => {
    expect(causes(ruled({ rule: ' self.a == "x" ' }), { a: 'y' })).toEqual([
      'spec | FieldValueInvalid | Invalid value: failed rule: self.a == "x"',
    ]);
  });

  it('report scalar values', () => {
    const rule = { rule: 'self != "x"', message: 'no x' };
    expect(causes({ type: 'string', 'x-kubernetes-validations': [rule] }, 'x')).toEqual([
      'spec | FieldValueInvalid | Invalid value: "x": no x',
    ]);
  });

  it.each([
    ['FieldValueForbidden', 'spec.b | FieldValueForbidden | Forbidden: m'],
    ['FieldValueRequired', 'spec.b | FieldValueRequired | Required value: m'],
    ['FieldValueDuplicate', 'spec.b | FieldValueDuplicate | Duplicate value'],
    ['FieldValueInvalid', 'spec.b | FieldValueInvalid | Invalid value: m'],
  ])('report their reason %s and their field path', (reason, expected) => {
    expect(causes(ruled({ rule: 'false', message: 'm', reason, fieldPath: '.b' }), {})).toEqual([expected]);
  });

  it('report their message when their message expression fails', () => {
    expect(causes(ruled({ rule: 'false', message: 'm', messageExpression: 'self.a' }), {})).toEqual([
      'spec | FieldValueInvalid | Invalid value: m',
    ]);
  });

  it('report an evaluation error as a violation', () => {
    expect(causes(ruled({ rule: 'self.a == "x"' }), {})).toEqual([
      'spec | FieldValueInvalid | Invalid value: "object": no such key: a evaluating rule: self.a == "x"',
    ]);
  });

  it('for transitions are skipped without an old value', () => {
    const rule = { rule: 'self == oldSelf', message: 'immutable' };
    const spec = { type: 'object', properties: { a: { ...string, 'x-kubernetes-validations': [rule] } } };
    expect(causes(spec, { a: '1' }, {})).toEqual([]);
    expect(causes(spec, { a: '2' }, { a: '1' })).toEqual([
      'spec.a | FieldValueInvalid | Invalid value: "2": immutable',
    ]);
  });

  it('ignore unchanged values in an update, except for transition rules', () => {
    expect(causes(ruled({ rule: 'self.a != "bad"', message: 'm' }), { a: 'bad' }, { a: 'bad' })).toEqual([]);
    expect(
      causes(ruled({ rule: 'oldSelf.a != "bad"', message: 'm' }), { a: 'bad' }, { a: 'bad' }),
    ).toHaveLength(1);
  });

  it('run on every item and member, and report its path', () => {
    const rule = { rule: 'self != "no"', message: 'm' };
    const item = { ...string, 'x-kubernetes-validations': [rule] };
    const spec = {
      type: 'object',
      properties: { l: { type: 'array', items: item }, m: { type: 'object', additionalProperties: item } },
    };
    expect(causes(spec, { l: ['yes', 'no'], m: { k: 'no' } })).toEqual([
      'spec.l[1] | FieldValueInvalid | Invalid value: "no": m',
      'spec.m[k] | FieldValueInvalid | Invalid value: "no": m',
    ]);
  });
});

describe('a schema', () => {
  const at = 'spec.validation.openAPIV3Schema.properties[spec]';
  const refused = (spec: JsonObject): string[] => {
    try {
      compile(spec);
    } catch (error) {
      if (!(error instanceof SchemaError)) throw error;
      return error.causes.map(({ field, reason, message }) => `${field} | ${reason} | ${message}`);
    }
    return [];
  };

  it.each<[string, JsonObject, string]>([
    [
      'a type below oneOf',
      { type: 'object', properties: { a: string }, oneOf: [{ properties: { a: string } }] },
      `${at}.oneOf[0].properties[a].type | FieldValueForbidden | Forbidden: must be empty to be structural`,
    ],
    [
      'a pattern that is invalid in RE2',
      { type: 'string', pattern: '^(?!x)' },
      `${at}.pattern | FieldValueInvalid | Invalid value: "^(?!x)": must be a valid regular expression, but isn't: invalid or unsupported Perl syntax: ^(?!x)`,
    ],
    ['a $ref', { $ref: '#/x' }, `${at}.$ref | FieldValueForbidden | Forbidden: $ref is not supported`],
    [
      'unique items',
      { type: 'array', uniqueItems: true, items: string },
      `${at}.uniqueItems | FieldValueForbidden | Forbidden: uniqueItems cannot be set to true since the runtime complexity becomes quadratic`,
    ],
    [
      'a map list whose key may be absent',
      {
        type: 'array',
        'x-kubernetes-list-type': 'map',
        'x-kubernetes-list-map-keys': ['k'],
        items: { type: 'object', properties: { k: string } },
      },
      `${at}.items.properties[k].default | FieldValueRequired | Required value: this property is in x-kubernetes-list-map-keys, so it must have a default or be a required property`,
    ],
    [
      'a default with unknown fields',
      { type: 'object', properties: { a: string }, default: { z: 1 } },
      `${at}.default | FieldValueInvalid | Invalid value: {"z":1}: must not have unknown fields`,
    ],
    [
      'a rule with an unknown field path',
      {
        type: 'object',
        properties: { a: string },
        'x-kubernetes-validations': [{ rule: 'true', fieldPath: '.z' }],
      },
      `${at}.x-kubernetes-validations[0].fieldPath | FieldValueInvalid | Invalid value: ".z": must be a valid path`,
    ],
    [
      'an optional old value that is not used',
      { type: 'object', 'x-kubernetes-validations': [{ rule: 'true', optionalOldSelf: true }] },
      `${at}.x-kubernetes-validations[0].optionalOldSelf | FieldValueInvalid | Invalid value: true: may not be set if oldSelf is not used in rule`,
    ],
    [
      'a format that this server cannot check',
      { type: 'string', format: 'isbn' },
      `${at}.format | FieldValueNotSupported | Unsupported value: "isbn": the development API server cannot check this format`,
    ],
  ])('is rejected because of %s', (_what, spec, expected) => {
    expect(refused(spec)).toEqual([expected]);
  });

  it('is rejected with two causes for the type null', () => {
    expect(refused({ type: 'null' })).toEqual([
      `${at}.type | FieldValueNotSupported | Unsupported value: "null": supported values: "array", "boolean", "integer", "number", "object", "string"`,
      `${at}.type | FieldValueForbidden | Forbidden: type cannot be set to null, use nullable as an alternative`,
    ]);
  });

  it('is rejected with its path in the CRD', () => {
    expect(() => compileSchema({}, 'spec.versions[1].schema.openAPIV3Schema')).toThrow(
      'spec.versions[1].schema.openAPIV3Schema.type: Required value: must not be empty at the root',
    );
  });

  it('is accepted with x-kubernetes-int-or-string and anyOf of integer and string', () => {
    expect(
      refused({ 'x-kubernetes-int-or-string': true, anyOf: [{ type: 'integer' }, { type: 'string' }] }),
    ).toEqual([]);
  });
});
