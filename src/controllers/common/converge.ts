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
import type { KubeObject, Result } from '../../reconcile/index.ts';
import type { Env } from './env.ts';
import type { Problem } from './problem.ts';

/** An object with a status as all kinds here have it. */
export interface Conditioned extends KubeObject {
  readonly status?: { readonly conditions?: readonly Condition[] };
}

/** What one look at an object came to; `S` is the status without what is the same for all kinds. */
export interface Intent<S> {
  /** The rows to have. Undefined when that cannot be told: then what is there stays as it is. */
  readonly desired?: DesiredState | undefined;
  /** Why the object is not valid, or stands against another. */
  readonly accepted?: Problem | undefined;
  /** What it refers to and cannot be had (yet). */
  readonly resolvedRefs?: Problem | undefined;
  /** Conditions that only this kind has. */
  readonly also?: readonly DesiredCondition[] | undefined;
  /** Why it is not gone yet, when somebody has deleted it. */
  readonly held?: Problem | undefined;
  /** Called when OVN has what `desired` says: what only its rows before had is not used any more. */
  readonly applied?: (() => void) | undefined;
  /** Called when the status is written, also when OVN could not be written. */
  readonly settled?: (() => Promise<void> | void) | undefined;
  /** The rest of the status; `programmed` tells whether OVN has what `desired` says. */
  readonly status: (programmed: boolean) => S;
}

/** Whose rows an object's rows are. */
export function ownerOf(object: KubeObject): Owner {
  const { name, namespace = '', uid } = object.metadata;
  return { kind: object.kind, namespace, name, uid };
}

/**
 * Makes OVN and then the object's status say what the intent says: rows first, and `Programmed` only when the
 * replica has shown them. One status write, or none when nothing changed.
 */
export async function converge(
  env: Env,
  type: ResourceType,
  object: Conditioned,
  intent: Intent<object>,
): Promise<Result> {
  const failure = intent.desired === undefined ? undefined : await attempt(env, object, intent.desired);
  if (failure?.code === 'FENCED' || failure?.code === 'STOPPED') return { kind: 'wait' };
  // What it joins was taken away under it, and its owner is about to make it again; the applier wakes this object
  // then. To say so meanwhile would be two writes for each of a switch's ten thousand Ports.
  if (failure?.code === 'PARENT_MISSING' && wasProgrammed(object)) return { kind: 'wait' };
  if (intent.desired !== undefined && failure === undefined) intent.applied?.();
  const programmed = programmedCondition(env, object, intent, failure);
  const generation = object.metadata.generation ?? 0;
  const conditions = mergeConditions(object.status?.conditions, describe(intent, programmed), {
    generation,
    now: env.now(),
  });
  const status = intent.status(intent.desired !== undefined && failure === undefined);
  await env.status.write(type, object, {
    observedGeneration: generation,
    conditions,
    ...definedOnly(status),
  });
  // The applier reports those that it was cut off from as soon as it is connected again.
  if (failure?.retry === 'backoff' && failure.code !== 'OVN_CONNECTION_FAILED') throw failure;
  return failure === undefined && intent.resolvedRefs === undefined ? { kind: 'done' } : { kind: 'wait' };
}

/** Whether OVN had what the object says now. */
function wasProgrammed({ metadata: { generation = 0 }, status }: Conditioned): boolean {
  const programmed = findCondition(status?.conditions, 'Programmed');
  return programmed?.status === 'True' && programmed.observedGeneration === generation;
}

async function attempt(env: Env, object: KubeObject, desired: DesiredState): Promise<ApplyError | undefined> {
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
  if (failure !== undefined) return condition('Programmed', 'False', failureReason(failure), failure.message);
  if (intent.desired !== undefined) {
    return condition('Programmed', 'True', 'Programmed', 'OVN contains the rows of the object.');
  }
  const before = findCondition(object.status?.conditions, 'Programmed');
  if (before !== undefined && env.writer.ownedBy(object.metadata.uid).length > 0) {
    return {
      type: 'Programmed',
      status: before.status,
      reason: before.reason as Reason,
      message: before.message,
    };
  }
  const waiting =
    'The operator writes nothing to OVN until the object is accepted and its references are resolved.';
  return condition('Programmed', 'False', 'Pending', waiting);
}

function failureReason({ code }: ApplyError): Reason {
  if (code === 'OVN_CONNECTION_FAILED') return 'OVNConnectionFailed';
  return code === 'PARENT_MISSING' ? 'Pending' : 'OVNRejected';
}

function describe(intent: Intent<object>, programmed: DesiredCondition): readonly DesiredCondition[] {
  const { accepted, resolvedRefs, held } = intent;
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
  const ready =
    held === undefined ? summarize(checks) : condition('Ready', 'False', held.reason, held.message);
  const stalled = accepted !== undefined && reasons[accepted.reason].stalls === true;
  return [
    ...checks,
    ready,
    ...(intent.also ?? []),
    ...(stalled ? [condition('Stalled', 'True', accepted.reason, accepted.message)] : []),
  ];
}

/** Without the fields that are undefined: a status has a field or has it not. */
function definedOnly(status: object): object {
  return Object.fromEntries(Object.entries(status).filter(([, value]) => value !== undefined));
}
