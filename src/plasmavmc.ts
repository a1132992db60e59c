/**
 * Ports for a VM manager: create one, wait until it is in effect, plug the machine in, move it, let go of it. Every call
 * may be made again when its answer was lost. The life cycle is in docs/plasmavmc.md.
 */
import { findCondition, resources, type Port, type PortAttachment, type PortSpec } from './api/index.ts';
import {
  ApiError,
  fromKubeconfig,
  isAlreadyExists,
  isNotFound,
  jsonEqual,
  realClock,
  RestClient,
  sleep,
  type KubeClient,
} from './reconcile/index.ts';

export type { Port, PortAttachment, PortSpec } from './api/index.ts';

/** Which Port. */
export interface PortRef {
  readonly namespace: string;
  readonly name: string;
}

/** How long to wait, and until when somebody loses interest. */
export interface WaitOptions {
  /** Default: 30 000 ms. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

/** What a machine's device needs: all of it stands in the Port's status once it is Ready. */
export interface PlugSettings {
  /** The value of `external_ids:iface-id`. */
  readonly interfaceID: string;
  readonly macAddress: string;
  readonly ipAddress: string;
  /** In bytes. */
  readonly mtu: number;
}

/**
 * - `NOT_READY`: not in effect in time; trying again may help. `STALLED`: it needs a change by somebody first.
 * - `NOT_BOUND`: no host, or another one, had the interface up in time.
 * - `ALREADY_ATTACHED`: another machine has it. `EXISTS`: there is one of that name that is otherwise.
 * - `GONE`: it is not there (any more), or is being deleted.
 */
export type PortErrorCode = 'NOT_READY' | 'STALLED' | 'NOT_BOUND' | 'ALREADY_ATTACHED' | 'EXISTS' | 'GONE';

/** Why a call for a Port failed. What the API server says beside that comes as its own ApiError or ConnectionError. */
export class PortError extends Error {
  readonly code: PortErrorCode;

  constructor(code: PortErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'PortError';
    this.code = code;
  }
}

/** First and longest pause between two looks, in ms. */
const pauseMs = { first: 50, most: 1_000 };

const type = resources.Port;

/** Ports of one cluster. */
export class PortClient {
  readonly #client: KubeClient;

  constructor(client: KubeClient) {
    this.#client = client;
  }

  /** A client by a kubeconfig: of this path, or as kubectl finds it, or the pod's service account. */
  static async connect(kubeconfig?: string): Promise<PortClient> {
    return new PortClient(new RestClient(await fromKubeconfig(kubeconfig)));
  }

  /**
   * Creates a Port. One that is there already is given back when it says what `spec` says, as after a lost answer.
   *
   * @throws PortError EXISTS; ApiError when the spec is refused
   */
  async createPort({ namespace, name }: PortRef, spec: Partial<PortSpec> = {}): Promise<Port> {
    const { apiVersion, kind } = { apiVersion: `${type.group}/${type.version}`, kind: type.kind };
    try {
      return await this.#client.create<Port>(type, { apiVersion, kind, metadata: { namespace, name }, spec });
    } catch (error) {
      if (!isAlreadyExists(error)) throw error;
      const port = await this.get({ namespace, name });
      const isSame = Object.entries(spec).every(([field, value]) =>
        jsonEqual(port.spec[field as keyof PortSpec], value),
      );
      if (isSame && port.metadata.deletionTimestamp === undefined) return port;
      throw new PortError('EXISTS', `Port ${namespace}/${name} is there already, and is otherwise`, {
        cause: error,
      });
    }
  }

  /** The Port as it is now. @throws PortError GONE */
  async get(ref: PortRef): Promise<Port> {
    try {
      return await this.#client.get<Port>(type, ref);
    } catch (error) {
      if (!isNotFound(error)) throw error;
      throw new PortError('GONE', `there is no Port ${ref.namespace}/${ref.name}`, { cause: error });
    }
  }

  /**
   * Resolves when the Port is in effect as its spec is now, with what the machine's device needs.
   *
   * @throws PortError NOT_READY after the time-out, STALLED at once, GONE
   */
  async waitReady(ref: PortRef, options: WaitOptions = {}): Promise<PlugSettings> {
    return this.#until(ref, options, 'NOT_READY', ({ metadata, status }) => {
      const stalled = findCondition(status?.conditions, 'Stalled');
      if (stalled?.observedGeneration === metadata.generation && stalled?.status === 'True')
        throw new PortError('STALLED', stalled.message);
      const ready = findCondition(status?.conditions, 'Ready');
      if (ready?.status !== 'True' || ready.observedGeneration !== metadata.generation)
        return { missing: ready?.message ?? 'nobody has looked at it yet: does the operator run?' };
      const { interfaceID, macAddress, ipAddress, mtu } = status ?? {};
      if (
        interfaceID === undefined ||
        macAddress === undefined ||
        ipAddress === undefined ||
        mtu === undefined
      )
        return { missing: 'its status has no address yet' };
      return { found: { interfaceID, macAddress, ipAddress, mtu } };
    });
  }

  /** Resolves when OVN has the interface up on `host`. @throws PortError NOT_BOUND after the time-out, GONE */
  async waitBound(ref: PortRef, host: string, options: WaitOptions = {}): Promise<void> {
    await this.#until(ref, options, 'NOT_BOUND', ({ status }) =>
      status?.boundHost === host
        ? { found: true }
        : { missing: `it is up on ${status?.boundHost ?? 'no host'}, not on ${host}` },
    );
  }

  /**
   * Says which machine has the Port, and where; with `migrationTargetHost` also where it is going. What is not given is
   * not there afterwards.
   *
   * @throws PortError ALREADY_ATTACHED when another machine has it, GONE
   */
  async attach(ref: PortRef, { vmID, host, migrationTargetHost }: PortAttachment): Promise<Port> {
    const attachment = { vmID, host: host ?? null, migrationTargetHost: migrationTargetHost ?? null };
    try {
      return await this.#client.patchMerge<Port>(type, ref, { spec: { attachment } }, { idempotent: true });
    } catch (error) {
      if (isNotFound(error))
        throw new PortError('GONE', `there is no Port ${ref.namespace}/${ref.name}`, { cause: error });
      if (error instanceof ApiError && error.message.includes('PORT_ALREADY_ATTACHED'))
        throw new PortError('ALREADY_ATTACHED', error.message, { cause: error });
      throw error;
    }
  }

  /** Lets the machine go of the Port. A Port that it does not have (any more), or that is gone, is left as it is. */
  async detach(ref: PortRef, vmID: string): Promise<void> {
    try {
      await this.#client.patchJson(
        type,
        ref,
        [
          { op: 'test', path: '/spec/attachment/vmID', value: vmID },
          { op: 'remove', path: '/spec/attachment' },
        ],
        { idempotent: true },
      );
    } catch (error) {
      // 422 is the test: it is not attached, or to another machine.
      if (!isNotFound(error) && !(error instanceof ApiError && error.code === 422)) throw error;
    }
  }

  /** Asks for the Port to be deleted; its address is free once its rows are gone. One that is gone is no error. */
  async delete(ref: PortRef, { uid }: { readonly uid?: string } = {}): Promise<void> {
    try {
      await this.#client.delete(type, ref, uid === undefined ? {} : { uid });
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }

  /** Closes idle connections. */
  close(): void {
    this.#client.close();
  }

  async #until<T>(
    ref: PortRef,
    { timeoutMs = 30_000, signal }: WaitOptions,
    code: PortErrorCode,
    look: (port: Port) => { readonly found: T } | { readonly missing: string },
  ): Promise<T> {
    const deadline = realClock.now() + timeoutMs;
    for (let pause = pauseMs.first; ; pause = Math.min(pause * 1.5, pauseMs.most)) {
      signal?.throwIfAborted();
      const port = await this.get(ref);
      const name = `Port ${ref.namespace}/${ref.name}`;
      if (port.metadata.deletionTimestamp !== undefined)
        throw new PortError('GONE', `${name} is being deleted`);
      const seen = look(port);
      if ('found' in seen) return seen.found;
      if (realClock.now() >= deadline) throw new PortError(code, `${name}: ${seen.missing}`);
      await sleep(realClock, Math.min(pause, deadline - realClock.now()), signal);
    }
  }
}
