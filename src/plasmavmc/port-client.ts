import {
  findCondition,
  isTrue,
  resources,
  withDefaults,
  type Port,
  type PortAttachment,
  type PortSpec,
} from '../api/index.ts';
import { jsonEqual } from '../base/index.ts';
import {
  ApiError,
  apiVersionOf,
  fromKubeconfig,
  isAlreadyExists,
  isConflict,
  isLeaving,
  isNotFound,
  RestClient,
  type KubeClient,
} from '../reconcile/index.ts';
import { patiently, unlessAborted, type CallOptions, type Seen } from './patience.ts';
import { PortError, type PortErrorCode } from './port-error.ts';

export type { Port, PortAttachment, PortSpec } from '../api/index.ts';

/** Which Port. */
export interface PortRef {
  readonly namespace: string;
  readonly name: string;
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

const type = resources.Port;
const { kind } = type;

/** Ports of one cluster. */
export class PortClient {
  readonly #client: KubeClient;

  constructor(client: KubeClient) {
    this.#client = client;
  }

  /**
   * A client by a kubeconfig: of this path, or as kubectl finds it, or the pod's service account.
   *
   * @throws Error when there is none, or no cluster in it
   */
  static async connect(kubeconfig?: string): Promise<PortClient> {
    return new PortClient(new RestClient(await fromKubeconfig(kubeconfig)));
  }

  /**
   * Creates a Port. One that is there already is given back when it says what `spec` says, as after a lost answer.
   *
   * @throws PortError EXISTS, GONE; ApiError when the spec is refused
   */
  async createPort(ref: PortRef, spec: Partial<PortSpec> = {}, options: CallOptions = {}): Promise<Port> {
    const { namespace, name } = ref;
    const port = { apiVersion: apiVersionOf(type), kind, metadata: { namespace, name }, spec };
    try {
      return await unlessAborted(options.signal, this.#client.create<Port>(type, port, options));
    } catch (error) {
      if (!isAlreadyExists(error)) throw error;
      const found = await this.#find(ref, options);
      // Somebody deleted it in between.
      if (found === undefined) return this.createPort(ref, spec, options);
      if (isLeaving(found)) throw gone(ref, 'is being deleted');
      if (says(found, spec)) return found;
      const message = `Port ${namespace}/${name} is there already, and is otherwise: take another name`;
      throw new PortError('EXISTS', message, { cause: error });
    }
  }

  /** The Port as it is now. @throws PortError GONE */
  async get(ref: PortRef, options: CallOptions = {}): Promise<Port> {
    const port = await this.#find(ref, options);
    if (port === undefined) throw gone(ref, 'is not there');
    return port;
  }

  /**
   * Resolves when the Port is in effect as its spec is now, with what the machine's device needs.
   *
   * @throws PortError NOT_READY after the time-out, STALLED at once, GONE
   */
  async waitReady(ref: PortRef, options: CallOptions = {}): Promise<PlugSettings> {
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
  async waitBound(ref: PortRef, host: string, options: CallOptions = {}): Promise<void> {
    await this.#until(ref, options, 'NOT_BOUND', ({ status }) =>
      status?.boundHost === host && isTrue(status.conditions, 'Bound')
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
  async attach(
    ref: PortRef,
    { vmID, host, migrationTargetHost }: PortAttachment,
    options: CallOptions = {},
  ): Promise<Port> {
    const attachment = { vmID, host: host ?? null, migrationTargetHost: migrationTargetHost ?? null };
    const patch = this.#client.patchMerge<Port>(
      type,
      ref,
      { spec: { attachment } },
      { ...options, idempotent: true },
    );
    try {
      return await unlessAborted(options.signal, patch);
    } catch (error) {
      if (isNotFound(error)) throw gone(ref, 'is not there', error);
      if (error instanceof ApiError && error.message.includes('PORT_ALREADY_ATTACHED'))
        throw new PortError('ALREADY_ATTACHED', error.message, { cause: error });
      throw error;
    }
  }

  /** Lets the machine go of the Port. A Port that it does not have (any more), or that is gone, is left as it is. */
  async detach(ref: PortRef, vmID: string, options: CallOptions = {}): Promise<void> {
    const patch = this.#client.patchJson(
      type,
      ref,
      [
        { op: 'test', path: '/spec/attachment/vmID', value: vmID },
        { op: 'remove', path: '/spec/attachment' },
      ],
      { ...options, idempotent: true },
    );
    try {
      await unlessAborted(options.signal, patch);
    } catch (error) {
      if (isNotFound(error)) return;
      if (!(error instanceof ApiError && error.code === 422)) throw error;
      // The test, as a rule: it is not attached, or to another machine. Else the removal was refused.
      const port = await this.#find(ref, options);
      if (port?.spec.attachment?.vmID === vmID) throw error;
    }
  }

  /**
   * Asks for the Port to be deleted; its address is free once its rows are gone. One that is gone is no error, nor is
   * another of its name where `uid` says which was meant: that one is left alone.
   */
  async delete(ref: PortRef, options: CallOptions & { readonly uid?: string } = {}): Promise<void> {
    try {
      await unlessAborted(options.signal, this.#client.delete(type, ref, options));
    } catch (error) {
      if (!isNotFound(error) && !(options.uid !== undefined && isConflict(error))) throw error;
    }
  }

  /** Closes idle connections. */
  close(): void {
    this.#client.close();
  }

  async #find(ref: PortRef, options: CallOptions): Promise<Port | undefined> {
    try {
      return await unlessAborted(options.signal, this.#client.get<Port>(type, ref, options));
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }

  #until<T>(
    ref: PortRef,
    options: CallOptions,
    code: PortErrorCode,
    look: (port: Port) => Seen<T>,
  ): Promise<T> {
    return patiently(
      async (each) => {
        const port = await this.get(ref, each);
        if (isLeaving(port)) throw gone(ref, 'is being deleted');
        return look(port);
      },
      options,
      (missing, cause) => new PortError(code, `Port ${ref.namespace}/${ref.name}: ${missing}`, { cause }),
    );
  }
}

const gone = ({ namespace, name }: PortRef, how: string, cause?: unknown): PortError =>
  new PortError('GONE', `Port ${namespace}/${name} ${how}`, { cause });

/** Whether the Port has all that `spec` asks for, with the schema's defaults for what is left out inside of it. */
function says({ spec: actual }: Port, spec: Partial<PortSpec>): boolean {
  const { spec: wanted } = withDefaults({ kind, spec });
  const fields = Object.keys(spec) as (keyof PortSpec)[];
  return fields.every((field) => wanted[field] === undefined || jsonEqual(actual[field], wanted[field]));
}
