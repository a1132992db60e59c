/**
 * Following a kind, as a state machine without I/O: what to do next, given what came. The driver (reflector.ts)
 * carries out the actions and feeds back what came of them.
 *
 *   Empty ─start─▶ Listing ─last page─▶ Watching ─ended─▶ Watching (resumed)
 *                   ▲  │failed            │failed, ended at once      └─silent─▶ Probing ─▶ Watching
 *                   │  ▼                  ▼
 *                   Waiting(list) ◀─410── Waiting(watch)
 *
 * Guarantees: nothing is deleted from the store but by a DELETED event or after a complete list that is not
 * older than what was seen; a list that expires half-way starts again; no failure is retried without a delay.
 */
import { compareVersions } from '../resource-version.ts';
import { keyOf, type KubeObject } from '../types.ts';
import { ApiError, isExpired, isUnreachable } from '../client/errors.ts';
import type { ListPage, WatchEvent } from '../client/client.ts';

/** What is remembered from state to state. */
interface Memory {
  /** The newest resourceVersion of the collection that is known; '' before the first list. */
  readonly seen: string;
  /** Failures since a watch was last in order. */
  readonly failures: number;
  /** How many of them, the last ones, were of one sort, and of which. */
  readonly tries: number;
  readonly isUnreachable: boolean;
  /** Lists in a row that were older than `seen`. */
  readonly staleLists: number;
  /** A list had to be made anew, and nothing was heard on a watch since. */
  readonly isRelisted: boolean;
}

/** Where following stands. */
export type State =
  | { readonly name: 'Empty' }
  /** `keys` are those of the pages that have come. */
  | ({ readonly name: 'Listing'; readonly keys: readonly (readonly string[])[] } & Memory)
  | ({ readonly name: 'Watching' } & Memory)
  /** A watch was silent: is the server still where we think it is? */
  | ({ readonly name: 'Probing' } & Memory)
  | ({ readonly name: 'Waiting'; readonly next: 'list' | 'watch' } & Memory)
  | { readonly name: 'Stopped' };

/** What came. */
export type Event<T extends KubeObject> =
  | { readonly type: 'start' }
  | { readonly type: 'page'; readonly page: ListPage<T> }
  | { readonly type: 'listFailed'; readonly error: unknown }
  | { readonly type: 'watchEvent'; readonly event: WatchEvent<T> }
  /** In an orderly way, after `lastedMs`. */
  | { readonly type: 'watchEnded'; readonly lastedMs: number }
  /** After it was open for `lastedMs`; 0 when it never was. */
  | { readonly type: 'watchFailed'; readonly error: unknown; readonly lastedMs: number }
  /** It was open, and nothing came for longer than we like: a kind where nothing happens, or a dead socket. */
  | { readonly type: 'watchSilent' }
  | { readonly type: 'probed'; readonly resourceVersion: string }
  | { readonly type: 'probeFailed'; readonly error: unknown }
  | { readonly type: 'timer' }
  | { readonly type: 'stop' };

/** What to do, in order. */
export type Action<T extends KubeObject> =
  | { readonly type: 'list'; readonly continueToken: string | undefined }
  | { readonly type: 'watch'; readonly resourceVersion: string }
  /** Find out the collection's resourceVersion by a consistent read. */
  | { readonly type: 'probe' }
  /** Give up the watch under way: nothing more of it may be heard. */
  | { readonly type: 'closeWatch' }
  /**
   * Feed `timer` after the backoff of `tries`, not before `atLeastMs`. Somebody who is not there can be asked often;
   * somebody who refuses wants to be spared, and what he does has nothing to do with how long he was away before.
   */
  | {
      readonly type: 'wait';
      readonly failures: number;
      readonly tries: number;
      readonly isUnreachable: boolean;
      readonly atLeastMs: number;
      readonly error: unknown;
    }
  /** `force`: also when the store has something newer. */
  | { readonly type: 'upsert'; readonly object: T; readonly force: boolean }
  | { readonly type: 'delete'; readonly object: T }
  /** A list is complete: what is in the store and not in `keys` does not exist. */
  | { readonly type: 'retain'; readonly keys: ReadonlySet<string> }
  | { readonly type: 'listed'; readonly resourceVersion: string }
  | {
      readonly type: 'report';
      readonly what: 'staleList' | 'staleListAccepted' | 'relist';
      readonly error?: unknown;
    };

export interface Step<T extends KubeObject> {
  readonly state: State;
  readonly actions: readonly Action<T>[];
}

/**
 * So many lists in a row that are older than what was seen are taken for a server that lags, and asked again.
 * If they go on, the database was restored from a backup, and the past is the truth now.
 */
export const maxStaleLists = 8;

/**
 * A watch that was open for so long was in order, also where nothing happened. One that ends sooner, even in an orderly
 * way, must not be reopened in a hurry.
 */
const shortestWatchMs = 1_000;

const fresh: Memory = {
  seen: '',
  failures: 0,
  tries: 0,
  isUnreachable: false,
  staleLists: 0,
  isRelisted: false,
};

/** The transition function. Events that make no sense in a state (late answers) change nothing. */
export function step<T extends KubeObject>(state: State, event: Event<T>): Step<T> {
  if (event.type === 'stop') return { state: { name: 'Stopped' }, actions: [{ type: 'closeWatch' }] };
  switch (state.name) {
    case 'Empty':
      return event.type === 'start' ? list(fresh) : stay(state);
    case 'Listing':
      return stepListing(state, event);
    case 'Watching':
      return stepWatching(state, event);
    case 'Probing':
      return stepProbing(state, event);
    case 'Waiting':
      if (event.type !== 'timer') return stay(state);
      return state.next === 'list' ? list(state) : watch(state);
    case 'Stopped':
      return stay(state);
  }
}

type In<N extends State['name']> = Extract<State, { name: N }>;

function stepListing<T extends KubeObject>(state: In<'Listing'>, event: Event<T>): Step<T> {
  // An expired continue token means a fresh start, and so does everything else: pages of two lists do not mix.
  if (event.type === 'listFailed') return wait('list', state, event.error);
  if (event.type !== 'page') return stay(state);
  const { page } = event;
  const isStale = compareVersions(page.resourceVersion, state.seen) < 0;
  if (isStale && state.staleLists < maxStaleLists) {
    const next = wait<T>(
      'list',
      { ...state, staleLists: state.staleLists + 1 },
      new Error('a list from the past'),
    );
    return { ...next, actions: [{ type: 'report', what: 'staleList' }, ...next.actions] };
  }
  const keys = [...state.keys, page.items.map(keyOf)];
  const upserts = page.items.map((object) => ({ type: 'upsert', object, force: isStale }) as const);
  const { continueToken, resourceVersion } = page;
  if (continueToken !== undefined) {
    return { state: { ...state, keys }, actions: [...upserts, { type: 'list', continueToken }] };
  }
  // The failures still count: only a watch that works proves that following works.
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

function stepWatching<T extends KubeObject>(state: In<'Watching'>, event: Event<T>): Step<T> {
  switch (event.type) {
    case 'watchEvent':
      return event.event.type === 'ERROR'
        ? closing(afterWatchError(state, new ApiError(event.event.object.code ?? 500, event.event.object)))
        : heard(state, event.event);
    case 'watchFailed':
      return afterWatchError(
        event.lastedMs >= shortestWatchMs ? { ...fresh, seen: state.seen } : state,
        event.error,
      );
    case 'watchSilent':
      return { state: { ...remembered(state), name: 'Probing' }, actions: [{ type: 'probe' }] };
    case 'watchEnded':
      if (event.lastedMs >= shortestWatchMs) return watch({ ...fresh, seen: state.seen });
      return wait('watch', state, new Error('the server ended the watch at once'));
    default:
      return stay(state);
  }
}

/**
 * A watch from a version that the server has not reached yet (its database was restored from a backup) is not
 * refused, but silent until it gets there. So silence is asked about, not just listened to again.
 */
function stepProbing<T extends KubeObject>(state: In<'Probing'>, event: Event<T>): Step<T> {
  if (event.type === 'probeFailed') return wait('watch', state, event.error);
  if (event.type !== 'probed') return stay(state);
  const isBehind = compareVersions(event.resourceVersion, state.seen) < 0;
  return isBehind ? relist(state, new Error('the server is behind')) : watch({ ...fresh, seen: state.seen });
}

function heard<T extends KubeObject>(
  state: In<'Watching'>,
  { type, object }: Exclude<WatchEvent<T>, { type: 'ERROR' }>,
): Step<T> {
  const { resourceVersion } = object.metadata;
  if (compareVersions(resourceVersion, state.seen) < 0) {
    // A replay of what was heard before must not bring back what is gone since. And a server whose newest
    // version is older than ours would keep its changes from us until it has caught up.
    return type === 'BOOKMARK' ? closing(relist(state, new Error('the server is behind'))) : stay(state);
  }
  const next: State = { name: 'Watching', ...fresh, seen: resourceVersion };
  if (type === 'BOOKMARK') return { state: next, actions: [] };
  const action: Action<T> =
    type === 'DELETED' ? { type: 'delete', object } : { type: 'upsert', object, force: false };
  return { state: next, actions: [action] };
}

/** 410 says that the version is too old to resume from: list. Anything else: resume from where we were. */
function afterWatchError<T extends KubeObject>(state: Memory, error: unknown): Step<T> {
  return isExpired(error) || isFromTheFuture(error) ? relist(state, error) : wait('watch', state, error);
}

/** At once the first time; a server that keeps sending us back to the list is asked at growing intervals. */
function relist<T extends KubeObject>(state: Memory, error: unknown): Step<T> {
  const next = state.isRelisted ? wait<T>('list', state, error) : list<T>({ ...state, isRelisted: true });
  return { ...next, actions: [{ type: 'report', what: 'relist', error }, ...next.actions] };
}

/** The stream is still open, and must not be heard any more. */
function closing<T extends KubeObject>({ state, actions }: Step<T>): Step<T> {
  return { state, actions: [{ type: 'closeWatch' }, ...actions] };
}

/** The server does not know that version yet: it lags, or its database was restored. Only a list tells. */
function isFromTheFuture(error: unknown): boolean {
  return error instanceof ApiError && error.causes.some(({ reason }) => reason === 'ResourceVersionTooLarge');
}

function list<T extends KubeObject>(memory: Memory): Step<T> {
  return {
    state: { ...remembered(memory), name: 'Listing', keys: [] },
    actions: [{ type: 'list', continueToken: undefined }],
  };
}

function watch<T extends KubeObject>(memory: Memory): Step<T> {
  return {
    state: { ...remembered(memory), name: 'Watching' },
    actions: [{ type: 'watch', resourceVersion: memory.seen }],
  };
}

function wait<T extends KubeObject>(next: 'list' | 'watch', memory: Memory, error: unknown): Step<T> {
  const atLeastMs = error instanceof ApiError ? (error.retryAfterSeconds ?? 0) * 1000 : 0;
  const failures = memory.failures + 1;
  const sort = isUnreachable(error);
  const tries = sort === memory.isUnreachable ? memory.tries + 1 : 1;
  const counts = { failures, tries, isUnreachable: sort };
  return {
    state: { ...remembered(memory), ...counts, name: 'Waiting', next },
    actions: [{ type: 'wait', ...counts, atLeastMs, error }],
  };
}

/** Without what belongs to the state itself. */
function remembered({ seen, failures, tries, isUnreachable: sort, staleLists, isRelisted }: Memory): Memory {
  return { seen, failures, tries, isUnreachable: sort, staleLists, isRelisted };
}

function stay<T extends KubeObject>(state: State): Step<T> {
  return { state, actions: [] };
}
