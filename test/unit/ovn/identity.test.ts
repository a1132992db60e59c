import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { CLUSTER_MARK, claimOf, marksOf, ownerText } from '../../../src/ovn/model/marks.ts';
import { asSymbol, symbol } from '../../../src/ovn/model/names.ts';
import { rowUuid, uuidV5 } from '../../../src/ovn/model/uuid.ts';

const seed = 20260101;

describe('a computed UUID', () => {
  it('is a version 5 UUID of RFC 9562', () => {
    const dns = Buffer.from('6ba7b8109dad11d180b400c04fd430c8', 'hex');
    expect(uuidV5(dns, 'www.example.com')).toBe('2ed6657d-e927-568b-95e1-2665a8aea6a2');
  });

  it('never changes, because databases contain it', () => {
    expect(rowUuid('7b0d3b7e-1111-4222-8333-444455556666', 'lsp')).toBe(
      'daab7dd9-1831-5ee8-95f7-34ae39ce29e5',
    );
  });

  it('differs for every owner and role', () => {
    const seen = new Map<string, string>();
    fc.assert(
      fc.property(fc.uuid(), fc.stringMatching(/^[a-z/0-9]{1,12}$/), (uid, role) => {
        const uuid = rowUuid(uid, role);
        expect(uuid).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
        const known = seen.get(uuid) ?? `${uid}/${role}`;
        expect(known).toBe(`${uid}/${role}`);
        seen.set(uuid, known);
      }),
      { seed },
    );
  });
});

describe('a row name', () => {
  it('is a symbol made from the UID', () => {
    expect(symbol('7b0d3b7e-1111-4222-8333-444455556666', 'pg')).toBe(
      'on_7b0d3b7e_1111_4222_8333_444455556666_pg',
    );
  });

  it.each(['', 'a b', 'a"', 'a_b', 'ä', '$x', 'a\n'])('is not made from the invalid UID %j', (uid) => {
    expect(() => symbol(uid)).toThrow(RangeError);
  });

  it('is rejected if it is not a symbol of OVN', () => {
    expect(() => asSymbol('1a')).toThrow(RangeError);
    expect(() => asSymbol('a || 1')).toThrow(RangeError);
    expect(asSymbol('neutron_pg.1')).toBe('neutron_pg.1');
  });
});

describe('claimOf', () => {
  const part = fc.stringMatching(/^[a-z0-9.-]{1,20}$/);

  it('returns the owner from the marks of a row', () => {
    fc.assert(
      fc.property(part, fc.option(part, { nil: '' }), part, fc.uuid(), (kind, namespace, name, uid) => {
        const owner = { kind, namespace, name, uid };
        expect(claimOf('alpha', marksOf('alpha', owner))).toEqual({ kind: 'owner', owner });
        expect(ownerText(owner).split('/')).toHaveLength(3);
      }),
      { seed },
    );
  });

  it('returns the other cluster from the marks of another cluster', () => {
    const marks = marksOf('beta', { kind: 'Port', namespace: 'a', name: 'b', uid: 'c' });
    expect(claimOf('alpha', marks)).toEqual({ kind: 'other-cluster', cluster: 'beta' });
  });

  it.each([
    ['no value', undefined, 'none'],
    ['the keys of another CMS', new Map([['neutron:port_name', 'x']]), 'none'],
    ['only the cluster', new Map([[CLUSTER_MARK, 'alpha']]), 'damaged'],
    [
      'an invalid owner',
      new Map([...marksOf('alpha', { kind: 'a/b', namespace: '', name: '', uid: 'u' })]),
      'damaged',
    ],
  ])('classifies external_ids with %s', (_, ids, kind) => {
    expect(claimOf('alpha', ids).kind).toBe(kind);
  });
});
