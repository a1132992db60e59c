import { findCondition, type Condition, type ResourceType } from '../../api/index.ts';
import type { Clock, Timer } from '../../base/index.ts';
import type { EventSink, KubeObject, StatusWriter } from '../../reconcile/index.ts';
import type { Conditioned } from './converge.ts';

/** After this time, an unresolved reference is probably an error and not a matter of order. */
const PATIENCE_MS = 30_000;

interface WarningOptions {
  readonly events: EventSink;
  readonly clock: Clock;
  /** Returns the present state of an object; undefined if the object no longer exists. */
  readonly find: (object: KubeObject) => Conditioned | undefined;
  /** Returns the names that the missing references of an object most likely mean. */
  readonly likelyNames: (object: KubeObject) => readonly string[];
}

/** An unresolved reference for which a timer runs, or which has a warning. */
interface Unresolved {
  /** The generation and the reason. */
  readonly what: string;
  readonly timer: Timer;
}

/**
 * Records one Warning Event for an object whose references have been unresolved for half a minute, and no further one
 * until the spec or the reason changes.
 */
export class UnresolvedWarnings {
  readonly #options: WarningOptions;
  readonly #unresolved = new Map<string, Unresolved>();
  #isStopped = false;

  constructor(options: WarningOptions) {
    this.#options = options;
  }

  /** Wraps a status writer, so that each status starts or ends the wait. */
  observing(writer: Pick<StatusWriter, 'write'>): Pick<StatusWriter, 'write'> {
    return {
      write: async (type: ResourceType, object: Conditioned, status: Conditioned['status'] & object) => {
        const outcome = await writer.write(type, object, status);
        if (outcome === 'gone') this.forget(object);
        else this.#observe(object, unresolvedIn(status));
        return outcome;
      },
    };
  }

  /** Ends the wait of a deleted object. */
  forget({ metadata: { uid } }: KubeObject): void {
    this.#unresolved.get(uid)?.timer.cancel();
    this.#unresolved.delete(uid);
  }

  /** Ends all waits. A status that is written later starts none. */
  stop(): void {
    this.#isStopped = true;
    for (const { timer } of this.#unresolved.values()) timer.cancel();
    this.#unresolved.clear();
  }

  #observe(object: Conditioned, refs: Condition | undefined): void {
    const { uid } = object.metadata;
    const what = refs && whatOf(refs);
    if (this.#unresolved.get(uid)?.what === what) return;
    this.forget(object);
    if (what === undefined || this.#isStopped) return;
    const timer = this.#options.clock.setTimer(PATIENCE_MS, () => this.#warn(object, what));
    this.#unresolved.set(uid, { what, timer });
  }

  #warn(object: Conditioned, what: string): void {
    const { events, find, likelyNames } = this.#options;
    const present = find(object);
    const refs = unresolvedIn(present?.status);
    if (present === undefined || refs === undefined || whatOf(refs) !== what) return;
    const names = likelyNames(present).map((name) => `\`${name}\``);
    const hint = names.length === 0 ? '.' : `: did you mean ${names.join(' or ')}?`;
    events.record(present, {
      type: 'Warning',
      reason: refs.reason,
      action: 'ResolvingReferences',
      note: `${refs.message.replace(/\.$/, '')}${hint}`,
    });
  }
}

function unresolvedIn(status: Conditioned['status']): Condition | undefined {
  const refs = findCondition(status?.conditions, 'ResolvedRefs');
  return refs?.status === 'False' ? refs : undefined;
}

const whatOf = ({ observedGeneration = 0, reason }: Condition): string => `${observedGeneration} ${reason}`;
