import {
  condition,
  findCondition,
  mergeConditions,
  reasons,
  summarize,
  type Condition,
  type DesiredCondition,
  type Reason,
  type ResourceType,
} from '../../api/index.ts';
import { ApplyError, type DesiredState, type Owner } from '../../ovn/index.ts';
import { keyOf, type KubeObject, type Result } from '../../reconcile/index.ts';
import type { Env } from './env.ts';
import type { Problem } from './problem.ts';

/** An object whose status has conditions, as in all kinds of this API group. */
export interface Conditioned extends KubeObject {
  readonly status?: { readonly conditions?: readonly Condition[] };
}

/** The result of a controller for one object. `S` is the status without the fields that all kinds share. */
export interface Intent<S> {
  /**
   * The rows that OVN must contain. Undefined: the controller cannot determine the rows, so OVN keeps the present
   * ones.
   */
  readonly desired?: DesiredState | undefined;
  /**
   * Returns the rows for the time in which the controller cannot determine the rows, or OVN does not accept them: the
   * present rows, with every restriction that must be in effect. Undefined: OVN keeps the present rows.
   */
  readonly fallback?: (() => Fallback | undefined) | undefined;
  /** A step that comes before OVN may contain `desired`. */
  readonly before?: Interim | undefined;
  /** Why the object is invalid or conflicts with another object. */
  readonly accepted?: Problem | undefined;
  /** Why a reference of the object is not resolved (yet). */
  readonly resolvedRefs?: Problem | undefined;
  /** What `Ready` says while the object is in effect, if that is more than that the object is in effect. */
  readonly inEffect?: { readonly reason: Reason; readonly message: string } | undefined;
  /** Additional conditions of this kind. */
  readonly otherConditions?: readonly DesiredCondition[] | undefined;
  /** Why a deleted object still exists. */
  readonly inUse?: Problem | undefined;
  /**
   * Called when OVN contains the rows of `desired`. Allocations that only the previous rows used may be released
   * then.
   */
  readonly applied?: (() => void) | undefined;
  /** Called after the status write, also if OVN could not be written. */
  readonly settled?: (() => Promise<void> | void) | undefined;
  /** Returns the other fields of the status. `programmed`: OVN contains the rows of `desired`. */
  readonly status: (programmed: boolean) => S;
}

/**
 * A state between the present rows and the desired rows, for a change that OVN does not notice in one step. After
 * `done`, the object is reconciled again, because the objects may have changed. The step is not stored: if the process
 * ends here, the next process finds the interim rows and writes the desired ones at once.
 */
interface Interim {
  readonly desired: DesiredState;
  /** Resolves after a bounded time. */
  readonly done: () => Promise<void>;
}

/** The rows of an object that restrict traffic although the controller cannot determine all rows. */
export interface Fallback {
  readonly desired: DesiredState;
  /** Why the object is out of operation, as a sentence. */
  readonly problem?: string | undefined;
}

/** Returns the owner to record for an object's rows. */
export function ownerOf(object: KubeObject): Owner {
  const { name, namespace = '', uid } = object.metadata;
  return { kind: object.kind, namespace, name, uid };
}

/**
 * Writes an intent to OVN, then to the status. `Programmed` becomes True only after the replica has shown the rows.
 * The status is written once, or not at all if nothing changed.
 */
export async function converge(
  env: Env,
  type: ResourceType,
  object: Conditioned,
  intent: Intent<object>,
): Promise<Result> {
  if (intent.before !== undefined && (await applyRows(env, object, intent.before.desired)) === undefined) {
    await intent.before.done();
    env.wake(type.kind, keyOf(object));
    return { kind: 'wait' };
  }
  const { failure, fallback } = await applyIntent(env, object, intent);
  if (failure?.code === 'FENCED' || failure?.code === 'STOPPED') return { kind: 'wait' };
  // A row that the object joins disappeared, and the owner of that row is about to create it again; the applier then
  // wakes this object. A report in between would cost two writes for each of the ten thousand Ports of a switch.
  if (failure?.code === 'PARENT_MISSING' && fallback?.problem === undefined && wasProgrammed(object))
    return { kind: 'wait' };
  if (intent.desired !== undefined && failure === undefined) intent.applied?.();
  const programmed =
    fallback?.problem === undefined
      ? programmedCondition(env, object, intent, failure)
      : condition('Programmed', 'False', 'Pending', fallback.problem);
  const generation = object.metadata.generation ?? 0;
  const conditions = mergeConditions(object.status?.conditions, desiredConditions(intent, programmed), {
    generation,
    now: env.now(),
  });
  const status = intent.status(intent.desired !== undefined && failure === undefined);
  await env.status.write(type, object, {
    observedGeneration: generation,
    conditions,
    ...withoutUndefined(status),
  });
  // After a lost connection, the applier enqueues the object when the connection is back, so no retry is necessary.
  if (failure?.retry === 'backoff' && failure.code !== 'OVN_CONNECTION_FAILED') throw failure;
  return failure === undefined && intent.resolvedRefs === undefined ? { kind: 'done' } : { kind: 'wait' };
}

/** Replaces one condition, and keeps the other conditions and fields of the status. */
export async function writeCondition(
  env: Env,
  type: ResourceType,
  object: Conditioned,
  desired: DesiredCondition,
): Promise<void> {
  const generation = object.metadata.generation ?? 0;
  const conditions = object.status?.conditions ?? [];
  const isOther = (each: Condition): boolean => each.type !== desired.type;
  const before = conditions.filter((each) => !isOther(each));
  const after = mergeConditions(before, [desired], { generation, now: env.now() });
  await env.status.write(type, object, {
    ...object.status,
    observedGeneration: generation,
    conditions: [...conditions.filter(isOther), ...after],
  });
}

/** Whether OVN contained the rows of the object's present generation. */
function wasProgrammed({ metadata: { generation = 0 }, status }: Conditioned): boolean {
  const programmed = findCondition(status?.conditions, 'Programmed');
  return programmed?.status === 'True' && programmed.observedGeneration === generation;
}

/** Writes the desired rows. If there are none, or OVN does not accept them, writes the fallback. */
async function applyIntent(
  env: Env,
  object: KubeObject,
  { desired, fallback: fallbackOf }: Intent<object>,
): Promise<{ readonly failure?: ApplyError | undefined; readonly fallback?: Fallback | undefined }> {
  if (desired !== undefined) {
    const failure = await applyRows(env, object, desired);
    if (failure === undefined || isOutage(failure)) return { failure };
  }
  const fallback = fallbackOf?.();
  const failure = fallback && (await applyRows(env, object, fallback.desired));
  if (desired === undefined) return { failure, fallback };
  // The second attempt succeeds if the missing row has appeared. Otherwise the writer then waits for this row.
  const again = await applyRows(env, object, desired);
  return again === undefined ? {} : { failure: again, fallback };
}

/** Whether the operator cannot write at all. */
const isOutage = ({ code }: ApplyError): boolean =>
  code === 'OVN_CONNECTION_FAILED' || code === 'FENCED' || code === 'STOPPED';

async function applyRows(
  env: Env,
  object: KubeObject,
  desired: DesiredState,
): Promise<ApplyError | undefined> {
  try {
    await env.writer.apply(ownerOf(object), desired);
    return undefined;
  } catch (error) {
    if (error instanceof ApplyError) return error;
    throw error;
  }
}

function programmedCondition(
  env: Env,
  object: Conditioned,
  intent: Intent<object>,
  failure: ApplyError | undefined,
): DesiredCondition {
  if (failure !== undefined) {
    const reason = failureReason(failure);
    return condition('Programmed', 'False', reason, `${failure.message}. ${remedyOf(reason)}`);
  }
  if (intent.desired !== undefined) {
    return condition('Programmed', 'True', 'Programmed', 'OVN contains the rows of the object.');
  }
  const before = findCondition(object.status?.conditions, 'Programmed');
  const isParentGone = intent.resolvedRefs !== undefined && parentGone.has(intent.resolvedRefs.reason);
  if (before !== undefined && !isParentGone && env.writer.ownedBy(object.metadata.uid).length > 0) {
    return {
      type: 'Programmed',
      status: before.status,
      reason: before.reason as Reason,
      message: before.message,
    };
  }
  const waiting =
    'The operator writes nothing to OVN until the object is accepted and its references are resolved; ' +
    'fix the problems that the other conditions report.';
  return condition('Programmed', 'False', 'Pending', waiting);
}

/** Returns what to do when OVN does not contain the rows of the object. */
const remedyOf = (reason: 'OVNConnectionFailed' | 'OVNRejected' | 'Pending'): string =>
  reason === 'Pending'
    ? 'Wait; if the condition does not change, check the conditions of the objects to which this object refers.'
    : (reasons[reason].remedy ?? '');

/** With a removed VPC or Subnet, OVN loses the router or the switch to which the rows of the object belong. */
const parentGone: ReadonlySet<Reason> = new Set(['VPCNotFound', 'SubnetNotFound']);

function failureReason({ code }: ApplyError): 'OVNConnectionFailed' | 'OVNRejected' | 'Pending' {
  if (code === 'OVN_CONNECTION_FAILED') return 'OVNConnectionFailed';
  return code === 'PARENT_MISSING' ? 'Pending' : 'OVNRejected';
}

function desiredConditions(
  intent: Intent<object>,
  programmed: DesiredCondition,
): readonly DesiredCondition[] {
  const { accepted, resolvedRefs, inUse, inEffect } = intent;
  const checks = [
    accepted === undefined
      ? condition('Accepted', 'True', 'Accepted', 'The object is valid and conflicts with no other object.')
      : condition('Accepted', 'False', accepted.reason, accepted.message),
    resolvedRefs === undefined
      ? condition(
          'ResolvedRefs',
          'True',
          'ResolvedRefs',
          'All objects that the object refers to exist and are ready.',
        )
      : condition('ResolvedRefs', 'False', resolvedRefs.reason, resolvedRefs.message),
    programmed,
  ];
  return [
    ...checks,
    readyCondition(checks, inUse, inEffect),
    ...(intent.otherConditions ?? []),
    ...(isStalled(accepted) ? [condition('Stalled', 'True', accepted.reason, accepted.message)] : []),
  ];
}

function readyCondition(
  checks: readonly DesiredCondition[],
  inUse: Problem | undefined,
  inEffect: Intent<object>['inEffect'],
): DesiredCondition {
  if (inUse !== undefined) return condition('Ready', 'False', inUse.reason, inUse.message);
  const ready = summarize(checks);
  return ready.status === 'True' && inEffect !== undefined
    ? condition('Ready', 'True', inEffect.reason, inEffect.message)
    : ready;
}

/** Whether the object takes effect only after somebody changed an object. */
const isStalled = (accepted: Problem | undefined): accepted is Problem =>
  accepted !== undefined && reasons[accepted.reason].stalls === true && accepted.isTemporary !== true;

/** Omits the fields whose value is undefined, because an absent field of a status means that there is no value. */
function withoutUndefined(status: object): object {
  return Object.fromEntries(Object.entries(status).filter(([, value]) => value !== undefined));
}
