import { setTimeout as delay } from 'node:timers/promises';
import { findCondition, resources } from '../../api/index.ts';
import type { Port, PortAttachment } from '../../api/index.ts';
import { isAlreadyExists, isNotFound } from '../../reconcile/index.ts';
import type { KubeClient, ObjectRef } from '../../reconcile/index.ts';
import { LabError } from './errors.ts';

/** Namespace and name of a Port. */
export type PortRef = Required<Pick<ObjectRef, 'namespace' | 'name'>>;

export interface WaitOptions {
  readonly signal?: AbortSignal;
  /** Milliseconds; default 60 000. */
  readonly timeoutMs?: number;
}

/**
 * Attaches a VM to a Port, as a VM manager does. Creates the Port when it does not exist; `made` is then true.
 * @throws LabError PORT_ALREADY_ATTACHED when another VM uses the Port, or when the Port is in another Subnet
 */
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
      `The Port ${ref.namespace}/${ref.name} is attached to ${other}. Detach it from ${other}, or use another Port.`,
    );
  if (subnet !== undefined && subnet !== port.spec.subnetRef.name)
    throw new LabError(
      'PORT_ALREADY_ATTACHED',
      `The Port ${ref.namespace}/${ref.name} exists in the Subnet ${port.spec.subnetRef.name}. ` +
        `Omit --subnet, or use another Port.`,
    );
  return { port: await attach(client, ref, attachment), made: false };
}

/** Writes the Port's `spec.attachment`: the VM and its host. `null` removes the attachment. */
export async function attach(
  client: KubeClient,
  ref: PortRef,
  attachment: PortAttachment | null,
): Promise<Port> {
  // A merge patch keeps fields that it does not name, so fields that the new attachment lacks are set to null.
  const whole = attachment && { host: null, migrationTargetHost: null, ...attachment };
  return client.patchMerge<Port>(portType.type, ref, { spec: { attachment: whole } });
}

/** Detaches a VM from a Port, or deletes the Port when it was created for the VM. Ignores a missing Port. */
export async function releasePort(client: KubeClient, ref: PortRef, made: boolean): Promise<void> {
  try {
    if (made) await client.delete(portType.type, ref);
    else await attach(client, ref, null);
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
}

/**
 * Resolves when the Port is Ready for its current generation, so that a device can be plugged in.
 * @throws LabError TIMED_OUT
 */
export function untilReady(client: KubeClient, ref: PortRef, options?: WaitOptions): Promise<Port> {
  return until(client, ref, options, 'Ready', ({ metadata, status }) => {
    const ready = findCondition(status?.conditions, 'Ready');
    return ready?.status === 'True' && ready.observedGeneration === metadata.generation;
  });
}

/**
 * Resolves when the Port is Bound on `host`.
 * @throws LabError TIMED_OUT
 */
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
    `Bound on ${host}`,
    ({ status }) =>
      findCondition(status?.conditions, 'Bound')?.status === 'True' && status?.boundHost === host,
  );
}

const portType = {
  type: resources.Port,
  apiVersion: `${resources.Port.group}/${resources.Port.version}`,
  kind: resources.Port.kind,
};

const POLL_INTERVAL_MS = 50;

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
        `The Port ${ref.namespace}/${ref.name} is not ${what} after ${timeoutMs / 1000} s. ${describeStatus(port)}`,
      );
    await delay(POLL_INTERVAL_MS, undefined, signal === undefined ? {} : { signal });
  }
}

function describeStatus({ status }: Port): string {
  const conditions = (status?.conditions ?? []).map(
    ({ type, reason, message }) => `${type}: ${reason} (${message})`,
  );
  if (conditions.length === 0) return 'It has no conditions. Check that the operator runs.';
  return `Its conditions: ${conditions.join('; ')}`;
}
