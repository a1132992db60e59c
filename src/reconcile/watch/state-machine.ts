/**
 * The list-and-watch of a kind as a state machine without I/O. The transition function receives an event and
 * returns the next state and the actions. The driver (reflector.ts) executes the actions and reports their
 * results as events.
 *
 *   Empty ─start─▶ Listing ─last page─▶ Watching ─ended─▶ Watching (resumed)
 *                   ▲  │failed            │failed, ended at once      └─silent─▶ Probing ─▶ Watching
 *                   │  ▼                  ▼
 *                   Waiting(list) ◀─410── Waiting(watch)
 *
 * Guarantees: The store deletes an object only after a DELETED event, or after a complete list that is not older
 * than the last known resourceVersion. A list whose continue token expires restarts from the first page. Every
 * retry after a failure has a delay.
 */
import { compareVersions } from '../resource-version.ts';
import { keyOf, type KubeObject } from '../types.ts';
import { ApiError, isExpired, isUnreachable } from '../client/errors.ts';
import type { ListPage, WatchEvent } from '../client/client.ts';

/** The data that the machine keeps across states. */
interface Memory {
  /** The newest known resourceVersion of the collection; '' before the first list. */
  readonly seen: string;
  /** The number of failures since the last working watch. */
  readonly failures: number;
  /**
   * The number of consecutive failures of the current class: server unreachable, or any other failure. The
   * backoff uses this number.
   */
  readonly backoffAttempt: number;
  /** The class of the last failure. */
  readonly isUnreachable: boolean;
  /** The number of consecutive lists that were older than `seen`. */
  readonly staleLists: number;
  /** Whether the machine has listed again after an error, without an event on a watch since. */
  readonly isRelisted: boolean;
}

/** The states of the machine. */
export type State =
  | { readonly name: 'Empty' }
  /** `keys` are the keys of the received pages. */
  | ({ readonly name: 'Listing'; readonly keys: readonly (readonly string[])[] } & Memory)
  | ({ readonly name: 'Watching' } & Memory)
  /** After a watch without data: the machine compares the resourceVersion of the server with `seen`. */
  | ({ readonly name: 'Probing' } & Memory)
  | ({ readonly name: 'Waiting'; readonly next: 'list' | 'watch' } & Memory)
  | { readonly name: 'Stopped' };

/** The inputs of the machine. */
export type Event<T extends KubeObject> =
  | { readonly type: 'start' }
  | { readonly type: 'page'; readonly page: ListPage<T> }
  | { readonly type: 'listFailed'; readonly error: unknown }
  | { readonly type: 'watchEvent'; readonly event: WatchEvent<T> }
  /** The server ended the watch regularly after `lastedMs`. */
  | { readonly type: 'watchEnded'; readonly lastedMs: number }
  /** The watch failed after it was open for `lastedMs`; 0 when the server did not accept the watch. */
  | { readonly type: 'watchFailed'; readonly error: unknown; readonly lastedMs: number }
  /**
   * An open watch received no data before the idle time-out: no object changed, or the connection is dead.
   */
  | { readonly type: 'watchSilent' }
  | { readonly type: 'probed'; readonly resourceVersion: string }
  | { readonly type: 'probeFailed'; readonly error: unknown }
  | { readonly type: 'timer' }
  | { readonly type: 'stop' };

/** The outputs of the machine. The driver executes the actions in order. */
export type Action<T extends KubeObject> =
  | { readonly type: 'list'; readonly continueToken: string | undefined }
  | { readonly type: 'watch'; readonly resourceVersion: string }
  /** Read the resourceVersion of the collection with a consistent read. */
  | { readonly type: 'probe' }
  /** Close the current watch and ignore its further events. */
  | { readonly type: 'closeWatch' }
  /**
   * Send the event `timer` after the backoff of `backoffAttempt`, but not before `atLeastMs`. An unreachable
   * server gets a short backoff, because retries put no load on the server. A server that returns errors gets
   * a long backoff. The two classes count their attempts separately.
   */
  | {
      readonly type: 'wait';
      readonly failures: number;
      readonly backoffAttempt: number;
      readonly isUnreachable: boolean;
      readonly atLeastMs: number;
      readonly error: unknown;
    }
  /** `force`: replace the object even when the store has a newer resourceVersion. */
  | { readonly type: 'upsert'; readonly object: T; readonly force: boolean }
  | { readonly type: 'delete'; readonly object: T }
  /** The list is complete: remove the objects whose key is not in `keys`. */
  | { readonly type: 'retain'; readonly keys: ReadonlySet<string> }
  | { readonly type: 'listed'; readonly resourceVersion: string }
  | {
      readonly type: 'report';
      readonly what: 'staleList' | 'staleListAccepted' | 'relist';
      readonly error?: unknown;
    };

interface Transition<T extends KubeObject> {
  readonly state: State;
  readonly actions: readonly Action<T>[];
}

/**
 * The machine rejects this number of consecutive lists that are older than `seen`, because they come from a
 * server with a stale cache. Then it accepts such a list, because the database was restored from a backup.
 */
export const MAX_STALE_LISTS = 8;

/**
 * A watch that was open for this time has worked, even without events. After a shorter watch, even one that
 * ended regularly, the machine waits before it opens the next one.
 */
const MIN_WATCH_MS = 1_000;

const initialMemory: Memory = {
  seen: '',
  failures: 0,
  backoffAttempt: 0,
  isUnreachable: false,
  staleLists: 0,
  isRelisted: false,
};

/** The transition function. An event that does not fit the state, such as a late response, has no effect. */
export function transition<T extends KubeObject>(state: State, event: Event<T>): Transition<T> {
  if (event.type === 'stop') return { state: { name: 'Stopped' }, actions: [{ type: 'closeWatch' }] };
  switch (state.name) {
    case 'Empty':
      return event.type === 'start' ? list(initialMemory) : unchanged(state);
    case 'Listing':
      return whileListing(state, event);
    case 'Watching':
      return whileWatching(state, event);
    case 'Probing':
      return whileProbing(state, event);
    case 'Waiting':
      if (event.type !== 'timer') return unchanged(state);
      return state.next === 'list' ? list(state) : watch(state);
    case 'Stopped':
      return unchanged(state);
  }
}

type In<N extends State['name']> = Extract<State, { name: N }>;

function whileListing<T extends KubeObject>(state: In<'Listing'>, event: Event<T>): Transition<T> {
  // After any error, also an expired continue token, the list restarts: pages of two lists must not be
  // combined.
  if (event.type === 'listFailed') return wait('list', state, event.error);
  if (event.type !== 'page') return unchanged(state);
  const { page } = event;
  const isStale = compareVersions(page.resourceVersion, state.seen) < 0;
  if (isStale && state.staleLists < MAX_STALE_LISTS) {
    const error = new Error('the list is older than the last known resourceVersion');
    const next = wait<T>('list', { ...state, staleLists: state.staleLists + 1 }, error);
    return { ...next, actions: [{ type: 'report', what: 'staleList' }, ...next.actions] };
  }
  const keys = [...state.keys, page.items.map(keyOf)];
  const upserts = page.items.map((object) => ({ type: 'upsert', object, force: isStale }) as const);
  const { continueToken, resourceVersion } = page;
  if (continueToken !== undefined) {
    return { state: { ...state, keys }, actions: [...upserts, { type: 'list', continueToken }] };
  }
  // The failure counts stay: only a working watch resets them.
  const next = watch<T>({ ...state, seen: resourceVersion, staleLists: 0 });
  return {
    ...next,
    actions: [
      ...(isStale ? [{ type: 'report', what: 'staleListAccepted' } as const] : []),
      ...upserts,
      { type: 'retain', keys: new Set(keys.flat()) },
      { type: 'listed', resourceVersion },
      ...next.actions,
    ],
  };
}

function whileWatching<T extends KubeObject>(state: In<'Watching'>, event: Event<T>): Transition<T> {
  switch (event.type) {
    case 'watchEvent':
      return event.event.type === 'ERROR'
        ? withClose(onWatchError(state, new ApiError(event.event.object.code ?? 500, event.event.object)))
        : onWatchEvent(state, event.event);
    case 'watchFailed':
      return onWatchError(
        event.lastedMs >= MIN_WATCH_MS ? { ...initialMemory, seen: state.seen } : state,
        event.error,
      );
    case 'watchSilent':
      return { state: { ...memoryOf(state), name: 'Probing' }, actions: [{ type: 'probe' }] };
    case 'watchEnded':
      if (event.lastedMs >= MIN_WATCH_MS) return watch({ ...initialMemory, seen: state.seen });
      return wait('watch', state, new Error('the server closed the watch immediately'));
    default:
      return unchanged(state);
  }
}

/**
 * A server whose database was restored from a backup can have an older resourceVersion than `seen`. Such a
 * server accepts a watch from `seen` and sends no events until it reaches that version. After a silent watch
 * the machine therefore reads the resourceVersion of the server.
 */
function whileProbing<T extends KubeObject>(state: In<'Probing'>, event: Event<T>): Transition<T> {
  if (event.type === 'probeFailed') return wait('watch', state, event.error);
  if (event.type !== 'probed') return unchanged(state);
  const isBehind = compareVersions(event.resourceVersion, state.seen) < 0;
  return isBehind ? relist(state, behindError()) : watch({ ...initialMemory, seen: state.seen });
}

function onWatchEvent<T extends KubeObject>(
  state: In<'Watching'>,
  { type, object }: Exclude<WatchEvent<T>, { type: 'ERROR' }>,
): Transition<T> {
  const { resourceVersion } = object.metadata;
  if (compareVersions(resourceVersion, state.seen) < 0) {
    // A replayed event must not restore an object that was deleted since. An older bookmark means that the
    // server is behind; it would send no new events until it reaches `seen`.
    return type === 'BOOKMARK' ? withClose(relist(state, behindError())) : unchanged(state);
  }
  const next: State = { name: 'Watching', ...initialMemory, seen: resourceVersion };
  if (type === 'BOOKMARK') return { state: next, actions: [] };
  const action: Action<T> =
    type === 'DELETED' ? { type: 'delete', object } : { type: 'upsert', object, force: false };
  return { state: next, actions: [action] };
}

/** Lists again when the watch cannot resume from `seen`; otherwise resumes after a delay. */
function onWatchError<T extends KubeObject>(state: Memory, error: unknown): Transition<T> {
  return isExpired(error) || isVersionTooLarge(error) ? relist(state, error) : wait('watch', state, error);
}

/**
 * Lists immediately the first time. Without a watch event in between, the next lists wait for the backoff.
 */
function relist<T extends KubeObject>(state: Memory, error: unknown): Transition<T> {
  const next = state.isRelisted ? wait<T>('list', state, error) : list<T>({ ...state, isRelisted: true });
  return { ...next, actions: [{ type: 'report', what: 'relist', error }, ...next.actions] };
}

/** Adds the action that closes the stream, which is still open. */
function withClose<T extends KubeObject>({ state, actions }: Transition<T>): Transition<T> {
  return { state, actions: [{ type: 'closeWatch' }, ...actions] };
}

const behindError = (): Error => new Error('the server is behind the last known resourceVersion');

/** The server has not reached the requested version: its cache is stale, or its database was restored. */
function isVersionTooLarge(error: unknown): boolean {
  return error instanceof ApiError && error.causes.some(({ reason }) => reason === 'ResourceVersionTooLarge');
}

function list<T extends KubeObject>(memory: Memory): Transition<T> {
  return {
    state: { ...memoryOf(memory), name: 'Listing', keys: [] },
    actions: [{ type: 'list', continueToken: undefined }],
  };
}

function watch<T extends KubeObject>(memory: Memory): Transition<T> {
  return {
    state: { ...memoryOf(memory), name: 'Watching' },
    actions: [{ type: 'watch', resourceVersion: memory.seen }],
  };
}

function wait<T extends KubeObject>(next: 'list' | 'watch', memory: Memory, error: unknown): Transition<T> {
  const atLeastMs = error instanceof ApiError ? (error.retryAfterSeconds ?? 0) * 1000 : 0;
  const isAway = isUnreachable(error);
  const counts = {
    failures: memory.failures + 1,
    backoffAttempt: isAway === memory.isUnreachable ? memory.backoffAttempt + 1 : 1,
    isUnreachable: isAway,
  };
  return {
    state: { ...memoryOf(memory), ...counts, name: 'Waiting', next },
    actions: [{ type: 'wait', ...counts, atLeastMs, error }],
  };
}

/** Returns only the memory of a state, without its name and its own data. */
function memoryOf({
  seen,
  failures,
  backoffAttempt,
  isUnreachable: isAway,
  staleLists,
  isRelisted,
}: Memory): Memory {
  return { seen, failures, backoffAttempt, isUnreachable: isAway, staleLists, isRelisted };
}

function unchanged<T extends KubeObject>(state: State): Transition<T> {
  return { state, actions: [] };
}
