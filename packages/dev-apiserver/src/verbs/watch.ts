import type { ServerResponse } from 'node:http';
import { expired, forbiddenValue, invalid } from '../model/errors.ts';
import type { ApiError } from '../model/errors.ts';
import { entryJson, partialMetadata } from '../wire/encode.ts';
import type { Form } from '../wire/encode.ts';
import { integer, resourceVersion } from './list.ts';
import type { ApiObject } from '../model/objects.ts';
import { apiVersionOf } from '../storage/resource.ts';
import type { Resource } from '../storage/resource.ts';
import type { Selection } from './selection.ts';
import type { Change, Entry } from '../storage/collection.ts';
import { tableJson } from '../wire/table.ts';
import type { Clock } from '../storage/state.ts';

/** The interval of bookmarks on a watch. */
const BOOKMARK_INTERVAL_MS = 60_000;
/**
 * The time of the last bookmark before the timeout of a watch. It lets the next watch start from a recent
 * version.
 */
const LAST_BOOKMARK_MS = 2_000;
/** The server closes a watch when this much data is unread. A real server also closes slow watches. */
const MAX_UNREAD_BYTES = 64 * 1024 * 1024;

/** The options of a watch request in addition to its selection. */
export interface WatchOptions {
  readonly from: number | undefined;
  readonly timeoutMs: number;
  readonly bookmarks: boolean;
  readonly initialEvents: boolean;
  readonly form: Form;
  /** The part of the object in each Table row: None, Metadata or Object. */
  readonly includeObject: string;
}

/**
 * Reads the options of a watch.
 *
 * @throws ApiError 400 or 422
 */
export function watchOptions(query: URLSearchParams, form: Form): WatchOptions {
  const initialEvents = query.get('sendInitialEvents');
  const match = query.get('resourceVersionMatch') ?? '';
  const reject = (why: string): never => {
    throw invalid({ group: 'meta.k8s.io', kind: 'ListOptions', name: '' }, [
      forbiddenValue('resourceVersionMatch', why),
    ]);
  };
  if (initialEvents !== null && match !== 'NotOlderThan')
    reject('sendInitialEvents requires setting resourceVersionMatch to NotOlderThan');
  if (initialEvents === null && match !== '')
    reject('resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided');
  const seconds = integer(query, 'timeoutSeconds') ?? 0;
  // Without a requested timeout, the server selects a random timeout of 30 to 60 minutes, so that watches do
  // not all end at the same time.
  const timeoutMs = seconds > 0 ? seconds * 1000 : (1 + Math.random()) * 30 * 60_000;
  return {
    from: resourceVersion(query),
    timeoutMs: Math.min(timeoutMs, 2 ** 31 - 1),
    bookmarks: isTrue(query.get('allowWatchBookmarks')),
    initialEvents: isTrue(initialEvents),
    form,
    includeObject: query.get('includeObject') ?? 'Metadata',
  };
}

/** Parses a boolean query parameter as apimachinery does: any value except "false" and "0" is true. */
export function isTrue(value: string | null): boolean {
  return value !== null && value !== 'false' && value !== '0';
}

/**
 * A watch: a response that stays open and carries one JSON event per line.
 *
 * Guarantees: the watch sends every selected change after `from` exactly once and in order. An object that is
 * no longer selected is sent as DELETED. An object that becomes selected is sent as ADDED. If the server no
 * longer has the history, the watch sends one ERROR event with a 410 Status and ends.
 */
export class Watch {
  readonly #response: ServerResponse;
  readonly #resource: Resource;
  readonly #selection: Selection;
  readonly #options: WatchOptions;
  readonly #clock: Clock;
  readonly #format: string;
  readonly #onEnd: () => void;
  #unsubscribe: (() => void) | undefined;
  #timeout: NodeJS.Timeout | undefined;
  #bookmark: NodeJS.Timeout | undefined;
  #lastBookmark: NodeJS.Timeout | undefined;
  #pending = '';
  #columnsSent = false;
  #ended = false;

  constructor(
    response: ServerResponse,
    resource: Resource,
    selection: Selection,
    options: WatchOptions,
    clock: Clock,
    onEnd: () => void,
  ) {
    this.#response = response;
    this.#resource = resource;
    this.#selection = selection;
    this.#options = options;
    this.#clock = clock;
    this.#format = apiVersionOf(resource);
    this.#onEnd = onEnd;
  }

  /** Sends the initial events, then changes, until the timeout, the end of the connection, or `end`. */
  start(): void {
    const { collection } = this.#resource;
    const { from, timeoutMs, bookmarks, initialEvents } = this.#options;
    this.#response.writeHead(200, {
      'Content-Type': 'application/json',
      'Cache-Control': 'no-cache, private',
    });
    this.#response.flushHeaders();
    this.#response.on('close', () => this.#stop());
    if (from === undefined || from === 0 || initialEvents) {
      for (const entry of collection.list(this.#selection.namespace)) {
        if (this.#selection.matches(entry.object)) this.#send(this.#event('ADDED', entry));
      }
      if (initialEvents && bookmarks) this.#sendBookmark(true);
    } else {
      if (from < collection.compactedRevision) {
        this.#fail(expired(`too old resource version: ${from} (${collection.compactedRevision})`));
        return;
      }
      for (const change of collection.changesSince(from)) this.#onChange(change);
    }
    this.#unsubscribe = collection.subscribe((change) => {
      if (change.revision > (from ?? 0)) this.#onChange(change);
    });
    this.#timeout = setTimeout(() => this.end(), timeoutMs).unref();
    if (bookmarks) {
      this.#bookmark = setInterval(() => this.sendBookmark(), BOOKMARK_INTERVAL_MS).unref();
      const last = timeoutMs - LAST_BOOKMARK_MS;
      if (last > 0) this.#lastBookmark = setTimeout(() => this.sendBookmark(), last).unref();
    }
  }

  /** Sends a bookmark with the current resourceVersion, if the client accepts bookmarks. */
  sendBookmark(): void {
    if (this.#options.bookmarks && !this.#ended) this.#sendBookmark(false);
  }

  /** Ends the watch like a timeout. */
  end(): void {
    if (this.#ended) return;
    this.#flush();
    this.#stop();
    this.#response.end();
  }

  /** Ends the watch with 410, as a server does that has lost its history. */
  expire(): void {
    if (!this.#ended)
      this.#fail(expired(`too old resource version: 1 (${this.#resource.collection.revision})`));
  }

  /** Closes the connection of the watch, as a network failure does. */
  cut(): void {
    this.#stop();
    this.#response.destroy();
  }

  #onChange(change: Change): void {
    const { namespace, matches, filtered } = this.#selection;
    if (namespace !== undefined && change.entry.object.metadata.namespace !== namespace) return;
    if (!filtered) {
      this.#send(this.#changeLine(change));
      return;
    }
    const before = change.previous !== undefined && matches(change.previous.object);
    const now = change.type !== 'DELETED' && matches(change.entry.object);
    if (now && before) this.#send(this.#changeLine(change));
    else if (now) this.#send(this.#event('ADDED', change.entry));
    else if (before)
      this.#send(this.#event('DELETED', change.type === 'DELETED' ? change.entry : lastSelected(change)));
  }

  /** Returns the event of a change in plain form, serialised once for all watches of the resource version. */
  #changeLine(change: Change): string {
    if (this.#options.form !== 'object') return this.#event(change.type, change.entry);
    let line = change.encoded.get(this.#format);
    if (line === undefined) change.encoded.set(this.#format, (line = this.#event(change.type, change.entry)));
    return line;
  }

  #event(type: Change['type'], entry: Entry): string {
    return `{"type":"${type}","object":${this.#objectJson(entry)}}\n`;
  }

  #objectJson(entry: Entry): string {
    if (this.#options.form === 'metadata') return JSON.stringify(partialMetadata(entry.object));
    if (this.#options.form === 'object') return entryJson(this.#resource, entry);
    const withColumns = !this.#columnsSent;
    this.#columnsSent = true;
    const meta = { resourceVersion: entry.object.metadata.resourceVersion ?? '' };
    return tableJson(
      this.#resource,
      [entry],
      meta,
      this.#options.includeObject,
      this.#clock.now(),
      withColumns,
    );
  }

  #sendBookmark(initialEventsEnd: boolean): void {
    const metadata: ApiObject['metadata'] = { resourceVersion: String(this.#resource.collection.revision) };
    if (initialEventsEnd) metadata.annotations = { 'k8s.io/initial-events-end': 'true' };
    const { kind } = this.#resource;
    const object: ApiObject = { kind, apiVersion: apiVersionOf(this.#resource), metadata };
    if (this.#options.form === 'table') {
      const entry: Entry = { key: '', revision: 0, object, json: undefined };
      this.#send(`{"type":"BOOKMARK","object":${this.#objectJson(entry)}}\n`);
      return;
    }
    const shown = this.#options.form === 'metadata' ? partialMetadata(object) : object;
    this.#send(`${JSON.stringify({ type: 'BOOKMARK', object: shown })}\n`);
  }

  /** Collects the events of one turn of the event loop into one write. */
  #send(line: string): void {
    if (this.#pending === '') queueMicrotask(() => this.#flush());
    this.#pending += line;
  }

  #flush(): void {
    if (this.#pending === '' || this.#response.writableEnded) return;
    const chunk = this.#pending;
    this.#pending = '';
    this.#response.write(chunk);
    if (this.#response.writableLength > MAX_UNREAD_BYTES) {
      this.#stop();
      this.#response.destroy();
    }
  }

  #fail(error: ApiError): void {
    this.#send(`${JSON.stringify({ type: 'ERROR', object: error.toStatus() })}\n`);
    this.#flush();
    this.#stop();
    this.#response.end();
  }

  #stop(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#unsubscribe?.();
    clearTimeout(this.#timeout);
    clearInterval(this.#bookmark);
    clearTimeout(this.#lastBookmark);
    this.#onEnd();
  }
}

/**
 * Returns the entry for the DELETED event of an object that is no longer selected: its last selected state,
 * with the revision of the change.
 */
function lastSelected(change: Change): Entry {
  const previous = change.previous ?? change.entry;
  const metadata = { ...previous.object.metadata, resourceVersion: String(change.revision) };
  return {
    key: previous.key,
    revision: change.revision,
    object: { ...previous.object, metadata },
    json: undefined,
  };
}
