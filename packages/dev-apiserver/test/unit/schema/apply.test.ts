import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  ApplyConflict,
  ApplyTypeError,
  serverSideApply,
  updateManagedFields,
  type ManagedFieldsEntry,
} from '../../../src/apply/index.ts';
import { FieldSet } from '../../../src/apply/field-set.ts';
import { readSchema } from '../../../src/schema/structural.ts';

const seed = 20240229;
const string = { type: 'string' };
const schema = readSchema({
  type: 'object',
  properties: {
    spec: {
      type: 'object',
      properties: {
        a: string,
        b: string,
        list: {
          type: 'array',
          'x-kubernetes-list-type': 'map',
          'x-kubernetes-list-map-keys': ['k'],
          items: { type: 'object', required: ['k'], properties: { k: string, v: string } },
        },
        set: { type: 'array', 'x-kubernetes-list-type': 'set', items: string },
        atomic: { type: 'array', items: string },
        map: { type: 'object', additionalProperties: string },
        whole: { type: 'object', 'x-kubernetes-map-type': 'atomic', additionalProperties: string },
        free: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
      },
    },
    status: { type: 'object', properties: { s: string } },
  },
});
const apiVersion = 'example.com/v1';
const now = new Date('2026-01-02T03:04:05.678Z');

interface Sample {
  apiVersion: string;
  kind: string;
  metadata: {
    name: string;
    labels?: Record<string, string>;
    annotations?: Record<string, string>;
    managedFields?: ManagedFieldsEntry[];
  };
  spec?: Record<string, unknown>;
  status?: Record<string, unknown>;
}
const sample = (spec: Record<string, unknown>, more: Partial<Sample> = {}): Sample => ({
  apiVersion,
  kind: 'K',
  metadata: { name: 'x' },
  spec,
  ...more,
});

function apply(
  live: Sample | undefined,
  manager: string,
  applied: Sample,
  options: { force?: boolean; subresource?: string; now?: Date } = {},
): Sample {
  const { object } = serverSideApply({
    live,
    applied,
    manager,
    force: false,
    schema,
    apiVersion,
    now,
    ...options,
  });
  return object as unknown as Sample;
}
function update(
  before: Sample | undefined,
  after: Sample,
  manager: string,
  options: { subresource?: string; now?: Date } = {},
): Sample {
  const managedFields = updateManagedFields({
    before,
    after,
    manager,
    operation: 'Update',
    schema,
    apiVersion,
    now,
    ...options,
  });
  const { managedFields: _, ...metadata } = after.metadata;
  return { ...after, metadata: managedFields.length === 0 ? metadata : { ...metadata, managedFields } };
}
const owned = (object: Sample, manager: string): unknown =>
  object.metadata.managedFields?.find((entry) => entry.manager === manager)?.fieldsV1;
const managers = (object: Sample): string[] =>
  object.metadata.managedFields?.map(({ manager }) => manager) ?? [];
const specs = fc.record(
  {
    a: fc.constantFrom('1', '2'),
    b: fc.constantFrom('1', '2'),
    list: fc.uniqueArray(
      fc.record({ k: fc.constantFrom('x', 'y', 'z'), v: fc.constantFrom('1', '2') }, { requiredKeys: ['k'] }),
      { selector: ({ k }) => k, minLength: 1 },
    ),
    set: fc.uniqueArray(fc.constantFrom('p', 'q', 'r'), { minLength: 1 }),
    atomic: fc.array(fc.constantFrom('p', 'q'), { maxLength: 2 }),
    map: fc.dictionary(fc.constantFrom('x', 'y'), fc.constantFrom('1', '2'), { minKeys: 1 }),
    free: fc.dictionary(fc.constantFrom('x', 'y'), fc.oneof(fc.constant(1), fc.constant({ deep: [1] })), {
      minKeys: 1,
    }),
  },
  { requiredKeys: [] },
);

describe('server-side apply', () => {
  it('creates the applied configuration', () => {
    fc.assert(
      fc.property(specs, (spec) => {
        expect(apply(undefined, 'me', sample(spec)).spec).toEqual(Object.keys(spec).length === 0 ? {} : spec);
      }),
      { seed },
    );
  });

  it('changes nothing when the same configuration is applied again, not even a time', () => {
    fc.assert(
      fc.property(specs, specs, (mine, theirs) => {
        const live = apply(apply(undefined, 'me', sample(mine)), 'you', sample(theirs), { force: true });
        const later = new Date(now.valueOf() + 60_000);
        expect(apply(live, 'you', sample(theirs), { now: later })).toEqual(live);
      }),
      { seed },
    );
  });

  it('includes the whole configuration, whatever the live object contains', () => {
    fc.assert(
      fc.property(specs, specs, (mine, theirs) => {
        const live = apply(apply(undefined, 'me', sample(mine)), 'you', sample(theirs), { force: true });
        for (const [name, value] of Object.entries(theirs)) {
          const actual = live.spec?.[name];
          if (name === 'list')
            expect(actual).toEqual(
              expect.arrayContaining(theirs.list!.map((item) => expect.objectContaining(item) as unknown)),
            );
          else if (name === 'set') expect(actual).toEqual(expect.arrayContaining(theirs.set!));
          else if (name === 'map' || name === 'free')
            expect(actual).toMatchObject(value as Record<string, unknown>);
          else expect(actual).toEqual(value);
        }
      }),
      { seed },
    );
  });

  it('of an empty configuration removes the fields that only its applier owned', () => {
    fc.assert(
      fc.property(specs, specs, (mine, theirs) => {
        const before = apply(undefined, 'me', sample(mine));
        let after: Sample;
        try {
          after = apply(before, 'you', sample(theirs));
        } catch (error) {
          expect(error).toBeInstanceOf(ApplyConflict);
          return;
        }
        const { metadata: _, ...restored } = apply(after, 'you', sample({}, {}));
        const { metadata: __, ...original } = before;
        // The order of a list may be that of the other applier.
        const sorted = (object: object): string =>
          JSON.stringify(object, (_key, value: unknown) =>
            Array.isArray(value)
              ? [...(value as unknown[])].map((item) => JSON.stringify(item)).sort()
              : value,
          );
        expect(sorted({ ...restored, spec: ordered(restored.spec) })).toBe(
          sorted({ ...original, spec: ordered(original.spec) }),
        );
      }),
      { seed },
    );
  });

  it('reports the owner and the field of a conflict, and changes nothing', () => {
    const live = update(
      apply(undefined, 'one', sample({ a: '1', list: [{ k: 'x', v: '1' }] })),
      sample(
        { a: '1', b: '1', list: [{ k: 'x', v: '1' }] },
        apply(undefined, 'one', sample({ a: '1', list: [{ k: 'x', v: '1' }] })),
      ),
      'two',
    );
    const before = structuredClone(live);
    try {
      apply(live, 'three', sample({ a: '2', b: '2', list: [{ k: 'x', v: '2' }] }));
      throw new Error('there was no conflict');
    } catch (error) {
      expect(error).toBeInstanceOf(ApplyConflict);
      expect(
        (error as ApplyConflict).causes.map(({ message, field }) => `${message} ${field}`).sort(),
      ).toEqual(['conflict with "one" .spec.a', 'conflict with "one" .spec.list[k="x"].v']);
    }
    expect(live).toEqual(before);
  });

  it('replaces atomic lists and maps as a whole', () => {
    const live = apply(undefined, 'one', sample({ atomic: ['1'], whole: { x: '1' } }));
    expect(owned(live, 'one')).toEqual({ 'f:spec': { 'f:atomic': {}, 'f:whole': {} } });
    const forced = apply(live, 'two', sample({ atomic: ['2'], whole: { y: '2' } }), { force: true });
    expect(forced.spec).toEqual({ atomic: ['2'], whole: { y: '2' } });
    expect(managers(forced)).toEqual(['two']);
  });

  it('uses the applied order of shared items, and keeps the position of other items', () => {
    const live = apply(undefined, 'one', sample({ list: [{ k: 'a' }, { k: 'b' }, { k: 'c' }] }));
    const merged = apply(live, 'two', sample({ list: [{ k: 'c' }, { k: 'new' }, { k: 'a' }] }));
    expect((merged.spec?.['list'] as { k: string }[]).map(({ k }) => k)).toEqual(['b', 'c', 'new', 'a']);
  });

  it('does not record the identity of an object and the fields that the endpoint resets', () => {
    const live = apply(undefined, 'me', sample({ a: '1' }, { status: { s: '1' } }));
    expect(owned(live, 'me')).toEqual({ 'f:spec': { 'f:a': {} } });
    const withStatus = apply(live, 'me', sample({ a: '2' }, { status: { s: '1' } }), {
      subresource: 'status',
    });
    expect(
      withStatus.metadata.managedFields?.find(({ subresource }) => subresource === 'status')?.fieldsV1,
    ).toEqual({ 'f:status': { 'f:s': {} } });
  });

  it.each([
    [{ zeta: 1 }, '.spec.zeta: field not declared in schema'],
    [{ a: 5 }, '.spec.a: expected string, got &value.valueUnstructured{Value:5}'],
    [{ list: 'x' }, '.spec.list: expected list, got &{x}'],
    [{ map: ['x'] }, '.spec.map: expected map, got &{[x]}'],
    [
      { list: [{ v: '1' }] },
      '.spec.list: element 0: associative list with keys has an element that omits all key fields ["k"] (and doesn\'t have default values for any key fields)',
    ],
    [{ set: ['a', 'a'] }, '.spec.set: duplicate entries for key [="a"]'],
  ])('rejects the configuration %j', (spec, problem) => {
    expect(() => apply(undefined, 'me', sample(spec))).toThrow(
      new ApplyTypeError(`failed to create typed patch object (/x; example.com/v1, Kind=K): ${problem}`),
    );
  });

  it('by kubectl takes over the fields of an earlier client-side apply', () => {
    const annotation = 'kubectl.kubernetes.io/last-applied-configuration';
    const text = JSON.stringify(sample({ a: '1' }));
    const live = update(
      undefined,
      { ...sample({ a: '1', b: '1' }), metadata: { name: 'x', annotations: { [annotation]: text } } },
      'kubectl-client-side-apply',
    );
    expect(() => apply(live, 'other', sample({ a: '2' }))).toThrow(ApplyConflict);
    expect(() => apply(live, 'kubectl', sample({ a: '2', b: '2' }))).toThrow(
      'Apply failed with 1 conflict: conflict with "kubectl-client-side-apply" using example.com/v1: .spec.b',
    );
    const applied = apply(live, 'kubectl', sample({ a: '2' }));
    expect(applied.spec).toEqual({ a: '2', b: '1' });
    expect(JSON.parse(applied.metadata.annotations![annotation]!)).toEqual(sample({ a: '2' }));
  });

  it('merges maps and replaces lists without a schema', () => {
    const configMap = (data: Record<string, unknown>) => ({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'x' },
      data,
    });
    const request = { force: false, apiVersion: 'v1', now, schema: undefined };
    const one = serverSideApply({
      ...request,
      live: undefined,
      applied: configMap({ a: '1' }),
      manager: 'one',
    }).object;
    const two = serverSideApply({
      ...request,
      live: one,
      applied: configMap({ b: ['x'] }),
      manager: 'two',
    }).object;
    expect(two['data']).toEqual({ a: '1', b: ['x'] });
  });
});

const ordered = (value: unknown): unknown =>
  Array.isArray(value)
    ? value.map(ordered)
    : typeof value === 'object' && value !== null
      ? Object.fromEntries(
          Object.entries(value)
            .sort()
            .map(([key, inner]) => [key, ordered(inner)]),
        )
      : value;

describe('an update', () => {
  it('owns the fields that it changed, and not the fields that it removed', () => {
    const created = update(undefined, sample({ a: '1', b: '1', set: ['p'] }), 'one');
    expect(owned(created, 'one')).toEqual({
      'f:spec': { '.': {}, 'f:a': {}, 'f:b': {}, 'f:set': { '.': {}, 'v:"p"': {} } },
    });
    const changed = update(created, { ...created, spec: { a: '2', set: ['p', 'q'] } }, 'two');
    expect(owned(changed, 'one')).toEqual({ 'f:spec': { '.': {}, 'f:set': { '.': {}, 'v:"p"': {} } } });
    expect(owned(changed, 'two')).toEqual({ 'f:spec': { 'f:a': {}, 'f:set': { 'v:"q"': {} } } });
  });

  it('keeps managedFields when it changes nothing', () => {
    const created = update(undefined, sample({ a: '1' }), 'one');
    const later = new Date(now.valueOf() + 60_000);
    expect(update(created, structuredClone(created), 'two', { now: later })).toEqual(created);
  });

  it('records times in whole seconds', () => {
    expect(update(undefined, sample({ a: '1' }), 'one').metadata.managedFields?.[0]?.time).toBe(
      '2026-01-02T03:04:05Z',
    );
  });

  it('can reset managedFields, which stay empty until the next apply', () => {
    const created = update(undefined, sample({ a: '1' }), 'one');
    const reset = update(created, { ...created, metadata: { name: 'x', managedFields: [] } }, 'one');
    expect(managers(reset)).toEqual([]);
    const changed = update(reset, { ...reset, spec: { a: '2' } }, 'one');
    expect(managers(changed)).toEqual([]);
    expect(managers(apply(changed, 'me', sample({ a: '2' })))).toEqual(['me', 'before-first-apply']);
  });

  it('merges the oldest updaters when there are more than ten', () => {
    let object = update(undefined, sample({ free: { start: 1 } }), 'first');
    for (let index = 0; index < 12; index++) {
      const spec = { free: { ...(object.spec?.['free'] as object), [`f${index}`]: 1 } };
      const time = new Date(now.valueOf() + (index + 1) * 1000);
      object = update(object, { ...object, spec }, `m${index}`, { now: time });
    }
    expect(managers(object)).toHaveLength(10);
    expect(managers(object)[0]).toBe('ancient-changes');
    expect(owned(object, 'ancient-changes')).toMatchObject({
      'f:spec': { 'f:free': { 'f:start': {}, 'f:f0': {}, 'f:f1': {}, 'f:f2': {} } },
    });
  });

  it('keeps managedFields when list items have no key, because the schema rejects the object', () => {
    const created = update(undefined, sample({ a: '1' }), 'one');
    const broken = update(created, { ...created, spec: { list: [{ v: '1' }] } }, 'two');
    expect(broken.metadata.managedFields).toEqual(created.metadata.managedFields);
  });
});

describe('a set of fields', () => {
  const paths = fc.array(
    fc.array(fc.constantFrom('f:a', 'f:b', 'k:{"k":"x"}', 'v:"p"'), { minLength: 1, maxLength: 3 }),
    { maxLength: 6 },
  );
  const sets = paths.map((all) => FieldSet.of(...all));
  const print = (set: FieldSet): string[] => [...set.paths()].map((path) => path.join(' ')).sort();

  it('is equal after conversion to FieldsV1 and back', () => {
    fc.assert(
      fc.property(sets, (set) => {
        expect(print(FieldSet.fromFieldsV1(set.toFieldsV1()))).toEqual(print(set));
      }),
      { seed },
    );
  });

  it('supports the operations of sets', () => {
    fc.assert(
      fc.property(sets, sets, (left, right) => {
        const [l, r] = [print(left), print(right)];
        expect(print(left.union(right))).toEqual([...new Set([...l, ...r])].sort());
        expect(print(left.intersection(right))).toEqual(l.filter((path) => r.includes(path)));
        expect(print(left.difference(right))).toEqual(l.filter((path) => !r.includes(path)));
        const isUnder = (path: string) =>
          r.some((prefix) => path === prefix || path.startsWith(`${prefix} `));
        expect(print(left.without(right))).toEqual(l.filter((path) => !isUnder(path)));
      }),
      { seed },
    );
  });
});
