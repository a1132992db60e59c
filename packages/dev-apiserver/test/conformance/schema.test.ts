import { beforeAll, describe, expect, it } from '@jest/globals';
import type { ApiObject, Manifest } from '../support/api-object.ts';
import { causesOf, conformance, expectStatus } from '../support/conformance.ts';
import { eventually } from '../support/eventually.ts';
import { widget, widgetCrd, widgets } from '../support/widgets.ts';

conformance('the schema of a CRD', (cluster) => {
  beforeAll(() => cluster.install(widgetCrd));

  const create = (spec: Manifest, query: Record<string, string> = {}) =>
    cluster.api.create(widgets('default'), widget(cluster.uniqueName('w'), spec), { query });
  const stored = (spec: Manifest): Promise<ApiObject> => expectStatus(create(spec), 201);

  describe('applies defaults', () => {
    it('to absent fields, also inside defaulted objects', async () => {
      expect((await stored({})).spec).toEqual({ size: 5, mode: { kind: 'Plain' } });
    });

    it('to null where the schema is not nullable', async () => {
      expect((await stored({ size: null })).spec['size']).toBe(5);
    });

    it('in list items', async () => {
      expect((await stored({ parts: [{ name: 'a' }] })).spec['parts']).toEqual([{ name: 'a', count: 1 }]);
    });

    it('again after an update removes a value', async () => {
      const { metadata } = await stored({ size: 9 });
      const patched = await cluster.api.patch(widgets('default', metadata.name), 'merge', {
        spec: { size: null },
      });
      expect(patched.body.spec['size']).toBe(5);
    });
  });

  describe('prunes', () => {
    it('unknown fields', async () => {
      const { spec } = await stored({
        unknown: 1,
        mode: { kind: 'X', other: 1 },
        parts: [{ name: 'a', x: 1 }],
      });
      expect(spec).toEqual({ size: 5, mode: { kind: 'X' }, parts: [{ name: 'a', count: 1 }] });
    });

    it('nulls that the schema does not allow, and keeps nullable ones', async () => {
      expect((await stored({ label: null, note: null })).spec).toEqual({
        size: 5,
        mode: { kind: 'Plain' },
        note: null,
      });
    });

    it('nothing where unknown fields are preserved', async () => {
      const free = { a: { b: [1, { c: null }] }, n: 1.5 };
      expect((await stored({ free })).spec['free']).toEqual(free);
    });
  });

  describe('with unknown or duplicate fields in a request', () => {
    const unknown = { zeta: 1, mode: { other: 1 }, parts: [{ name: 'a', x: 1 }] };
    const problems =
      'unknown field "spec.mode.other", unknown field "spec.parts[0].x", unknown field "spec.zeta"';

    it('rejects the request with fieldValidation=Strict', async () => {
      const body = await expectStatus(create(unknown, { fieldValidation: 'Strict' }), 400);
      expect(body).toMatchObject({ reason: 'BadRequest', code: 400 });
      expect(body.message).toBe(
        `Widget in version "v1" cannot be handled as a Widget: strict decoding error: ${problems}`,
      );
    });

    it('warns with fieldValidation=Warn, which is the default', async () => {
      for (const query of [{ fieldValidation: 'Warn' }, {}] as Record<string, string>[]) {
        const { status, headers } = await create(unknown, query);
        expect(status).toBe(201);
        expect(headers['warning']?.split(/, (?=299)/)).toEqual(
          problems.split(', ').map((text) => `299 - ${JSON.stringify(text)}`),
        );
      }
    });

    it('ignores the fields with fieldValidation=Ignore', async () => {
      const { status, headers } = await create(unknown, { fieldValidation: 'Ignore' });
      expect(status).toBe(201);
      expect(headers['warning']).toBeUndefined();
    });

    it('rejects duplicate fields with Strict', async () => {
      const text =
        '{"apiVersion":"conformance.example.com/v1","kind":"Widget","metadata":{"name":"dup"},"spec":{"size":1,"size":2}}';
      const body = await expectStatus(
        cluster.api.create(widgets('default'), text, { query: { fieldValidation: 'Strict' } }),
        400,
      );
      expect(body.message).toContain('strict decoding error: duplicate field "spec.size"');
    });

    it('rejects unknown fields in a merge patch with Strict', async () => {
      const { metadata } = await stored({});
      const body = await expectStatus(
        cluster.api.patch(
          widgets('default', metadata.name),
          'merge',
          { spec: { zeta: 1 } },
          {
            query: { fieldValidation: 'Strict' },
          },
        ),
        422,
      );
      expect(body.message).toContain('strict decoding error: unknown field "spec.zeta"');
    });

    it('rejects an unknown value of fieldValidation', async () => {
      const body = await expectStatus(create({}, { fieldValidation: 'Sometimes' }), 422);
      expect(causesOf(body)).toEqual([
        'fieldValidation | FieldValueNotSupported | Unsupported value: "Sometimes": supported values: "", "Ignore", "Strict", "Warn"',
      ]);
    });
  });

  describe('rejects', () => {
    const unchecked =
      '<nil> | FieldValueInvalid | Invalid value: null: some validation rules were not checked because the object was invalid; correct the existing errors to complete validation';
    const cases: [title: string, spec: Manifest, causes: string[]][] = [
      [
        'a value that is not in the enumeration',
        { colour: 'Pink' },
        [
          unchecked,
          'spec.colour | FieldValueNotSupported | Unsupported value: "Pink": supported values: "Red", "Green", "Blue"',
        ],
      ],
      [
        'numbers out of range',
        { size: 0 },
        [
          'spec.size | FieldValueInvalid | Invalid value: 0: spec.size in body should be greater than or equal to 1',
        ],
      ],
      [
        'numbers that are too large',
        { size: 101 },
        [
          'spec.size | FieldValueInvalid | Invalid value: 101: spec.size in body should be less than or equal to 100',
        ],
      ],
      [
        'a string that is too short',
        { label: 'a' },
        [
          'spec.label | FieldValueInvalid | Invalid value: "a": spec.label in body should be at least 2 chars long',
        ],
      ],
      [
        'a string that is too long',
        { label: 'abcdefghijk' },
        [unchecked, 'spec.label | FieldValueTooLong | Too long: may not be more than 10 bytes'],
      ],
      [
        'a string that does not match the pattern',
        { label: 'ABC' },
        [`spec.label | FieldValueInvalid | Invalid value: "ABC": spec.label in body should match '^[a-z]+$'`],
      ],
      [
        'values of a wrong type',
        { size: 'big', enabled: 1, mode: [], parts: {} },
        [
          unchecked,
          'spec.enabled | FieldValueTypeInvalid | Invalid value: "integer": spec.enabled in body must be of type boolean: "integer"',
          'spec.mode | FieldValueTypeInvalid | Invalid value: "array": spec.mode in body must be of type object: "array"',
          'spec.parts | FieldValueTypeInvalid | Invalid value: "object": spec.parts in body must be of type array: "object"',
          'spec.size | FieldValueTypeInvalid | Invalid value: "string": spec.size in body must be of type integer: "string"',
        ],
      ],
      [
        'a fraction for an integer',
        { size: 1.5 },
        [
          unchecked,
          '<nil> | FieldValueInvalid | Invalid value: "": Checked value must be of type integer (default format) in spec.size',
          'spec.size | FieldValueTypeInvalid | Invalid value: "number": spec.size in body must be of type integer: "number"',
        ],
      ],
      [
        'a boolean for an int-or-string',
        { port: true },
        [
          unchecked,
          'spec.port | FieldValueTypeInvalid | Invalid value: "boolean": spec.port in body must be of type integer,string: "boolean"',
        ],
      ],
      [
        'a missing required field',
        { parts: [{ count: 1 }] },
        [unchecked, 'spec.parts[0].name | FieldValueRequired | Required value'],
      ],
      [
        'too many items',
        { parts: ['a', 'b', 'c', 'd', 'e'].map((name) => ({ name })) },
        [unchecked, 'spec.parts | FieldValueTooMany | Too many: 5: must have at most 4 items'],
      ],
      [
        'too many or invalid members of a map',
        { limits: { a: 1, b: 2, c: 3, d: 10 } },
        [
          unchecked,
          'spec.limits | FieldValueTooMany | Too many: 4: must have at most 3 items',
          'spec.limits.d | FieldValueInvalid | Invalid value: 10: spec.limits.d in body should be less than or equal to 9',
        ],
      ],
      [
        'duplicate keys and values',
        { parts: [{ name: 'a' }, { name: 'a', count: 2 }], tags: ['x', 'y', 'x'] },
        [
          'spec.parts[1] | FieldValueDuplicate | Duplicate value: {"name":"a"}',
          'spec.tags[2] | FieldValueDuplicate | Duplicate value: "x"',
        ],
      ],
    ];

    it.each(cases)('%s', async (_title, spec, causes) => {
      const body = await expectStatus(create(spec), 422);
      expect(body).toMatchObject({
        reason: 'Invalid',
        details: { group: 'conformance.example.com', kind: 'Widget' },
      });
      expect(causesOf(body)).toEqual([...causes].sort());
    });

    it('an object without a required field, and names the object in the message', async () => {
      const body = await expectStatus(
        cluster.api.create(widgets('default'), { ...widget('no-spec'), spec: undefined }),
        422,
      );
      expect(causesOf(body)).toContain('spec | FieldValueRequired | Required value');
      expect(body.message).toMatch(/^Widget\.conformance\.example\.com "no-spec" is invalid: /);
    });
  });

  describe('runs CEL rules', () => {
    it('and reports a violation with the message and field path of the rule', async () => {
      const body = await expectStatus(create({ cidr: '10.0.0.0' }), 422);
      expect(causesOf(body)).toEqual(['spec.cidr | FieldValueInvalid | Invalid value: cidr must be a CIDR']);
    });

    it('and uses the reason and the message expression of the rule', async () => {
      const body = await expectStatus(create({ cidr: '10.0.0.0/8', address: '11.0.0.1' }), 422);
      expect(causesOf(body)).toEqual(['spec | FieldValueForbidden | Forbidden: address 11.0.0.1 is outside']);
    });

    it('and accepts objects that satisfy them', async () => {
      await stored({ cidr: '10.0.0.0/8', address: '10.0.0.1' });
    });

    it('for transitions only on updates', async () => {
      const { metadata } = await stored({ colour: 'Red' });
      const path = widgets('default', metadata.name);
      const immutable = 'spec.colour | FieldValueInvalid | Invalid value: colour is immutable';
      for (const colour of ['Blue', null]) {
        const body = await expectStatus(cluster.api.patch(path, 'merge', { spec: { colour } }), 422);
        expect(causesOf(body)).toEqual([immutable]);
      }
      await expectStatus(cluster.api.patch(path, 'merge', { spec: { size: 9 } }), 200);
    });

    it('of the parent when a field is set or unset', async () => {
      const { metadata } = await stored({});
      const path = widgets('default', metadata.name);
      const body = await expectStatus(cluster.api.patch(path, 'merge', { spec: { colour: 'Red' } }), 422);
      expect(causesOf(body)).toEqual([
        'spec.colour | FieldValueInvalid | Invalid value: colour is immutable',
      ]);
    });
  });
});

conformance('a CustomResourceDefinition', (cluster) => {
  const path = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
  const thingCrd = (spec: Manifest, more: Manifest = {}) => ({
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: 'things.conformance.example.com' },
    spec: {
      group: 'conformance.example.com',
      scope: 'Namespaced',
      names: { plural: 'things', kind: 'Thing' },
      versions: [
        {
          name: 'v1',
          served: true,
          storage: true,
          schema: { openAPIV3Schema: { type: 'object', properties: { spec } } },
        },
      ],
      ...more,
    },
  });
  const string = { type: 'string', maxLength: 20 };
  const at = 'spec.validation.openAPIV3Schema.properties[spec]';

  const refused: [title: string, spec: Manifest, causes: unknown[]][] = [
    [
      'a property without a type',
      { type: 'object', properties: { a: {} } },
      [
        `${at}.properties[a].type | FieldValueRequired | Required value: must not be empty for specified object fields`,
      ],
    ],
    [
      'an unknown type',
      { type: 'text' },
      [
        `${at}.type | FieldValueNotSupported | Unsupported value: "text": supported values: "array", "boolean", "integer", "number", "object", "string"`,
      ],
    ],
    [
      'a list without items',
      { type: 'object', properties: { a: { type: 'array' } } },
      [`${at}.properties[a].items | FieldValueRequired | Required value: must be specified`],
    ],
    [
      'properties beside additionalProperties',
      { type: 'object', properties: { a: string }, additionalProperties: string },
      [
        `${at}.additionalProperties | FieldValueForbidden | Forbidden: additionalProperties and properties are mutual exclusive`,
      ],
    ],
    [
      'a map list without keys',
      {
        type: 'object',
        properties: {
          a: {
            type: 'array',
            'x-kubernetes-list-type': 'map',
            items: { type: 'object', properties: { k: string } },
          },
        },
      },
      [
        `${at}.properties[a].x-kubernetes-list-map-keys | FieldValueRequired | Required value: must not be empty if x-kubernetes-list-type is map`,
      ],
    ],
    [
      'a default that its schema does not allow',
      { type: 'object', properties: { a: { type: 'string', enum: ['A'], default: 'B' } } },
      [
        `${at}.properties[a].default | FieldValueNotSupported | Unsupported value: "B": supported values: "A"`,
      ],
    ],
    [
      'a rule that does not compile',
      {
        type: 'object',
        properties: { a: string },
        'x-kubernetes-validations': [{ rule: 'self.b == "x"', message: 'm' }],
      },
      [
        expect.stringMatching(
          /^spec\.validation\.openAPIV3Schema\.properties\[spec\]\.x-kubernetes-validations\[0\]\.rule \| FieldValueInvalid \| Invalid value: \{"Rule":"self\.b == \\"x\\"","Message":"m".*compilation failed: (?:.|\n)*undefined field 'b'/,
        ),
      ],
    ],
    [
      'a rule that does not return a boolean',
      { type: 'object', properties: { a: string }, 'x-kubernetes-validations': [{ rule: 'self.a' }] },
      [expect.stringMatching(/rule \| FieldValueInvalid \| .*cel expression must evaluate to a bool$/)],
    ],
    [
      'a transition rule in a list whose items cannot be matched',
      {
        type: 'object',
        properties: {
          a: {
            type: 'array',
            maxItems: 2,
            items: { ...string, 'x-kubernetes-validations': [{ rule: 'self == oldSelf' }] },
          },
        },
      },
      [
        `${at}.properties[a].items.x-kubernetes-validations[0].rule | FieldValueInvalid | Invalid value: "self == oldSelf": oldSelf cannot be used on the uncorrelatable portion of the schema within ${at}.properties[a]`,
      ],
    ],
  ];

  it.each(refused)('is refused with %s', async (_title, spec, causes) => {
    const body = await expectStatus(cluster.api.create(path, thingCrd(spec)), 422);
    expect(body).toMatchObject({
      reason: 'Invalid',
      details: { name: 'things.conformance.example.com', kind: 'CustomResourceDefinition' },
    });
    expect(causesOf(body)).toEqual(causes);
  });

  it('is rejected when its name does not consist of plural and group', async () => {
    const crd = { ...thingCrd({ type: 'object' }), metadata: { name: 'other.conformance.example.com' } };
    const body = await expectStatus(cluster.api.create(path, crd), 422);
    expect(causesOf(body)).toContain(
      'metadata.name | FieldValueInvalid | Invalid value: "other.conformance.example.com": must be spec.names.plural+"."+spec.group',
    );
  });

  it('becomes established and serves its resource', async () => {
    const crd = thingCrd({ type: 'object', properties: { a: string } });
    await expectStatus(cluster.api.create(path, crd), 201);
    await eventually(async () => {
      const { body } = await cluster.api.get(`${path}/things.conformance.example.com`);
      const conditions = body.status['conditions'] as { type: string; status: string }[] | undefined;
      return conditions?.some(({ type, status }) => type === 'Established' && status === 'True') ?? false;
    });
    const { body } = await cluster.api.get(`${path}/things.conformance.example.com`);
    expect(body).toMatchObject({
      spec: {
        names: { plural: 'things', singular: 'thing', kind: 'Thing', listKind: 'ThingList' },
        conversion: { strategy: 'None' },
      },
      status: { acceptedNames: { plural: 'things', kind: 'Thing' }, storedVersions: ['v1'] },
    });
  });

  it('can be changed, and accepts updates of objects that violate only the new schema (ratcheting)', async () => {
    const things = '/apis/conformance.example.com/v1/namespaces/default/things';
    await eventually(async () => (await cluster.api.get(things)).status === 200);
    const thing = {
      apiVersion: 'conformance.example.com/v1',
      kind: 'Thing',
      metadata: { name: 't' },
      spec: { a: 'UPPER' },
    };
    await expectStatus(cluster.api.create(things, thing), 201);

    const { body: crd } = await cluster.api.get(`${path}/things.conformance.example.com`);
    const stricter = thingCrd({
      type: 'object',
      properties: { a: { ...string, pattern: '^[a-z]*$' }, b: string },
    });
    await expectStatus(
      cluster.api.replace(`${path}/things.conformance.example.com`, {
        ...stricter,
        metadata: { ...stricter.metadata, resourceVersion: crd.metadata.resourceVersion },
      }),
      200,
    );
    await eventually(async () => {
      const probe = { ...thing, metadata: { name: 'probe' }, spec: { a: 'UPPER' } };
      return (await cluster.api.create(things, probe, { query: { dryRun: 'All' } })).status === 422;
    });
    const changed = await expectStatus(cluster.api.patch(`${things}/t`, 'merge', { spec: { b: 'x' } }), 200);
    expect(changed.spec).toEqual({ a: 'UPPER', b: 'x' });
    const body = await expectStatus(cluster.api.patch(`${things}/t`, 'merge', { spec: { a: 'OTHER' } }), 422);
    expect(causesOf(body)).toEqual([
      `spec.a | FieldValueInvalid | Invalid value: "OTHER": spec.a in body should match '^[a-z]*$'`,
    ]);
  });
});
