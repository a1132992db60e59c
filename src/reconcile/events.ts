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
import { TurnQueue } from './queue/turn-queue.ts';
import type { KubeObject, ResourceType } from './types.ts';

const eventType: ResourceType = {
  group: 'events.k8s.io',
  version: 'v1',
  kind: 'Event',
  plural: 'events',
  namespaced: true,
};

/** An event of an object, for users. */
interface ObjectEvent {
  readonly type: 'Normal' | 'Warning';
  /** The reason in CamelCase, as in a condition. */
  readonly reason: string;
  /** The action of the controller in CamelCase, for example 'Programming'. */
  readonly action: string;
  /** The message for users. The recorder truncates the note to 1 kB. */
  readonly note: string;
}

/**
 * Records events. Callers report transitions and not states, so that not every reconcile creates an event.
 */
export interface EventSink {
  /** Returns immediately and never throws, because a lost event must not fail a reconcile. */
  record(object: KubeObject, event: ObjectEvent): void;
}

/** Settings of an {@link EventRecorder}. */
export interface EventRecorderOptions {
  readonly client: KubeClient;
  /** The `reportingController`, for example 'network.plasmavmc.io/operator'. */
  readonly controller: string;
  /** The `reportingInstance`, for example the name of the pod. */
  readonly instance: string;
  /** The sustained write rate per second. The limit reserves capacity of the API server for reconciles. */
  readonly perSecond?: number;
  /** The number of writes that the rate limit allows at once after an idle period. */
  readonly burst?: number;
  /** The maximum number of queued events. The recorder drops and counts further events. */
  readonly capacity?: number;
  readonly clock?: Clock;
  readonly log?: Logger;
}

/** Repetitions of an event of an object. One Event object contains their count. */
interface Series {
  readonly object: KubeObject;
  readonly event: ObjectEvent;
  /** The name of the Event object; undefined before its creation. */
  name: string | undefined;
  count: number;
  written: number;
  lastAt: number;
  writtenAt: number;
  isQueued: boolean;
}

/** A repetition after this time starts a new series, as in client-go. */
const SERIES_TIMEOUT_MS = 6 * 60_000;
/** The minimum time between two updates of the count of an Event. */
const SERIES_UPDATE_INTERVAL_MS = 60_000;
/** The API server rejects longer notes. */
const MAX_NOTE_BYTES = 1024;
/** The maximum number of series in memory. */
const MAX_SERIES = 4096;

/**
 * Writes events.k8s.io/v1 Events in the background. The recorder counts repetitions in one Event object,
 * limits the write rate, and drops events when the queue is full.
 */
export class EventRecorder implements EventSink {
  readonly #options: EventRecorderOptions;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #perMs: number;
  readonly #burst: number;
  readonly #series = new Map<string, Series>();
  /** The namespaces take turns, so that the Events of one of them do not delay those of the others. */
  readonly #queue = new TurnQueue<Series>();
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

  /** The number of events that the recorder dropped because the queue was full. */
  get dropped(): number {
    return this.#dropped;
  }

  record(object: KubeObject, event: ObjectEvent): void {
    if (this.#closed.signal.aborted) return;
    const now = this.#clock.now();
    const id = JSON.stringify([object.metadata.uid, event.type, event.reason, event.note]);
    const known = this.#series.get(id);
    const isCurrent = known !== undefined && now - known.lastAt < SERIES_TIMEOUT_MS;
    const series = isCurrent ? known : newSeries(object, event, now);
    series.count++;
    series.lastAt = now;
    // The deletion before the insertion keeps the map in the order of last use.
    this.#series.delete(id);
    this.#series.set(id, series);
    if (this.#series.size > MAX_SERIES) this.#forgetOldest();
    if (series.written === 0 || now - series.writtenAt >= SERIES_UPDATE_INTERVAL_MS) this.#enqueue(series);
  }

  /**
   * Stops accepting events and writes the queued events, without the rate limit, for at most `timeoutMs`.
   * Drops the remaining events.
   */
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
    const { namespace = '' } = series.object.metadata;
    const capacity = this.#options.capacity ?? 1000;
    // In a full queue, a namespace with fewer Events than its share of the capacity can still add Events.
    const share = Math.ceil(capacity / (this.#queue.groups + 1));
    if (this.#queue.size >= capacity && this.#queue.sizeOf(namespace) >= share) {
      this.#dropped++;
      return;
    }
    series.isQueued = true;
    this.#queue.push(namespace, series);
    this.#writing ??= this.#writeAll().finally(() => (this.#writing = undefined));
  }

  async #writeAll(): Promise<void> {
    for (let series = this.#queue.shift(); series !== undefined; series = this.#queue.shift()) {
      await this.#takeToken();
      series.isQueued = false;
      try {
        await this.#write(series);
      } catch (error) {
        // The namespace can be terminating, or the Event can have expired. The next repetition creates a new
        // Event.
        series.name = undefined;
        this.#log.debug('failed to write an Event', errorFields(error));
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
      note: truncate(event.note, MAX_NOTE_BYTES),
      type: event.type,
    };
  }

  /** As in client-go, the name of the object and a timestamp. A counter makes the name unique. */
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

/** Truncates `text` to at most `bytes` bytes of UTF-8, without splitting a character. */
function truncate(text: string, bytes: number): string {
  if (Buffer.byteLength(text) <= bytes) return text;
  return Buffer.from(text)
    .subarray(0, bytes)
    .toString('utf8')
    .replace(/\uFFFD+$/, '');
}
