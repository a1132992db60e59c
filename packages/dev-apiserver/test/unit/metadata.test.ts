import { describe, expect, it } from '@jest/globals';
import { decodeMeta } from '../../src/wire/decode-meta.ts';
import { generateName, subdomainProblems, validateMeta } from '../../src/model/metadata.ts';

const target = 'Foo in version "v1" cannot be handled as a Foo';

describe('metadata', () => {
  it('is decoded as Go does: null and empty members are omitted, unknown members are reported', () => {
    const owner = { apiVersion: 'v1', kind: 'A', name: 'a', uid: 'u', extra: 1 };
    const read = decodeMeta(
      {
        name: 'n',
        namespace: '',
        labels: { a: null },
        annotations: {},
        finalizers: null,
        zip: 1,
        ownerReferences: [owner],
      },
      target,
    );
    expect(read.meta).toEqual({
      name: 'n',
      labels: { a: '' },
      ownerReferences: [{ apiVersion: 'v1', kind: 'A', name: 'a', uid: 'u' }],
    });
    expect(read.unknown).toEqual(['metadata.zip', 'metadata.ownerReferences[0].extra']);
  });

  it('keeps an empty managedFields list, which requests a reset', () => {
    expect(decodeMeta({ managedFields: [] }, target).meta).toEqual({ managedFields: [] });
  });

  it.each<[unknown, string]>([
    [
      { labels: { a: 1 } },
      'json: cannot unmarshal number into Go struct field ObjectMeta.labels of type string',
    ],
    [{ name: true }, 'json: cannot unmarshal bool into Go struct field ObjectMeta.name of type string'],
    [
      { generation: 1.5 },
      'json: cannot unmarshal number into Go struct field ObjectMeta.generation of type int64',
    ],
    [
      { ownerReferences: [{ controller: 'yes' }] },
      'json: cannot unmarshal string into Go struct field OwnerReference.ownerReferences.controller of type bool',
    ],
    [
      { finalizers: 'x' },
      'json: cannot unmarshal string into Go struct field ObjectMeta.finalizers of type []string',
    ],
    [{ creationTimestamp: 'yesterday' }, 'parsing time "yesterday"'],
    [[], 'json: cannot unmarshal array into Go value of type v1.ObjectMeta'],
  ])('is rejected as %j', (value, message) => {
    expect(() => decodeMeta(value, target)).toThrow(`${target}: ${message}`);
  });

  it('must have at most one controller, and complete owner references', () => {
    const owner = (uid: string) => ({ apiVersion: 'v1', kind: 'A', name: 'a', uid, controller: true });
    const causes = validateMeta({ name: 'a', ownerReferences: [owner('1'), owner('2')] }, subdomainProblems);
    expect(causes.map(({ message }) => message)).toEqual([
      expect.stringContaining('Only one reference can have Controller set to true'),
    ]);
    const incomplete = decodeMeta({ name: 'a', ownerReferences: [{ kind: 'A' }] }, target).meta;
    expect(validateMeta(incomplete, subdomainProblems)).toHaveLength(3);
  });

  it('must have at most 256 KiB of annotations', () => {
    const causes = validateMeta({ name: 'a', annotations: { a: 'x'.repeat(256 * 1024) } }, subdomainProblems);
    expect(causes.map(({ reason }) => reason)).toEqual(['FieldValueTooLong']);
  });
});

describe('a generated name', () => {
  it('consists of the prefix and five characters, and has at most 63 characters', () => {
    expect(generateName('port-')).toMatch(/^port-[a-z0-9]{5}$/);
    expect(generateName('x'.repeat(100))).toHaveLength(63);
  });
});
