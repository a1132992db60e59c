import { setTimeout as delay } from 'node:timers/promises';
import type { KubeClient, KubeObject, ResourceType } from '../reconcile/index.ts';

interface Condition {
  readonly type: string;
  readonly status: string;
  readonly reason?: string;
  readonly message?: string;
  readonly observedGeneration?: number;
}

export interface WaitOptions {
  readonly signal: AbortSignal;
  /** Told, each time it changes, what is still waited for. */
  readonly onProgress?: (text: string) => void;
  /** Default 60 000. */
  readonly timeoutMs?: number;
  /** Milliseconds between two looks; default 100. */
  readonly intervalMs?: number;
}

/** Some objects did not become Ready in time; the message has a line for each, with its reason. */
export class NotReadyError extends Error {
  readonly code = 'NOT_READY';
}

/**
 * Resolves when every object has the condition Ready=True for its present generation.
 * @throws NotReadyError after `timeoutMs`; the reason of `signal` when it is aborted
 */
export async function waitUntilReady(
  client: KubeClient,
  objects: readonly { readonly type: ResourceType; readonly object: KubeObject }[],
  { signal, onProgress, timeoutMs = 60_000, intervalMs = 100 }: WaitOptions,
): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  let waiting = objects;
  let told = '';
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
        `not Ready after ${timeoutMs / 1000} s:\n${lines.map((line) => `  ${line}`).join('\n')}`,
      );
    const text = `${open.length} to go, ${lines[0] ?? ''}`;
    if (text !== told) onProgress?.((told = text));
    waiting = open;
    await delay(intervalMs, undefined, { signal });
  }
}

export interface QuietOptions {
  readonly signal: AbortSignal;
  /** How long nothing may change; default 700 ms, a little more than counts in status take to follow. */
  readonly quietMs?: number;
  /** When to be content all the same; default 5 000 ms. */
  readonly timeoutMs?: number;
  /** Milliseconds between two looks; default 100. */
  readonly intervalMs?: number;
}

/** Resolves when no object of these kinds has changed for a while: what is printed then will not be old at once. */
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

/** Undefined for an object that is Ready; else what its status says. */
function whyNotReady(object: KubeObject): string | undefined {
  const { conditions } = (object.status ?? {}) as { conditions?: readonly Condition[] };
  const ready = conditions?.find(({ type }) => type === 'Ready');
  if (ready === undefined) return 'no status yet';
  if ((ready.observedGeneration ?? 0) < (object.metadata.generation ?? 0))
    return 'the status is of an older version';
  return ready.status === 'True' ? undefined : [ready.reason, ready.message].filter(Boolean).join(': ');
}
