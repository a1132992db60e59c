import { describe, expect, it } from '@jest/globals';
import { clone } from '../../src/model/objects.ts';
import type { JsonObject } from '../../src/model/objects.ts';
import { strategicMergePatch } from '../../src/patch/strategic.ts';

const apply = (target: JsonObject, patch: JsonObject, kind = 'ConfigMap'): unknown =>
  strategicMergePatch(clone(target), patch, kind);

describe('a strategic merge patch', () => {
  it('merges maps and removes null members', () => {
    expect(apply({ data: { a: '1', b: '2' } }, { data: { b: null, c: '3' } })).toEqual({
      data: { a: '1', c: '3' },
    });
  });

  it('adds finalizers, and removes the finalizers in a delete directive', () => {
    const target = { metadata: { finalizers: ['a', 'b'] } };
    expect(apply(target, { metadata: { finalizers: ['b', 'c'] } })).toEqual({
      metadata: { finalizers: ['a', 'b', 'c'] },
    });
    expect(apply(target, { metadata: { '$deleteFromPrimitiveList/finalizers': ['a'] } })).toEqual({
      metadata: { finalizers: ['b'] },
    });
  });

  it('sorts a list by $setElementOrder', () => {
    const patch = { metadata: { finalizers: ['c'], '$setElementOrder/finalizers': ['c', 'b', 'a'] } };
    expect(apply({ metadata: { finalizers: ['a', 'b'] } }, patch)).toEqual({
      metadata: { finalizers: ['c', 'b', 'a'] },
    });
  });

  it('merges owner references by UID', () => {
    const target = {
      metadata: {
        ownerReferences: [
          { uid: '1', name: 'a' },
          { uid: '2', name: 'b' },
        ],
      },
    };
    const patch = {
      metadata: {
        ownerReferences: [
          { uid: '2', controller: true },
          { $patch: 'delete', uid: '1' },
        ],
      },
    };
    expect(apply(target, patch)).toEqual({
      metadata: { ownerReferences: [{ uid: '2', name: 'b', controller: true }] },
    });
  });

  it("merges a namespace's conditions by type, and replaces the lists of other kinds", () => {
    const target = { status: { conditions: [{ type: 'A', status: 'True' }] } };
    const patch = { status: { conditions: [{ type: 'B', status: 'True' }] } };
    expect(apply(target, patch, 'Namespace')).toEqual({
      status: {
        conditions: [
          { type: 'A', status: 'True' },
          { type: 'B', status: 'True' },
        ],
      },
    });
    expect(apply(target, patch, 'Other')).toEqual(patch);
  });

  it('replaces a map on $patch: replace, and empties it on $patch: delete', () => {
    expect(apply({ data: { a: '1' } }, { data: { $patch: 'replace', b: '2' } })).toEqual({
      data: { b: '2' },
    });
    expect(apply({ data: { a: '1' } }, { data: { $patch: 'delete' } })).toEqual({ data: {} });
  });

  it('keeps only the members that $retainKeys names', () => {
    expect(apply({ data: { a: '1', b: '2' } }, { data: { $retainKeys: ['b', 'c'], c: '3' } })).toEqual({
      data: { b: '2', c: '3' },
    });
  });

  it('rejects unknown directives', () => {
    expect(() => apply({ data: {} }, { data: { $patch: 'explode' } })).toThrow('explode');
  });
});
