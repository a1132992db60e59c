import { setTimeout as delay } from 'node:timers/promises';
import type { KubeClient, KubeObject, ResourceType } from '../reconcile/index.ts';

interface Condition {
  readonly type: string;
  readonly status: string;
  readonly reason?: string;
  readonly message?: string;
  readonly observedGeneration?: number;
}

interface WaitOptions {
  readonly signal: AbortSignal;
  /** Receives a description of the objects that are not Ready, each time the description changes. */
  readonly onProgress?: (text: string) => void;
  /** Default: 60 000. */
  readonly timeoutMs?: number;
  /** Milliseconds between two polls; default: 100. */
  readonly intervalMs?: number;
}

/** Some objects did not become Ready in time. The message has a line with the reason for each of them. */
export class NotReadyError extends Error {
  readonly code = 'NOT_READY';
}

/**
 * Resolves when every object has the condition Ready=True for its current generation.
 *
 * @throws NotReadyError after `timeoutMs`
 * @throws the reason of `signal` when `signal` is aborted
 */
export async function waitUntilReady(
  client: KubeClient,
  objects: readonly { readonly type: ResourceType; readonly object: KubeObject }[],
  { signal, onProgress, timeoutMs = 60_000, intervalMs = 100 }: WaitOptions,
): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  let waiting = objects;
  let reported = '';
  for (;;) {
    const states = await Promise.all(
      waiting.map(async (each) => ({
        ...each,
        why: whyNotReady(await client.get(each.type, each.object.metadata, { signal })),
      })),
    );
    const open = states.filter(({ why }) => why !== undefined);
    if (open.length === 0) return;
    const lines = open.map(({ type, object, why }) => `${type.kind} ${object.metadata.name}: ${why ?? ''}`);
    if (performance.now() > deadline)
      throw new NotReadyError(
        `Not Ready after ${timeoutMs / 1000} s:\n${lines.map((line) => `  ${line}`).join('\n')}`,
      );
    const text = `${open.length} not Ready: ${lines[0] ?? ''}`;
    if (text !== reported) onProgress?.((reported = text));
    waiting = open;
    await delay(intervalMs, undefined, { signal });
  }
}

interface QuietOptions {
  readonly signal: AbortSignal;
  /**
   * How long the objects must stay unchanged; default: 700 ms, slightly longer than the delay of counts in a status.
   */
  readonly quietMs?: number;
  /** The wait also ends after this time; default: 5 000 ms. */
  readonly timeoutMs?: number;
  /** Milliseconds between two polls; default: 100. */
  readonly intervalMs?: number;
}

/** Resolves when no object of these kinds has changed for some time, so that printed objects are up to date. */
export async function waitUntilQuiet(
  client: KubeClient,
  types: readonly ResourceType[],
  { signal, quietMs = 700, timeoutMs = 5_000, intervalMs = 100 }: QuietOptions,
): Promise<void> {
  const started = performance.now();
  let seen = '';
  let since = started;
  while (performance.now() - since < quietMs && performance.now() - started < timeoutMs) {
    const lists = await Promise.all(types.map((type) => client.list(type, { signal })));
    const versions = lists.flatMap(({ items }) =>
      items.map(({ metadata }) => `${metadata.uid} ${metadata.resourceVersion}`),
    );
    const now = versions.join();
    if (now !== seen) since = performance.now();
    seen = now;
    await delay(intervalMs, undefined, { signal });
  }
}

/** Returns undefined for an object that is Ready; otherwise the reason in its status. */
function whyNotReady(object: KubeObject): string | undefined {
  const { conditions } = (object.status ?? {}) as { conditions?: readonly Condition[] };
  const ready = conditions?.find(({ type }) => type === 'Ready');
  if (ready === undefined) return 'no Ready condition yet';
  if ((ready.observedGeneration ?? 0) < (object.metadata.generation ?? 0))
    return 'the operator has not observed the current generation yet';
  return ready.status === 'True' ? undefined : [ready.reason, ready.message].filter(Boolean).join(': ');
}
