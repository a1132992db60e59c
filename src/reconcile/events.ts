import type { KubeClient } from './client/client.ts';
import {
  type Clock,
  type Logger,
  errorFields,
  microTime,
  realClock,
  silentLogger,
  sleep,
} from '../base/index.ts';
import { Fifo } from './queue/fifo.ts';
import type { KubeObject, ResourceType } from './types.ts';

const eventType: ResourceType = {
  group: 'events.k8s.io',
  version: 'v1',
  kind: 'Event',
  plural: 'events',
  namespaced: true,
};

/** What happened to an object, for people. */
export interface ObjectEvent {
  readonly type: 'Normal' | 'Warning';
  /** Why, in CamelCase, as in a condition. */
  readonly reason: string;
  /** What was being done, in CamelCase, e.g. 'Programming'. */
  readonly action: string;
  /** For people, at most 1 kB: the rest is cut off. */
  readonly note: string;
}

/** Takes in events. Report transitions, not states: saying the same at each reconcile is noise. */
export interface EventSink {
  /** Returns at once, and never fails: an event is worth less than the work it is about. */
  record(object: KubeObject, event: ObjectEvent): void;
}

/** Settings of an {@link EventRecorder}. */
export interface EventRecorderOptions {
  readonly client: KubeClient;
  /** Who reports, e.g. 'network.plasmavmc.io/operator'. */
  readonly controller: string;
  /** Which of its processes, e.g. the pod's name. */
  readonly instance: string;
  /** Writes a second in the long run: events compete with the work for the API server. */
  readonly perSecond?: number;
  /** Writes that may go out at once after a quiet time. */
  readonly burst?: number;
  /** Most events that wait to be written; more are dropped, and counted. */
  readonly capacity?: number;
  readonly clock?: Clock;
  readonly log?: Logger;
}

/** The same event of the same object: one Event object, and a count in it. */
interface Series {
  readonly object: KubeObject;
  readonly event: ObjectEvent;
  /** The Event object's, once it is created. */
  name: string | undefined;
  count: number;
  written: number;
  lastAt: number;
  writtenAt: number;
  isQueued: boolean;
}

/** The same again after this long is a new Event, as client-go has it. */
const seriesMs = 6 * 60_000;
/** An Event's count is brought up to date at most this often. */
const updateMs = 60_000;
/** Series that are remembered. */
const maxSeries = 4096;

/**
 * Writes events.k8s.io/v1 Events in the background: repeats are counted in one object, writes are rate limited,
 * and what is too much is dropped.
 */
export class EventRecorder implements EventSink {
  readonly #options: EventRecorderOptions;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #perMs: number;
  readonly #burst: number;
  readonly #series = new Map<string, Series>();
  readonly #queue = new Fifo<Series>();
  readonly #closed = new AbortController();
  #tokens: number;
  #filledAt: number;
  #names = 0;
  #dropped = 0;
  #writing: Promise<void> | undefined;

  constructor(options: EventRecorderOptions) {
    this.#options = options;
    this.#clock = options.clock ?? realClock;
    this.#log = options.log ?? silentLogger;
    this.#perMs = (options.perSecond ?? 5) / 1000;
    this.#burst = options.burst ?? 50;
    this.#tokens = this.#burst;
    this.#filledAt = this.#clock.now();
  }

  /** Events that were not written because there were too many. */
  get dropped(): number {
    return this.#dropped;
  }

  record(object: KubeObject, event: ObjectEvent): void {
    if (this.#closed.signal.aborted) return;
    const now = this.#clock.now();
    const id = JSON.stringify([object.metadata.uid, event.type, event.reason, event.note]);
    const known = this.#series.get(id);
    const isCurrent = known !== undefined && now - known.lastAt < seriesMs;
    const series = isCurrent ? known : newSeries(object, event, now);
    series.count++;
    series.lastAt = now;
    // Taken out and put in, so that the map's order is that of the last use.
    this.#series.delete(id);
    this.#series.set(id, series);
    if (this.#series.size > maxSeries) this.#forgetOldest();
    if (series.written === 0 || now - series.writtenAt >= updateMs) this.#enqueue(series);
  }

  /** Writes what waits, without regard to the rate but for no longer than `timeoutMs`; takes nothing more in. */
  async close(timeoutMs: number): Promise<void> {
    this.#closed.abort();
    for (const series of this.#series.values()) if (series.count > series.written) this.#enqueue(series);
    const done = new AbortController();
    await Promise.race([this.#writing, sleep(this.#clock, timeoutMs, done.signal)]);
    done.abort();
    while (this.#queue.shift() !== undefined) this.#dropped++;
  }

  #enqueue(series: Series): void {
    if (series.isQueued) return;
    if (this.#queue.size >= (this.#options.capacity ?? 1000)) {
      this.#dropped++;
      return;
    }
    series.isQueued = true;
    this.#queue.push(series);
    this.#writing ??= this.#writeAll().finally(() => (this.#writing = undefined));
  }

  async #writeAll(): Promise<void> {
    for (let series = this.#queue.shift(); series !== undefined; series = this.#queue.shift()) {
      await this.#takeToken();
      series.isQueued = false;
      try {
        await this.#write(series);
      } catch (error) {
        // Its namespace may be going away, or the Event may have run out; the next one starts anew.
        series.name = undefined;
        this.#log.debug('an event could not be written', errorFields(error));
      }
    }
  }

  async #takeToken(): Promise<void> {
    while (!this.#closed.signal.aborted) {
      const now = this.#clock.now();
      this.#tokens = Math.min(this.#burst, this.#tokens + (now - this.#filledAt) * this.#perMs);
      this.#filledAt = now;
      if (this.#tokens >= 1) {
        this.#tokens -= 1;
        return;
      }
      await sleep(this.#clock, (1 - this.#tokens) / this.#perMs, this.#closed.signal);
    }
  }

  async #write(series: Series): Promise<void> {
    const { client } = this.#options;
    const { count } = series;
    const time = microTime(this.#clock.date());
    const namespace = series.object.metadata.namespace ?? 'default';
    const repeats = count > 1 ? { series: { count, lastObservedTime: time } } : {};
    if (series.name === undefined) {
      const name = this.#nameFor(series.object);
      await client.create(eventType, this.#body(series, { namespace, name }, time, repeats));
      series.name = name;
    } else {
      await client.patchMerge(eventType, { namespace, name: series.name }, repeats, { idempotent: true });
    }
    series.written = count;
    series.writtenAt = this.#clock.now();
  }

  #body(
    { object, event }: Series,
    metadata: { readonly namespace: string; readonly name: string },
    eventTime: string,
    repeats: object,
  ) {
    const { apiVersion, kind } = object;
    const { namespace, name, uid, resourceVersion } = object.metadata;
    return {
      apiVersion: 'events.k8s.io/v1',
      kind: 'Event',
      metadata,
      eventTime,
      ...repeats,
      reportingController: this.#options.controller,
      reportingInstance: this.#options.instance.slice(0, 128),
      action: event.action,
      reason: event.reason,
      regarding: { apiVersion, kind, namespace, name, uid, resourceVersion },
      note: cut(event.note, 1024),
      type: event.type,
    };
  }

  /** As client-go: the object's name and a moment, here with a number so that no two are the same. */
  #nameFor({ metadata }: KubeObject): string {
    const unique = `${this.#clock.date().getTime().toString(16)}${(this.#names++ % 0x10000).toString(16).padStart(4, '0')}`;
    return `${metadata.name.slice(0, 200).replace(/[-.]+$/, '')}.${unique}`;
  }

  #forgetOldest(): void {
    for (const id of this.#series.keys()) {
      this.#series.delete(id);
      return;
    }
  }
}

function newSeries(object: KubeObject, event: ObjectEvent, now: number): Series {
  return { object, event, name: undefined, count: 0, written: 0, lastAt: now, writtenAt: 0, isQueued: false };
}

/** At most `bytes` of UTF-8, whole characters. */
function cut(text: string, bytes: number): string {
  if (Buffer.byteLength(text) <= bytes) return text;
  return Buffer.from(text)
    .subarray(0, bytes)
    .toString('utf8')
    .replace(/\uFFFD+$/, '');
}
