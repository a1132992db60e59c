import { describe, expect, it } from '@jest/globals';
import type { Change, Reference } from '../../../src/reconcile/index.ts';
import {
  enqueueDependents,
  enqueueTargets,
  type Enqueuer,
  type Link,
} from '../../../src/reconcile/references.ts';
import { Store } from '../../../src/reconcile/store/store.ts';
import { widget, type Widget } from '../../support/reconcile/widget.ts';

/** Records the enqueued keys. */
class RecordingEnqueuer implements Enqueuer {
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

describe('enqueueDependents', () => {
  const enqueue = (
    change: Change<Widget>,
    links: Link[],
    kind: Parameters<typeof enqueueDependents<Widget>>[2] = {},
  ) => {
    const enqueuer = new RecordingEnqueuer();
    enqueueDependents(change, links, kind, new Store<Widget>({ aliasesOfOldest: () => [] }), enqueuer);
    return enqueuer.list;
  };

  it.each(['added', 'deleted'] as const)('enqueues only the referrers of an object that was %s', (type) => {
    const links = dependents('default/s', 'default/other', 'default/s');
    expect(enqueue({ type, key: 'default/s', object: widget('s') }, links)).toEqual([
      'Widget default/w0',
      'Widget default/w2',
    ]);
  });

  it('enqueues the referrers only when the facts change', () => {
    const links = dependents('default/s');
    const kind = { facts: ({ status }: Widget) => status?.ready };
    expect(
      enqueue(updated({ status: { ready: false } }, { status: { ready: true } }), links, kind),
    ).toHaveLength(1);
    expect(enqueue(updated({ status: { size: 1 } }, { status: { size: 2 } }), links, kind)).toEqual([]);
  });

  it('uses the generation, the labels and the deletion timestamp as the default facts', () => {
    const links = dependents('default/s');
    const changed = (metadata: object) => enqueue(updated({}, { metadata }), links).length;
    expect(changed({ generation: 2 })).toBe(1);
    expect(changed({ labels: { a: 'b' } })).toBe(1);
    expect(changed({ deletionTimestamp: '2030-01-01T00:00:00Z' })).toBe(1);
    expect(changed({ annotations: { a: 'b' } })).toBe(0);
    expect(enqueue(updated({}, { status: { size: 1 } }), links)).toEqual([]);
  });

  it('enqueues only the oldest referrers of a reference with a limit', () => {
    const [link] = dependents('default/s', 'default/s', 'default/s');
    const change: Change<Widget> = { type: 'deleted', key: 'default/s', object: widget('s') };
    expect(enqueue(change, [{ ...link!, wakesOldest: 2 }])).toEqual([
      'Widget default/w0',
      'Widget default/w1',
    ]);
  });

  it('enqueues no referrers that ignore all changed facts', () => {
    const links = dependents('default/s').map((link) => ({ ...link, ignores: ['size'] }));
    const kind = { facts: ({ status }: Widget) => status };
    const changes = (status: object) =>
      enqueue(updated({ status: { size: 1 } }, { status }), links, kind).length;
    expect([changes({ size: 2 }), changes({ size: 2, ready: true })]).toEqual([0, 1]);
  });

  it('enqueues the referrers of an alias that several objects share only for the oldest object', () => {
    const links = dependents('any');
    const kind = { aliasesOfOldest: () => ['any'] };
    const store = new Store<Widget>(kind);
    const enqueuer = new RecordingEnqueuer();
    for (const name of ['b', 'c', 'a']) {
      const object = widget(name);
      store.upsert(object);
      enqueueDependents({ type: 'added', key: `default/${name}`, object }, links, kind, store, enqueuer);
    }
    for (const name of ['c', 'a']) {
      const object = widget(name);
      store.delete(object);
      enqueueDependents({ type: 'deleted', key: `default/${name}`, object }, links, kind, store, enqueuer);
    }
    // The object `b` is the oldest one at first, then `a` until its deletion; `c` is never the oldest one.
    expect(enqueuer.list).toEqual(['Widget default/w0', 'Widget default/w0', 'Widget default/w0']);
  });

  it('does not look up referrers when only a count in the status changed', () => {
    const untouchable: Link = {
      ...dependents()[0]!,
      store: {
        keysByIndex: () => {
          throw new Error('unexpected look-up');
        },
        oldestFirst: () => {
          throw new Error('unexpected look-up');
        },
      },
    };
    expect(enqueue(updated({ status: { size: 1 } }, { status: { size: 2 } }), [untouchable])).toEqual([]);
  });

  it('enqueues the referrers by the new and the previous alias', () => {
    const links = dependents('red', 'blue', 'green');
    const kind = { aliases: ({ metadata }: Widget) => [metadata.labels?.['colour'] ?? ''], facts: () => 0 };
    const change = updated(
      { metadata: { labels: { colour: 'red' } } },
      { metadata: { labels: { colour: 'blue' } } },
    );
    expect(enqueue(change, links, kind)).toEqual(['Widget default/w1', 'Widget default/w0']);
    const same = updated(
      { metadata: { labels: { colour: 'red' } } },
      { metadata: { labels: { colour: 'red' } } },
    );
    expect(enqueue(same, links, kind)).toEqual([]);
  });
});

describe('enqueueTargets', () => {
  const shelves = new Map([
    ['default/s', [widget('s')]],
    ['default/t', [widget('t')]],
    ['default/leaving', [widget('leaving', { metadata: { deletionTimestamp: 'now' } })]],
  ]);
  const enqueue = (
    change: Change<Widget>,
    wakesTarget: Exclude<Reference<Widget>['wakesTarget'], undefined> = true,
  ) => {
    const enqueuer = new RecordingEnqueuer();
    const reference = { to: 'Shelf', keys: shelfOf, wakesTarget };
    enqueueTargets(change, reference, (name) => shelves.get(name) ?? [], enqueuer);
    return enqueuer.list;
  };
  const on = (shelf: string) => widget('w', { spec: { shelf } });
  const key = 'default/w';

  it('enqueues the target of an object that was added or deleted', () => {
    expect(enqueue({ type: 'added', key, object: on('default/s') })).toEqual(['Shelf default/s']);
    expect(enqueue({ type: 'deleted', key, object: on('default/s') })).toEqual(['Shelf default/s']);
  });

  it('enqueues both targets when the reference changes, and none when it does not', () => {
    const move = { type: 'updated', key, old: on('default/s'), object: on('default/t') } as const;
    expect(enqueue(move)).toEqual(['Shelf default/s', 'Shelf default/t']);
    expect(enqueue({ ...move, object: on('default/s') })).toEqual([]);
  });

  it('delays the key with `afterMs`, except for a target that is being deleted', () => {
    expect(enqueue({ type: 'added', key, object: on('default/s') }, { afterMs: 500 })).toEqual([
      'Shelf default/s after 500',
    ]);
    expect(enqueue({ type: 'deleted', key, object: on('default/leaving') }, { afterMs: 500 })).toEqual([
      'Shelf default/leaving',
    ]);
  });

  it('enqueues no key without `wakesTarget`, or when the target does not exist', () => {
    expect(enqueue({ type: 'added', key, object: on('default/s') }, false)).toEqual([]);
    expect(enqueue({ type: 'added', key, object: on('default/nowhere') })).toEqual([]);
  });
});
