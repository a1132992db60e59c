import { describe, expect, it } from '@jest/globals';
import { EventRecorder, type EventRecorderOptions, type KubeObject } from '../../../src/reconcile/index.ts';
import { FakeClock, settle } from '../../support/reconcile/fake-clock.ts';
import { FakeCluster, refusal } from '../../support/reconcile/fake-cluster.ts';
import { widget } from '../../support/reconcile/widget.ts';

const eventType = {
  group: 'events.k8s.io',
  version: 'v1',
  kind: 'Event',
  plural: 'events',
  namespaced: true,
};

interface Event extends KubeObject {
  readonly note: string;
  readonly series?: { readonly count: number };
  readonly regarding: { readonly uid: string };
}

const ready = { type: 'Normal', reason: 'Ready', action: 'Programming', note: 'it works' } as const;

function setUp(options: Partial<EventRecorderOptions> = {}) {
  const clock = new FakeClock();
  const cluster = new FakeCluster();
  const recorder = new EventRecorder({
    client: cluster,
    controller: 'example.org/operator',
    instance: 'pod-1',
    clock,
    ...options,
  });
  const written = async (): Promise<readonly Event[]> => (await cluster.list<Event>(eventType)).items;
  return { clock, cluster, recorder, written };
}

describe('EventRecorder', () => {
  it('writes an events.k8s.io/v1 Event', async () => {
    const { recorder, written } = setUp();
    recorder.record(widget('a'), ready);
    await settle();
    expect(await written()).toEqual([
      expect.objectContaining({
        apiVersion: 'events.k8s.io/v1',
        kind: 'Event',
        eventTime: '2030-01-01T00:00:00.000000Z',
        reportingController: 'example.org/operator',
        reportingInstance: 'pod-1',
        action: 'Programming',
        reason: 'Ready',
        note: 'it works',
        type: 'Normal',
        regarding: {
          apiVersion: 'test.example.org/v1',
          kind: 'Widget',
          namespace: 'default',
          name: 'a',
          uid: 'uid-a',
          resourceVersion: '1',
        },
      }),
    ]);
    expect((await written())[0]!.metadata.name).toMatch(/^a\.[0-9a-f]+$/);
  });

  it('counts repetitions in one Event, and updates it at most once a minute', async () => {
    const { clock, cluster, recorder, written } = setUp();
    for (let second = 0; second < 180; second++) {
      recorder.record(widget('a'), ready);
      await clock.advance(1_000);
    }
    expect(await written()).toHaveLength(1);
    expect((await written())[0]!.series?.count).toBeGreaterThan(100);
    expect(cluster.writes.length).toBeLessThanOrEqual(3);
  });

  it('creates a new Event for another note, for another object, and after a long time', async () => {
    const { clock, recorder, written } = setUp();
    recorder.record(widget('a'), ready);
    recorder.record(widget('a'), { ...ready, note: 'other' });
    recorder.record(widget('b'), ready);
    await clock.advance(10 * 60_000);
    recorder.record(widget('a'), ready);
    await clock.advance(0);
    const notes = (await written()).map(({ regarding, note }) => `${regarding.uid} ${note}`);
    expect(notes.sort()).toEqual(['uid-a it works', 'uid-a it works', 'uid-a other', 'uid-b it works']);
  });

  it('limits the write rate, and drops events when its queue is full', async () => {
    const { clock, cluster, recorder } = setUp({ perSecond: 1, burst: 5, capacity: 10 });
    for (let i = 0; i < 100; i++) recorder.record(widget(`w${i}`), ready);
    await clock.advance(0);
    expect(cluster.writes).toHaveLength(5);
    await clock.advance(3_000);
    expect(cluster.writes).toHaveLength(8);
    expect(recorder.dropped).toBe(89);
  });

  it('writes the Events of a namespace in its turn, also if another namespace fills the queue', async () => {
    const { clock, recorder, written } = setUp({ perSecond: 1, burst: 1, capacity: 10 });
    for (let i = 0; i < 100; i++) recorder.record(widget(`w${i}`), ready);
    recorder.record(widget('quiet', { metadata: { namespace: 'other', uid: 'quiet' } }), ready);
    await clock.advance(2_000);
    expect((await written()).map(({ regarding }) => regarding.uid)).toContain('quiet');
  });

  it('continues after a failed write, and writes that event when it is repeated', async () => {
    const { clock, cluster, recorder, written } = setUp();
    cluster.failing = (call) => (call.includes(' default/a.') ? refusal(403, 'Forbidden') : undefined);
    recorder.record(widget('a'), ready);
    recorder.record(widget('b'), ready);
    await settle();
    expect((await written()).map(({ regarding }) => regarding.uid)).toEqual(['uid-b']);
    cluster.failing = () => undefined;
    recorder.record(widget('a'), ready);
    await clock.advance(0);
    expect((await written()).map(({ regarding }) => regarding.uid)).toEqual(['uid-a', 'uid-b']);
  });

  it('writes the queued events on close without the rate limit, and accepts no more events', async () => {
    const { clock, cluster, recorder } = setUp({ perSecond: 1, burst: 1 });
    for (let i = 0; i < 4; i++) recorder.record(widget(`w${i}`), ready);
    await settle();
    await recorder.close(1_000);
    recorder.record(widget('late'), ready);
    await clock.advance(10_000);
    expect(cluster.writes).toHaveLength(4);
    expect(recorder.dropped).toBe(0);
    expect(clock.pending).toBe(0);
  });

  it('closes after the time-out when the API server does not answer', async () => {
    const { clock, cluster, recorder } = setUp();
    cluster.create = () => new Promise(() => undefined);
    recorder.record(widget('a'), ready);
    let isClosed = false;
    void recorder.close(1_000).then(() => (isClosed = true));
    await clock.advance(999);
    expect(isClosed).toBe(false);
    await clock.advance(1);
    expect(isClosed).toBe(true);
  });

  it('truncates a long note without splitting a character', async () => {
    const { recorder, written } = setUp();
    recorder.record(widget('a'), { ...ready, note: '€'.repeat(1000) });
    await settle();
    expect((await written())[0]!.note).toBe('€'.repeat(341));
  });
});
