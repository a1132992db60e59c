import { setTimeout as delay } from 'node:timers/promises';
import { findCondition, resources } from '../../api/index.ts';
import type { Port, PortAttachment } from '../../api/index.ts';
import { isAlreadyExists, isNotFound } from '../../reconcile/index.ts';
import type { KubeClient, ObjectRef } from '../../reconcile/index.ts';
import { LabError } from './errors.ts';

/** A Port's name and namespace. */
export type PortRef = Required<Pick<ObjectRef, 'namespace' | 'name'>>;

export interface WaitOptions {
  readonly signal?: AbortSignal;
  /** Milliseconds; default 60 000. */
  readonly timeoutMs?: number;
}

/** A Port in the way a VM manager takes it: as it is, or made anew. `made` tells which. */
export async function takePort(
  client: KubeClient,
  ref: PortRef,
  subnet: string | undefined,
  attachment: PortAttachment,
): Promise<{ readonly port: Port; readonly made: boolean }> {
  const { type, apiVersion, kind } = portType;
  try {
    const spec = { ...(subnet === undefined ? {} : { subnetRef: { name: subnet } }), attachment };
    return { port: await client.create<Port>(type, { apiVersion, kind, metadata: ref, spec }), made: true };
  } catch (error) {
    if (!isAlreadyExists(error)) throw error;
  }
  const port = await client.get<Port>(type, ref);
  const other = port.spec.attachment?.vmID;
  if (other !== undefined && other !== attachment.vmID)
    throw new LabError(
      'PORT_ALREADY_ATTACHED',
      `The Port ${ref.namespace}/${ref.name} is attached to ${other}: detach it there, or take another.`,
    );
  if (subnet !== undefined && subnet !== port.spec.subnetRef.name)
    throw new LabError(
      'PORT_ALREADY_ATTACHED',
      `The Port ${ref.namespace}/${ref.name} exists already, in the Subnet ${port.spec.subnetRef.name}.`,
    );
  return { port: await attach(client, ref, attachment), made: false };
}

/** Says which machine has the Port, and where it is; `null`: none. */
export async function attach(
  client: KubeClient,
  ref: PortRef,
  attachment: PortAttachment | null,
): Promise<Port> {
  // A merge would leave what the new attachment does not name.
  const whole = attachment && { host: null, migrationTargetHost: null, ...attachment };
  return client.patchMerge<Port>(portType.type, ref, { spec: { attachment: whole } });
}

/** Takes a Port off its machine, and deletes it if it was made for it. One that is gone is no error. */
export async function releasePort(client: KubeClient, ref: PortRef, made: boolean): Promise<void> {
  try {
    if (made) await client.delete(portType.type, ref);
    else await attach(client, ref, null);
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
}

/** Resolves when the Port is Ready for its present generation: it can be plugged in. @throws LabError TIMED_OUT */
export function untilReady(client: KubeClient, ref: PortRef, options?: WaitOptions): Promise<Port> {
  return until(client, ref, options, 'Ready', ({ metadata, status }) => {
    const ready = findCondition(status?.conditions, 'Ready');
    return ready?.status === 'True' && ready.observedGeneration === metadata.generation;
  });
}

/** Resolves when the Port is up on `host`. @throws LabError TIMED_OUT */
export function untilBound(
  client: KubeClient,
  ref: PortRef,
  host: string,
  options?: WaitOptions,
): Promise<Port> {
  return until(
    client,
    ref,
    options,
    `up on ${host}`,
    ({ status }) =>
      findCondition(status?.conditions, 'Bound')?.status === 'True' && status?.boundHost === host,
  );
}

const portType = {
  type: resources.Port,
  apiVersion: `${resources.Port.group}/${resources.Port.version}`,
  kind: resources.Port.kind,
};

/** Milliseconds between two looks. */
const intervalMs = 50;

async function until(
  client: KubeClient,
  ref: PortRef,
  { signal, timeoutMs = 60_000 }: WaitOptions = {},
  what: string,
  holds: (port: Port) => boolean,
): Promise<Port> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const port = await client.get<Port>(portType.type, ref, signal === undefined ? {} : { signal });
    if (holds(port)) return port;
    if (performance.now() > deadline)
      throw new LabError(
        'TIMED_OUT',
        `The Port ${ref.namespace}/${ref.name} is not ${what} after ${timeoutMs / 1000} s: ${saysOf(port)}`,
      );
    await delay(intervalMs, undefined, signal === undefined ? {} : { signal });
  }
}

function saysOf({ status }: Port): string {
  const conditions = (status?.conditions ?? []).map(
    ({ type, reason, message }) => `${type}: ${reason} (${message})`,
  );
  return conditions.join('; ') || 'it has no status; does the operator run?';
}
