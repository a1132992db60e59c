import { describe, expect, it } from '@jest/globals';
import type { Change, Reference } from '../../../src/reconcile/index.ts';
import { wakeDependents, wakeTargets, type Link, type Waker } from '../../../src/reconcile/references.ts';
import { Store } from '../../../src/reconcile/store/store.ts';
import { widget, type Widget } from '../../support/reconcile/widget.ts';

/** Notes who is woken. */
class Woken implements Waker {
  readonly list: string[] = [];
  enqueue = (kind: string, key: string): unknown => this.list.push(`${kind} ${key}`);
  enqueueAfter = (kind: string, key: string, ms: number): unknown =>
    this.list.push(`${kind} ${key} after ${ms}`);
}

const shelfOf = ({ spec }: Widget): string[] => (spec?.shelf === undefined ? [] : [spec.shelf]);

function dependents(...shelves: string[]): Link[] {
  const store = new Store<Widget>({ shelf: shelfOf });
  shelves.forEach((shelf, i) => store.upsert(widget(`w${i}`, { spec: { shelf } })));
  return [{ from: 'Widget', reference: 'shelf', to: 'Shelf', store }];
}

const updated = (old: Partial<Parameters<typeof widget>[1]>, now: typeof old): Change<Widget> => ({
  type: 'updated',
  key: 'default/s',
  old: widget('s', old),
  object: widget('s', { version: '2', ...now }),
});

describe('waking dependents', () => {
  const wake = (
    change: Change<Widget>,
    links: Link[],
    kind: Parameters<typeof wakeDependents<Widget>>[2] = {},
  ) => {
    const woken = new Woken();
    wakeDependents(change, links, kind, woken);
    return woken.list;
  };

  it.each(['added', 'deleted'] as const)('wakes those who name what was %s, and nobody else', (type) => {
    const links = dependents('default/s', 'default/other', 'default/s');
    expect(wake({ type, key: 'default/s', object: widget('s') }, links)).toEqual([
      'Widget default/w0',
      'Widget default/w2',
    ]);
  });

  it('wakes them when its facts change, and only then', () => {
    const links = dependents('default/s');
    const kind = { facts: ({ status }: Widget) => status?.ready };
    expect(
      wake(updated({ status: { ready: false } }, { status: { ready: true } }), links, kind),
    ).toHaveLength(1);
    expect(wake(updated({ status: { size: 1 } }, { status: { size: 2 } }), links, kind)).toEqual([]);
  });

  it('takes generation, labels and being deleted for facts where none are declared', () => {
    const links = dependents('default/s');
    const changed = (metadata: object) => wake(updated({}, { metadata }), links).length;
    expect(changed({ generation: 2 })).toBe(1);
    expect(changed({ labels: { a: 'b' } })).toBe(1);
    expect(changed({ deletionTimestamp: '2030-01-01T00:00:00Z' })).toBe(1);
    expect(changed({ annotations: { a: 'b' } })).toBe(0);
    expect(wake(updated({}, { status: { size: 1 } }), links)).toEqual([]);
  });

  it('does not look at a single dependent when only a count in status changed', () => {
    const untouchable: Link = {
      ...dependents()[0]!,
      store: {
        keysByIndex: () => {
          throw new Error('looked');
        },
      },
    };
    expect(wake(updated({ status: { size: 1 } }, { status: { size: 2 } }), [untouchable])).toEqual([]);
  });

  it('wakes those who name it by an alias, the old one too', () => {
    const links = dependents('red', 'blue', 'green');
    const kind = { aliases: ({ metadata }: Widget) => [metadata.labels?.['colour'] ?? ''], facts: () => 0 };
    const change = updated(
      { metadata: { labels: { colour: 'red' } } },
      { metadata: { labels: { colour: 'blue' } } },
    );
    expect(wake(change, links, kind)).toEqual(['Widget default/w1', 'Widget default/w0']);
    const same = updated(
      { metadata: { labels: { colour: 'red' } } },
      { metadata: { labels: { colour: 'red' } } },
    );
    expect(wake(same, links, kind)).toEqual([]);
  });
});

describe('waking targets', () => {
  const shelves = new Map([
    ['default/s', [widget('s')]],
    ['default/t', [widget('t')]],
    ['default/leaving', [widget('leaving', { metadata: { deletionTimestamp: 'now' } })]],
  ]);
  const wake = (
    change: Change<Widget>,
    wakesTarget: Exclude<Reference<Widget>['wakesTarget'], undefined> = true,
  ) => {
    const woken = new Woken();
    const reference = { to: 'Shelf', keys: shelfOf, wakesTarget };
    wakeTargets(change, reference, (name) => shelves.get(name) ?? [], woken);
    return woken.list;
  };
  const on = (shelf: string) => widget('w', { spec: { shelf } });
  const key = 'default/w';

  it('wakes what an object that comes or goes refers to', () => {
    expect(wake({ type: 'added', key, object: on('default/s') })).toEqual(['Shelf default/s']);
    expect(wake({ type: 'deleted', key, object: on('default/s') })).toEqual(['Shelf default/s']);
  });

  it('wakes both ends when the reference moves, neither when it stays', () => {
    const move = { type: 'updated', key, old: on('default/s'), object: on('default/t') } as const;
    expect(wake(move)).toEqual(['Shelf default/s', 'Shelf default/t']);
    expect(wake({ ...move, object: on('default/s') })).toEqual([]);
  });

  it('wakes later where a burst is to be one wake-up, but at once what is being deleted', () => {
    expect(wake({ type: 'added', key, object: on('default/s') }, { afterMs: 500 })).toEqual([
      'Shelf default/s after 500',
    ]);
    expect(wake({ type: 'deleted', key, object: on('default/leaving') }, { afterMs: 500 })).toEqual([
      'Shelf default/leaving',
    ]);
  });

  it('wakes nobody where the target does not care, or is not there', () => {
    expect(wake({ type: 'added', key, object: on('default/s') }, false)).toEqual([]);
    expect(wake({ type: 'added', key, object: on('default/nowhere') })).toEqual([]);
  });
});
