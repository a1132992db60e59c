import { describe, expect, it } from '@jest/globals';
import { ConnectionError, type Change } from '../../../src/reconcile/index.ts';
import { Store } from '../../../src/reconcile/store/store.ts';
import { Reflector } from '../../../src/reconcile/watch/reflector.ts';
import { FakeClock, settle } from '../../support/reconcile/fake-clock.ts';
import { FakeCluster, lostReply, refusal } from '../../support/reconcile/fake-cluster.ts';
import { RecordingLog } from '../../support/reconcile/recording-log.ts';
import { newWidget, widgetType, type Widget } from '../../support/reconcile/widget.ts';

async function setUp(...names: string[]) {
  const clock = new FakeClock();
  const cluster = new FakeCluster();
  for (const name of names) await cluster.create(widgetType, newWidget(name));
  const store = new Store<Widget>();
  const log = new RecordingLog();
  const backoff = { baseMs: 1_000, maxMs: 8_000 };
  const reflector = new Reflector(cluster, widgetType, store, {
    clock,
    log,
    pageSize: 2,
    backoff,
    random: () => 1,
  });
  const changes: string[] = [];
  store.subscribe(({ type, key }: Change<Widget>) => changes.push(`${type} ${key}`));
  const edit = (name: string, size: number): void =>
    cluster.edit(widgetType, { namespace: 'default', name }, (old) => ({ ...old, spec: { size } }));
  return { clock, cluster, store, log, reflector, changes, edit };
}

const ref = (name: string) => ({ namespace: 'default', name });

describe('a reflector', () => {
  it('lists in pages, says so when it has all, and follows from there', async () => {
    const { cluster, store, reflector, changes, edit } = await setUp('a', 'b', 'c', 'd', 'e');
    await reflector.start();
    expect(store.size).toBe(5);
    expect(cluster.calls.filter((call) => call.startsWith('list'))).toHaveLength(3);
    await settle();
    edit('a', 7);
    await cluster.delete(widgetType, ref('b'));
    expect(store.get('default/a')?.spec).toEqual({ size: 7 });
    expect(changes.slice(5)).toEqual(['updated default/a', 'deleted default/b']);
  });

  it('keeps no managedFields', async () => {
    const { cluster, store, reflector } = await setUp();
    const made = newWidget('a');
    await cluster.create(widgetType, { ...made, metadata: { ...made.metadata, managedFields: [{}] } });
    await reflector.start();
    expect(store.get('default/a')?.metadata).not.toHaveProperty('managedFields');
    expect(store.get('default/a')?.metadata.name).toBe('a');
  });

  it('misses nothing that happened while the watch was broken', async () => {
    const { clock, cluster, store, reflector, edit } = await setUp('a', 'b');
    await reflector.start();
    await settle();
    cluster.endWatches(lostReply());
    edit('a', 7);
    await cluster.delete(widgetType, ref('b'));
    await clock.advance(1_000);
    expect(store.get('default/a')?.spec).toEqual({ size: 7 });
    expect(store.get('default/b')).toBeUndefined();
    expect(reflector.failures).toBe(0);
  });

  it('finds out by a list what happened when the history is gone: deletes only what is really gone', async () => {
    const { clock, cluster, store, reflector, changes, edit } = await setUp('a', 'b', 'c');
    await reflector.start();
    await settle();
    const { version } = cluster;
    cluster.failing = (call) => (call === `watch widgets ${version}` ? refusal(410, 'Expired') : undefined);
    cluster.endWatches(lostReply());
    edit('a', 7);
    await cluster.delete(widgetType, ref('b'));
    await cluster.create(widgetType, newWidget('d'));
    await cluster.delete(widgetType, ref('c'));
    await cluster.create(widgetType, newWidget('c'));
    cluster.compact();
    await clock.advance(1_000);
    expect(changes.slice(3)).toEqual([
      'updated default/a',
      'deleted default/c',
      'added default/c',
      'added default/d',
      'deleted default/b',
    ]);
    expect([...store.keys()].sort()).toEqual(['default/a', 'default/c', 'default/d']);
  });

  it('deletes nothing while lists fail half-way', async () => {
    const { clock, cluster, store, reflector, changes } = await setUp('a', 'b', 'c', 'd');
    await reflector.start();
    await settle();
    let lists = 0;
    cluster.failing = (call) => {
      if (call.startsWith('watch')) return lists < 6 ? refusal(410, 'Expired') : undefined;
      return call.startsWith('list') && ++lists % 2 === 0 && lists < 7 ? refusal(500, 'Boom') : undefined;
    };
    await cluster.delete(widgetType, ref('a'));
    changes.length = 0;
    cluster.endWatches(refusal(410, 'Expired'));
    await clock.advance(60_000);
    expect(changes).toEqual([]);
    expect([...store.keys()].sort()).toEqual(['default/b', 'default/c', 'default/d']);
    expect(reflector.state).toBe('Watching');
  });

  it('takes silence for a kind where nothing happens, says nothing of it, and makes sure', async () => {
    const { clock, cluster, reflector, log } = await setUp('a');
    await reflector.start();
    await settle();
    for (let i = 0; i < 3; i++) {
      cluster.endWatches(new ConnectionError('TIMEOUT', 'silent', { sent: true }));
      await clock.advance(0);
      expect(cluster.watching).toBe(1);
    }
    expect(cluster.calls.filter((call) => call.startsWith('list'))).toHaveLength(4);
    expect(log.lines).toEqual([]);
    expect(reflector.failures).toBe(0);
  });

  it('waits for a server that refuses, longer each time, and says how it goes', async () => {
    const { clock, cluster, reflector, log } = await setUp('a');
    cluster.failing = () => refusal(500, 'Boom');
    let isListed = false;
    void reflector.start().then(() => (isListed = true));
    await clock.advance(1_000 + 2_000 + 4_000 + 8_000 + 8_000 - 1);
    expect(cluster.calls.filter((call) => call.startsWith('list'))).toHaveLength(5);
    expect([reflector.failures, reflector.failingMs]).toEqual([5, 22_999]);
    expect(log.lines.at(-1)).toMatchObject({ level: 'warn', kind: 'Widget', attempt: 5, delayMs: 8_000 });
    cluster.failing = () => undefined;
    await clock.advance(1);
    expect(isListed).toBe(true);
    expect([reflector.failures, reflector.failingMs]).toEqual([0, 0]);
  });

  it('is back within a second of a server that was away, however long that was, and says so ever less', async () => {
    const { clock, cluster, store, reflector, log, edit } = await setUp('a');
    await reflector.start();
    await settle();
    cluster.failing = () => new ConnectionError('ECONNREFUSED', 'no', { sent: false });
    cluster.endWatches(lostReply());
    await clock.advance(600_000);
    const news = log.lines.filter(({ level }) => level === 'warn').map(({ attempt }) => attempt);
    expect(news).toEqual([1, 2, 4, 8, 16, 32, 64, 128, 256, 512]);
    expect(reflector.failingMs).toBe(600_000);
    edit('a', 7);
    // As a real one does when it comes back: it listens before it can answer.
    cluster.failing = () => refusal(503, 'NotYet');
    await clock.advance(1_000);
    expect(log.lines.at(-1)).toMatchObject({ code: 503, delayMs: 1_000 });
    cluster.failing = () => undefined;
    await clock.advance(1_000);
    expect(store.get('default/a')?.spec).toEqual({ size: 7 });
    expect(reflector.failures).toBe(0);
  });

  it('comes back when a busy server asked it to, which is nothing to warn of', async () => {
    const { clock, cluster, reflector, log } = await setUp('a');
    cluster.failing = () => refusal(429, 'TooManyRequests', 3);
    const started = reflector.start();
    await clock.advance(3_000 - 1);
    expect(log.lines.map(({ level }) => level)).toEqual(['info']);
    cluster.failing = () => undefined;
    await clock.advance(1);
    await started;
    expect(reflector.state).toBe('Watching');
  });

  it('stops for good, and a start that waits is told', async () => {
    const { clock, cluster, reflector, store } = await setUp('a');
    await reflector.start();
    await settle();
    reflector.stop();
    expect(cluster.watching).toBe(0);
    await cluster.create(widgetType, newWidget('b'));
    await clock.advance(100_000);
    expect(store.size).toBe(1);
    expect(clock.pending).toBe(0);

    const second = await setUp();
    second.cluster.failing = () => lostReply();
    const starting = second.reflector.start();
    await settle();
    second.reflector.stop();
    await expect(starting).rejects.toThrow('stopped before widgets were listed');
    expect(second.clock.pending).toBe(0);
  });
});
