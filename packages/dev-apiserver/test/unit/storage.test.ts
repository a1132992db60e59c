import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { Collection, Revisions } from '../../src/storage/collection.ts';
import type { Change } from '../../src/storage/collection.ts';

const object = (namespace: string, name: string, value = 0) => ({ metadata: { namespace, name }, value });
const keysOf = (entries: readonly { key: string }[] | undefined): string[] | undefined =>
  entries?.map(({ key }) => key);

describe('a collection', () => {
  it('assigns the next revision to every write, across collections', () => {
    const revisions = new Revisions();
    const one = new Collection(revisions, 10);
    const other = new Collection(revisions, 10);
    const first = one.put('a/x', object('a', 'x')).revision;
    expect(other.put('a/x', object('a', 'x')).revision).toBe(first + 1);
    expect(one.put('a/x', object('a', 'x', 1)).object.metadata.resourceVersion).toBe(String(first + 2));
    expect(one.revision).toBe(first + 2);
  });

  it('lists objects in the order of keys, independent of the order of writes', () => {
    const collection = new Collection(new Revisions(), 10);
    for (const key of ['b/1', 'a/2', 'a/10', 'a-b/1', 'a/1'])
      collection.put(key, object(key.split('/')[0]!, key.split('/')[1]!));
    expect(keysOf(collection.list())).toEqual(['a-b/1', 'a/1', 'a/10', 'a/2', 'b/1']);
    expect(keysOf(collection.list('a'))).toEqual(['a/1', 'a/10', 'a/2']);
    expect(collection.list('none')).toEqual([]);
    collection.delete('a/10');
    expect(keysOf(collection.list('a'))).toEqual(['a/1', 'a/2']);
  });

  it('notifies listeners of each change once, with the previous state', () => {
    const collection = new Collection(new Revisions(), 10);
    const changes: Change[] = [];
    const end = collection.subscribe((change) => changes.push(change));
    const added = collection.put('a/x', object('a', 'x'));
    const modified = collection.put('a/x', object('a', 'x', 1));
    collection.delete('a/x');
    collection.delete('a/x');
    end();
    collection.put('a/y', object('a', 'y'));
    expect(changes.map(({ type, previous }) => [type, previous])).toEqual([
      ['ADDED', undefined],
      ['MODIFIED', added],
      ['DELETED', modified],
    ]);
    expect(changes[2]?.entry.object.metadata.resourceVersion).toBe(String(changes[2]?.revision));
  });

  it('drops its oldest changes when there are too many, and reports the last dropped revision', () => {
    const collection = new Collection(new Revisions(), 4);
    const first = collection.put('a/0', object('a', '0')).revision;
    for (let i = 1; i < 9; i += 1) collection.put(`a/${i}`, object('a', String(i)));
    expect(collection.compactedRevision).toBeGreaterThanOrEqual(first);
    expect(collection.listAt(collection.compactedRevision - 1)).toBeUndefined();
    const kept = collection.changesSince(collection.compactedRevision);
    expect(kept.length).toBeGreaterThanOrEqual(4);
    expect(kept[0]?.revision).toBe(collection.compactedRevision + 1);
  });

  it('lists the objects at any revision in its history', () => {
    const seed = 1969;
    const step = fc.record({
      remove: fc.boolean(),
      namespace: fc.constantFrom('a', 'b'),
      name: fc.constantFrom('x', 'y', 'z'),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const collection = new Collection(new Revisions(), 1000);
        const states = new Map<number, unknown>();
        const snapshot = (namespace?: string): unknown => collection.list(namespace).map((entry) => entry);
        for (const { remove, namespace, name } of steps) {
          if (remove) collection.delete(`${namespace}/${name}`);
          else collection.put(`${namespace}/${name}`, object(namespace, name));
          states.set(collection.revision, [snapshot(), snapshot('a')]);
        }
        for (const [revision, [all, one]] of states as Map<number, [unknown, unknown]>) {
          expect(collection.listAt(revision)).toEqual(all);
          expect(collection.listAt(revision, 'a')).toEqual(one);
        }
      }),
      { seed, numRuns: 50 },
    );
  });
});
