import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { keyOf, type Change } from '../../../src/reconcile/index.ts';
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

describe('a store', () => {
  it('tells what was added, updated and deleted, with what was there before', () => {
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

  it('ignores what is older than what it has, and what it has already', () => {
    const { store, changes } = setUp();
    store.upsert(widget('a', { version: '10' }));
    store.upsert(widget('a', { version: '9', spec: { size: 9 } }));
    store.upsert(widget('a', { version: '10' }));
    expect(changes).toEqual(['added default/a uid-a@10']);
  });

  it('takes in the past when it is forced to', () => {
    const { store } = setUp();
    store.upsert(widget('a', { version: '10' }));
    store.upsert(widget('a', { version: '9', spec: { size: 9 } }), { force: true });
    expect(store.get('default/a')?.spec).toEqual({ size: 9 });
  });

  it('takes the same version with other content: the CRD’s defaults changed', () => {
    const { store, changes } = setUp();
    store.upsert(widget('a', { version: '10' }));
    store.upsert(widget('a', { version: '10', spec: { size: 1 } }));
    expect(changes.at(-1)).toBe('updated default/a uid-a@10');
  });

  it('makes a delete and an add of a namesake with another UID', () => {
    const { store, changes } = setUp();
    store.upsert(widget('a', { uid: 'one', version: '1' }));
    store.upsert(widget('a', { uid: 'two', version: '5' }));
    expect(changes.slice(1)).toEqual(['deleted default/a one@1', 'added default/a two@5']);
    expect(store.byUid('one')).toBeUndefined();
    expect(store.byUid('two')).toBe(store.get('default/a'));
  });

  it('does not let an old namesake come back', () => {
    const { store, changes } = setUp();
    store.upsert(widget('a', { uid: 'two', version: '5' }));
    store.upsert(widget('a', { uid: 'one', version: '1' }));
    store.delete(widget('a', { uid: 'one', version: '6' }));
    expect(changes).toEqual(['added default/a two@5']);
  });

  it('takes the answer to a write as news of what it has, never as something new', () => {
    const { store, changes } = setUp();
    store.refresh(widget('a', { version: '7' }));
    store.upsert(widget('a', { uid: 'two', version: '5' }));
    store.refresh(widget('a', { uid: 'one', version: '8' }));
    store.refresh(widget('a', { uid: 'two', version: '9' }));
    expect(changes).toEqual(['added default/a two@5', 'updated default/a two@9']);
  });

  it('removes after a complete list what the list had not', () => {
    const { store, changes } = setUp();
    for (const name of ['a', 'b', 'c']) store.upsert(widget(name));
    store.retain(new Set(['default/b']));
    expect([...store.keys()]).toEqual(['default/b']);
    expect(changes.slice(3)).toEqual(['deleted default/a uid-a@1', 'deleted default/c uid-c@1']);
  });

  it('finds by index, and counts without looking', () => {
    const { store } = setUp();
    store.upsert(widget('a', { spec: { shelf: 's' } }));
    store.upsert(widget('b', { spec: { shelf: 's' } }));
    store.upsert(widget('c', { spec: { shelf: 't' } }));
    expect(store.keysByIndex('shelf', 's').size).toBe(2);
    expect([...store.byIndex('shelf', 't')].map(keyOf)).toEqual(['default/c']);
    store.upsert(widget('a', { version: '2', spec: { shelf: 't' } }));
    expect([...store.keysByIndex('shelf', 's')]).toEqual(['default/b']);
    expect(store.keysByIndex('shelf', 'nowhere').size).toBe(0);
    expect(() => store.keysByIndex('colour', 'red')).toThrow('no such index: colour');
  });

  it('goes on when an index or a listener throws, and says so', () => {
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
    const heard: string[] = [];
    store.subscribe(() => {
      throw new Error('no');
    });
    store.subscribe(({ key }) => heard.push(key));
    store.upsert(widget('a', { spec: { shelf: 's' } }));
    expect(problems).toEqual(['index broken', 'listener']);
    expect(heard).toEqual(['default/a']);
    expect(store.keysByIndex('shelf', 's').size).toBe(1);
  });

  it('has indexes that equal a scan, whatever happened', () => {
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
          for (const one of all) expect(store.byUid(one.metadata.uid)).toBe(one);
        }
      }),
      { seed: 1 },
    );
  });
});
