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

/** How often an idle watch is told the current resourceVersion, when it wants to know. */
const bookmarkMs = 60_000;
/** A watch that takes bookmarks is told it once more this long before its time-out, so that the next one starts close. */
const lastBookmarkMs = 2_000;
/** A watcher that has this much unread is cut off, as the real server cuts off slow ones. */
const unreadLimit = 64 * 1024 * 1024;

/** What a watch request asks for, beyond its selection. */
export interface WatchOptions {
  readonly from: number | undefined;
  readonly timeoutMs: number;
  readonly bookmarks: boolean;
  readonly initialEvents: boolean;
  readonly form: Form;
  /** What of the object a Table row carries. */
  readonly includeObject: string;
}

/**
 * Reads the options of a watch.
 * @throws ApiError 400 or 422
 */
export function watchOptions(query: URLSearchParams, form: Form): WatchOptions {
  const initialEvents = query.get('sendInitialEvents');
  const match = query.get('resourceVersionMatch') ?? '';
  const refuse = (why: string): never => {
    throw invalid({ group: 'meta.k8s.io', kind: 'ListOptions', name: '' }, [
      forbiddenValue('resourceVersionMatch', why),
    ]);
  };
  if (initialEvents !== null && match !== 'NotOlderThan')
    refuse('sendInitialEvents requires setting resourceVersionMatch to NotOlderThan');
  if (initialEvents === null && match !== '')
    refuse('resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided');
  const seconds = integer(query, 'timeoutSeconds') ?? 0;
  // Without a time-out the server picks one between 30 and 60 minutes, so that watches do not end all at once.
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

/** A boolean of a query as apimachinery reads it: given and neither "false" nor "0". */
export function isTrue(value: string | null): boolean {
  return value !== null && value !== 'false' && value !== '0';
}

/**
 * One running watch: a response that stays open, with one JSON event a line.
 *
 * Guarantees: every selected change after `from` exactly once and in order; an object that stops being selected is DELETED,
 * one that starts to be is ADDED. History that is gone is one ERROR event with a 410 Status, and the end.
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

  /** Sends what is due at once and goes on until the time-out, the client's end, or `end`. */
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
      this.#bookmark = setInterval(() => this.sendBookmark(), bookmarkMs).unref();
      const last = timeoutMs - lastBookmarkMs;
      if (last > 0) this.#lastBookmark = setTimeout(() => this.sendBookmark(), last).unref();
    }
  }

  /** Tells the client the current resourceVersion, if it takes bookmarks. */
  sendBookmark(): void {
    if (this.#options.bookmarks && !this.#ended) this.#sendBookmark(false);
  }

  /** Ends the watch in order, as at its time-out. */
  end(): void {
    if (this.#ended) return;
    this.#flush();
    this.#stop();
    this.#response.end();
  }

  /** Ends the watch with 410, as when the server has lost its history. */
  expire(): void {
    if (!this.#ended)
      this.#fail(expired(`too old resource version: 1 (${this.#resource.collection.revision})`));
  }

  /** Cuts the watch's connection, as when the network fails. */
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

  /** The event of a change in plain form, serialised once for all watchers of the resource's version. */
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

  /** Gathers what one turn of the event loop brings into one write. */
  #send(line: string): void {
    if (this.#pending === '') queueMicrotask(() => this.#flush());
    this.#pending += line;
  }

  #flush(): void {
    if (this.#pending === '' || this.#response.writableEnded) return;
    const chunk = this.#pending;
    this.#pending = '';
    this.#response.write(chunk);
    if (this.#response.writableLength > unreadLimit) {
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

/** What a watcher sees of an object that it no longer selects: the state that it knew, at the revision of the change. */
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
