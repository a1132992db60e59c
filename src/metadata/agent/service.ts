import { resources, type Port } from '../../api/index.ts';
import { type Logger, errorFields } from '../../base/index.ts';
import { isNotFound, type KubeClient } from '../../reconcile/index.ts';
import {
  answer,
  readInstance,
  refusal,
  Tokens,
  type MetadataAnswer,
  type MetadataRequest,
  type SourceReader,
} from '../index.ts';
import { portAt, refusalCode } from './identify.ts';
import { KubernetesSources, READ_TIMEOUT_MS } from './sources.ts';
import { TtlCache } from './ttl-cache.ts';
import type { LocalNetwork, LocalPort } from './view.ts';

/** Maximum age of a served object, in ms. */
const MAX_AGE_MS = 1_000;

/** The log repeats the same warning about a Port or an address after this time, in ms. */
const WARNING_INTERVAL_MS = 60_000;

interface MetadataServiceOptions {
  readonly client: Pick<KubeClient, 'get'>;
  /** Returns the networks of this hypervisor; undefined while they are unknown. */
  readonly networks: () => ReadonlyMap<string, LocalNetwork> | undefined;
  readonly log: Logger;
  /** The milliseconds of a monotonic clock; default: performance.now(). */
  readonly now?: () => number;
}

/**
 * Identifies the Port that sends a request, and answers the request. The network of the connection and the source
 * address identify the Port; OVN verifies the source address. The content of the request has no influence. The
 * service refuses a request when the Port is ambiguous.
 */
export class MetadataService {
  readonly #client: Pick<KubeClient, 'get'>;
  readonly #networks: MetadataServiceOptions['networks'];
  readonly #log: Logger;
  readonly #tokens = new Tokens();
  readonly #ports: TtlCache<Port | undefined>;
  readonly #sources: SourceReader;
  readonly #warnings: TtlCache<void>;

  constructor({ client, networks, log, now }: MetadataServiceOptions) {
    this.#client = client;
    this.#networks = networks;
    this.#log = log;
    this.#ports = new TtlCache(MAX_AGE_MS, now);
    this.#warnings = new TtlCache(WARNING_INTERVAL_MS, now);
    const sources = new KubernetesSources(client);
    const cache = new TtlCache<Readonly<Record<string, Buffer>>>(MAX_AGE_MS, now);
    this.#sources = {
      read: (kind, namespace, name) =>
        cache.get(`${kind}/${namespace}/${name}`, () => sources.read(kind, namespace, name)),
    };
  }

  /** Logs that a machine exceeds the limit of requests. */
  reportRefused(subnetUid: string, address: string): void {
    const network = this.#networks()?.get(subnetUid);
    const { namespace, name } = (network && portAt(network, address)) ?? {};
    this.#warn('refused requests: the machine exceeds the limit (requestsPerSecond, requestBurst)', {
      subnet: subnetUid,
      address,
      namespace,
      port: name,
      code: 'TOO_MANY_REQUESTS',
    });
  }

  /** Answers a request from `address` in the network of the Subnet. Never rejects. */
  async respond(subnetUid: string, address: string, request: MetadataRequest): Promise<MetadataAnswer> {
    const sender = { subnet: subnetUid, address };
    const networks = this.#networks();
    if (networks === undefined) return unavailable;
    const network = networks.get(subnetUid);
    const local = network && portAt(network, address);
    if (local === undefined) {
      this.#warn(refusedMessage, { ...sender, code: 'ADDRESS_UNKNOWN' });
      return unknownSender;
    }
    const { namespace, name } = local;
    try {
      const port = await this.#ports.get(local.uid, () => this.#read(local));
      const code = refusalCode(port, local, address);
      const instance =
        code === undefined && port !== undefined ? await readInstance(port, this.#sources) : undefined;
      if (instance === undefined) {
        this.#warn(refusedMessage, { ...sender, namespace, port: name, code: code ?? 'PORT_DIFFERS' });
        return unknownSender;
      }
      const { sourceProblem } = instance;
      if (sourceProblem !== undefined)
        this.#warn('cannot serve the user data and the SSH keys of a Port', {
          namespace,
          port: name,
          ...errorFields(sourceProblem),
        });
      return answer(request, instance, this.#tokens);
    } catch (error) {
      this.#warn('cannot read a Port', { namespace, port: name, ...errorFields(error) });
      return unavailable;
    }
  }

  async #read({ namespace, name }: LocalPort): Promise<Port | undefined> {
    try {
      return await this.#client.get<Port>(
        resources.Port,
        { namespace, name },
        { timeoutMs: READ_TIMEOUT_MS },
      );
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }

  /** Logs a warning at most once per interval, because machines repeat their requests. */
  #warn(message: string, fields: Readonly<Record<string, unknown>>): void {
    void this.#warnings.get(JSON.stringify([message, fields]), () => {
      this.#log.warn(message, fields);
      return Promise.resolve();
    });
  }
}

const refusedMessage = 'refused a request: the sender is not a known Port';
const unknownSender = refusal(404, 'No metadata for this address.');
const unavailable = refusal(503, 'The metadata is temporarily unavailable. Try again later.');
