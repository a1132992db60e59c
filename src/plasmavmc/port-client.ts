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
  isPerhapsStale,
  isLeaving,
  isNotFound,
  RestClient,
  type KubeClient,
} from '../reconcile/index.ts';
import { pollUntil, withAbortReason, type CallOptions, type Check } from './polling.ts';
import { PortError, type PortErrorCode } from './port-error.ts';

export type { Port, PortAttachment, PortSpec } from '../api/index.ts';

/** The namespace and name of a Port. */
export interface PortRef {
  readonly namespace: string;
  readonly name: string;
}

/**
 * The settings of the machine's network device, from the status of a Ready Port. `interfaceID` and `ipAddress` never
 * change. `macAddress` follows the spec of the Port, and `mtu` the Subnet.
 */
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

/** A client for the Ports of one cluster. */
export class PortClient {
  readonly #client: KubeClient;

  constructor(client: KubeClient) {
    this.#client = client;
  }

  /**
   * Creates a client from the kubeconfig at `kubeconfig`. The default is the kubeconfig that kubectl uses, or
   * the service account of the pod.
   *
   * @throws Error when there is no kubeconfig, or when the kubeconfig has no current cluster
   */
  static async connect(kubeconfig?: string): Promise<PortClient> {
    return new PortClient(new RestClient(await fromKubeconfig(kubeconfig)));
  }

  /**
   * Creates a Port. When the Port already exists with an equal spec, for example after a lost response,
   * returns the existing Port.
   *
   * @throws PortError EXISTS, GONE
   * @throws ApiError when the API server rejects the spec
   */
  async createPort(ref: PortRef, spec: Partial<PortSpec> = {}, options: CallOptions = {}): Promise<Port> {
    const { namespace, name } = ref;
    const port = { apiVersion: apiVersionOf(type), kind, metadata: { namespace, name }, spec };
    try {
      return await withAbortReason(options.signal, this.#client.create<Port>(type, port, options));
    } catch (error) {
      if (!isAlreadyExists(error)) throw error;
      const found = await this.#find(ref, options);
      // The Port was deleted between the two requests.
      if (found === undefined) return this.createPort(ref, spec, options);
      if (isLeaving(found)) throw goneError(ref, 'is being deleted');
      if (matchesSpec(found, spec)) return found;
      const message = `Port ${namespace}/${name} already exists with another spec; use another name`;
      throw new PortError('EXISTS', message, { cause: error });
    }
  }

  /**
   * Reads the Port.
   *
   * @throws PortError GONE
   */
  async get(ref: PortRef, options: CallOptions = {}): Promise<Port> {
    const port = await this.#find(ref, options);
    if (port === undefined) throw goneError(ref, 'does not exist');
    return port;
  }

  /**
   * Resolves when the Port is Ready for its current generation. The result is the settings of the machine's
   * device.
   *
   * @throws PortError NOT_READY after the time-out, STALLED immediately, GONE
   */
  async waitReady(ref: PortRef, options: CallOptions = {}): Promise<PlugSettings> {
    return this.#until(ref, options, 'NOT_READY', ({ metadata, status }) => {
      const stalled = findCondition(status?.conditions, 'Stalled');
      if (stalled?.observedGeneration === metadata.generation && stalled?.status === 'True')
        throw new PortError('STALLED', stalled.message);
      const ready = findCondition(status?.conditions, 'Ready');
      if (ready?.status !== 'True' || ready.observedGeneration !== metadata.generation)
        return {
          missing:
            ready?.message ?? 'the operator has not processed it yet; check that the operator is running',
        };
      const { interfaceID, macAddress, ipAddress, mtu } = status ?? {};
      if (
        interfaceID === undefined ||
        macAddress === undefined ||
        ipAddress === undefined ||
        mtu === undefined
      )
        return { missing: 'the status has no address yet' };
      return { found: { interfaceID, macAddress, ipAddress, mtu } };
    });
  }

  /**
   * Resolves when OVN reports that the interface is up on `host`.
   *
   * @throws PortError NOT_BOUND after the time-out, GONE
   */
  async waitBound(ref: PortRef, host: string, options: CallOptions = {}): Promise<void> {
    await this.#until(ref, options, 'NOT_BOUND', ({ status }) =>
      status?.boundHost === host && isTrue(status.conditions, 'Bound')
        ? { found: true }
        : { missing: `the interface is up on ${status?.boundHost ?? 'no host'}; expected ${host}` },
    );
  }

  /**
   * Attaches a machine on a host to the Port. `migrationTargetHost` starts a migration. Removes the fields of
   * the attachment that the argument omits.
   *
   * @throws PortError ALREADY_ATTACHED when another machine is attached, GONE
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
      return await withAbortReason(options.signal, patch);
    } catch (error) {
      if (isNotFound(error)) throw goneError(ref, 'does not exist', error);
      if (error instanceof ApiError && error.message.includes('PORT_ALREADY_ATTACHED'))
        throw new PortError('ALREADY_ATTACHED', error.message, { cause: error });
      throw error;
    }
  }

  /**
   * Detaches the machine. Succeeds without a change when the machine is not attached or the Port does not
   * exist.
   */
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
      await withAbortReason(options.signal, patch);
    } catch (error) {
      if (isNotFound(error)) return;
      if (!(error instanceof ApiError && error.code === 422)) throw error;
      // Usually the `test` operation failed: the machine is not attached. Otherwise the server rejected the
      // removal.
      const port = await this.#find(ref, options);
      if (port?.spec.attachment?.vmID === vmID) throw error;
    }
  }

  /**
   * Deletes the Port. Its address becomes free when the operator has removed its rows. Succeeds without a
   * change when the Port does not exist, or when `uid` is given and the existing Port has another UID.
   */
  async delete(ref: PortRef, options: CallOptions & { readonly uid?: string } = {}): Promise<void> {
    try {
      await withAbortReason(options.signal, this.#client.delete(type, ref, options));
    } catch (error) {
      if (!isPerhapsStale(error)) throw error;
      const port = await this.#find(ref, options);
      const isGone = port === undefined || (options.uid !== undefined && port.metadata.uid !== options.uid);
      if (!isGone) throw error;
    }
  }

  /** Closes the connections to the API server. */
  close(): void {
    this.#client.close();
  }

  async #find(ref: PortRef, options: CallOptions): Promise<Port | undefined> {
    try {
      return await withAbortReason(options.signal, this.#client.get<Port>(type, ref, options));
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }

  #until<T>(
    ref: PortRef,
    options: CallOptions,
    code: PortErrorCode,
    check: (port: Port) => Check<T>,
  ): Promise<T> {
    return pollUntil(
      async (requestOptions) => {
        const port = await this.get(ref, requestOptions);
        if (isLeaving(port)) throw goneError(ref, 'is being deleted');
        return check(port);
      },
      options,
      (missing, cause) => new PortError(code, `Port ${ref.namespace}/${ref.name}: ${missing}`, { cause }),
    );
  }
}

const goneError = ({ namespace, name }: PortRef, state: string, cause?: unknown): PortError =>
  new PortError('GONE', `Port ${namespace}/${name} ${state}`, { cause });

/**
 * Whether the Port has every field of `spec`. The schema's defaults apply to omitted nested fields of `spec`.
 */
function matchesSpec({ spec: actual }: Port, spec: Partial<PortSpec>): boolean {
  const { spec: wanted } = withDefaults({ kind, spec });
  const fields = Object.keys(spec) as (keyof PortSpec)[];
  return fields.every((field) => wanted[field] === undefined || jsonEqual(actual[field], wanted[field]));
}
