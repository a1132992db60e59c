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

describe('Reflector', () => {
  it('lists in pages, resolves start after the last page, and then watches', async () => {
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

  it('removes managedFields', async () => {
    const { cluster, store, reflector } = await setUp();
    const made = newWidget('a');
    await cluster.create(widgetType, { ...made, metadata: { ...made.metadata, managedFields: [{}] } });
    await reflector.start();
    expect(store.get('default/a')?.metadata).not.toHaveProperty('managedFields');
    expect(store.get('default/a')?.metadata.name).toBe('a');
  });

  it('receives the changes that occurred while the watch was broken', async () => {
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

  it('lists again when the history is compacted, and deletes only the objects that do not exist', async () => {
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

  it('deletes no object while lists fail between two pages', async () => {
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

  it('probes the server after a silent watch, and does not log or count it as a failure', async () => {
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

  it('retries with a growing backoff while the server returns errors, and logs each failure', async () => {
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

  it('resumes within a second after an outage of any length, and logs warnings at growing intervals', async () => {
    const { clock, cluster, store, reflector, log, edit } = await setUp('a');
    await reflector.start();
    await settle();
    cluster.failing = () => new ConnectionError('ECONNREFUSED', 'no', { sent: false });
    cluster.endWatches(lostReply());
    await clock.advance(600_000);
    const warnings = log.lines.filter(({ level }) => level === 'warn').map(({ attempt }) => attempt);
    expect(warnings).toEqual([1, 2, 4, 8, 16, 32, 64, 128, 256, 512]);
    expect(reflector.failingMs).toBe(600_000);
    edit('a', 7);
    // A real server also accepts connections after a start before it can serve requests.
    cluster.failing = () => refusal(503, 'NotYet');
    await clock.advance(1_000);
    expect(log.lines.at(-1)).toMatchObject({ code: 503, delayMs: 1_000 });
    cluster.failing = () => undefined;
    await clock.advance(1_000);
    expect(store.get('default/a')?.spec).toEqual({ size: 7 });
    expect(reflector.failures).toBe(0);
  });

  it('respects the Retry-After of a busy server, and does not log a warning', async () => {
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

  it('stops, and rejects a start that is still waiting', async () => {
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
    await expect(starting).rejects.toThrow('the reflector was stopped before it listed widgets');
    expect(second.clock.pending).toBe(0);
  });
});
