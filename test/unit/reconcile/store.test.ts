import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { keyOf, precedenceOf, type Change } from '../../../src/reconcile/index.ts';
import { Store } from '../../../src/reconcile/store/store.ts';
import { widget, type Widget } from '../../support/reconcile/widget.ts';

const onShelf = ({ spec }: Widget): string[] => (spec?.shelf === undefined ? [] : [spec.shelf]);

function setUp() {
  const changes: string[] = [];
  const store = new Store<Widget>({ shelf: onShelf });
  store.subscribe(({ type, key, object }: Change<Widget>) =>
    changes.push(`${type} ${key} ${object.metadata.uid}@${object.metadata.resourceVersion}`),
  );
  return { store, changes };
}

describe('Store', () => {
  it('notifies listeners of added, updated and deleted objects, with the previous state', () => {
    const { store, changes } = setUp();
    const seen: Change<Widget>[] = [];
    store.subscribe((change) => seen.push(change));
    const first = widget('a', { version: '1' });
    const second = widget('a', { version: '2', spec: { size: 2 } });
    store.upsert(first);
    store.upsert(second);
    store.delete(widget('a', { version: '3' }));
    expect(changes).toEqual([
      'added default/a uid-a@1',
      'updated default/a uid-a@2',
      'deleted default/a uid-a@2',
    ]);
    expect(seen[1]).toEqual({ type: 'updated', key: 'default/a', old: first, object: second });
    expect(store.size).toBe(0);
  });

  it('ignores an older version and an equal object', () => {
    const { store, changes } = setUp();
    store.upsert(widget('a', { version: '10' }));
    store.upsert(widget('a', { version: '9', spec: { size: 9 } }));
    store.upsert(widget('a', { version: '10' }));
    expect(changes).toEqual(['added default/a uid-a@10']);
  });

  it('accepts an older version with `force`', () => {
    const { store } = setUp();
    store.upsert(widget('a', { version: '10' }));
    store.upsert(widget('a', { version: '9', spec: { size: 9 } }), { force: true });
    expect(store.get('default/a')?.spec).toEqual({ size: 9 });
  });

  it('accepts the same version with other content, as after a change of the CRD’s defaults', () => {
    const { store, changes } = setUp();
    store.upsert(widget('a', { version: '10' }));
    store.upsert(widget('a', { version: '10', spec: { size: 1 } }));
    expect(changes.at(-1)).toBe('updated default/a uid-a@10');
  });

  it('reports a delete and an add when an object with another UID replaces an object', () => {
    const { store, changes } = setUp();
    store.upsert(widget('a', { uid: 'one', version: '1' }));
    store.upsert(widget('a', { uid: 'two', version: '5' }));
    expect(changes.slice(1)).toEqual(['deleted default/a one@1', 'added default/a two@5']);
    expect(store.byUid('one')).toBeUndefined();
    expect(store.byUid('two')).toBe(store.get('default/a'));
  });

  it('ignores events of a replaced object', () => {
    const { store, changes } = setUp();
    store.upsert(widget('a', { uid: 'two', version: '5' }));
    store.upsert(widget('a', { uid: 'one', version: '1' }));
    store.delete(widget('a', { uid: 'one', version: '6' }));
    expect(changes).toEqual(['added default/a two@5']);
  });

  it('updates a known object from the response of a write, and never adds an object', () => {
    const { store, changes } = setUp();
    store.refresh(widget('a', { version: '7' }));
    store.upsert(widget('a', { uid: 'two', version: '5' }));
    store.refresh(widget('a', { uid: 'one', version: '8' }));
    store.refresh(widget('a', { uid: 'two', version: '9' }));
    expect(changes).toEqual(['added default/a two@5', 'updated default/a two@9']);
  });

  it('removes the objects that are missing in a complete list', () => {
    const { store, changes } = setUp();
    for (const name of ['a', 'b', 'c']) store.upsert(widget(name));
    store.retain(new Set(['default/b']));
    expect([...store.keys()]).toEqual(['default/b']);
    expect(changes.slice(3)).toEqual(['deleted default/a uid-a@1', 'deleted default/c uid-c@1']);
  });

  it('finds and counts objects by index', () => {
    const { store } = setUp();
    store.upsert(widget('a', { spec: { shelf: 's' } }));
    store.upsert(widget('b', { spec: { shelf: 's' } }));
    store.upsert(widget('c', { spec: { shelf: 't' } }));
    expect(store.keysByIndex('shelf', 's').size).toBe(2);
    expect([...store.byIndex('shelf', 't')].map(keyOf)).toEqual(['default/c']);
    store.upsert(widget('a', { version: '2', spec: { shelf: 't' } }));
    expect([...store.keysByIndex('shelf', 's')]).toEqual(['default/b']);
    expect(store.keysByIndex('shelf', 'nowhere').size).toBe(0);
    expect(() => store.keysByIndex('colour', 'red')).toThrow('the store has no index colour');
  });

  it('reports an error of an index function or a listener, and continues', () => {
    const problems: string[] = [];
    const store = new Store<Widget>(
      {
        broken: () => {
          throw new Error('no');
        },
        shelf: onShelf,
      },
      (what) => problems.push(what),
    );
    const received: string[] = [];
    store.subscribe(() => {
      throw new Error('no');
    });
    store.subscribe(({ key }) => received.push(key));
    store.upsert(widget('a', { spec: { shelf: 's' } }));
    expect(problems).toEqual(['index broken', 'listener']);
    expect(received).toEqual(['default/a']);
    expect(store.keysByIndex('shelf', 's').size).toBe(1);
  });

  it('has the same indexes as a full scan after random operations', () => {
    const event = fc.record({
      name: fc.constantFrom('a', 'b', 'c', 'd'),
      uid: fc.constantFrom('1', '2'),
      version: fc.integer({ min: 1, max: 30 }).map(String),
      shelf: fc.option(fc.constantFrom('s', 't'), { nil: undefined }),
      type: fc.constantFrom('upsert', 'refresh', 'delete', 'retain'),
    });
    fc.assert(
      fc.property(fc.array(event, { maxLength: 60 }), (events) => {
        const store = new Store<Widget>({ shelf: onShelf });
        for (const { name, uid, version, shelf, type } of events) {
          const object = widget(name, {
            uid: `${name}${uid}`,
            version,
            spec: shelf === undefined ? {} : { shelf },
          });
          if (type === 'retain') store.retain(new Set(['default/a', 'default/b']));
          else store[type](object);
          const all = [...store.values()];
          for (const value of ['s', 't']) {
            const expected = all.filter(({ spec }) => spec?.shelf === value).map(keyOf);
            expect([...store.keysByIndex('shelf', value)].sort()).toEqual(expected.sort());
          }
          for (const object of all) expect(store.byUid(object.metadata.uid)).toBe(object);
        }
      }),
      { seed: 1 },
    );
  });

  it('returns the objects of an index in the order of precedence, after any changes', () => {
    const change = fc.record({
      name: fc.constantFrom('a', 'b', 'c', 'd', 'e'),
      shelf: fc.constantFrom('s', 't', undefined),
      second: fc.integer({ min: 0, max: 3 }),
    });
    fc.assert(
      fc.property(fc.array(change), (changes) => {
        const { store } = setUp();
        for (const [version, { name, shelf, second }] of changes.entries()) {
          const uid = `${name}-${second}`;
          const metadata = { uid, creationTimestamp: `2026-01-01T00:00:0${second}Z` };
          const object = widget(name, {
            version: String(version),
            metadata,
            ...(shelf && { spec: { shelf } }),
          });
          if (second === 3) store.delete(store.get(`default/${name}`) ?? object);
          else store.upsert(object);
          const expected = [...store.byIndex('shelf', 's')].map(precedenceOf).sort();
          expect([...store.oldestFirst('shelf', 's')].map(precedenceOf)).toEqual(expected);
        }
      }),
    );
  });
});
