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
import { portAt, strangeness } from './identify.ts';
import { Recent } from './recent.ts';
import { KubernetesSources, READ_TIMEOUT_MS } from './sources.ts';
import type { LocalNetwork, LocalPort } from './view.ts';

/** How old an object may be that is served, in ms. */
const MAX_AGE_MS = 1_000;

/** How long the same complaint about the same Port, or the same address, is not repeated, in ms. */
const QUIET_MS = 60_000;

export interface MetadataServiceOptions {
  readonly client: Pick<KubeClient, 'get'>;
  /** The networks of this hypervisor; undefined when they are not known. */
  readonly networks: () => ReadonlyMap<string, LocalNetwork> | undefined;
  readonly log: Logger;
  /** Milliseconds of a clock that does not jump; default: that of this process. */
  readonly now?: () => number;
}

/**
 * Finds out who asks, and answers. Who asks is decided by the network in which the connection came in and by its source
 * address, which OVN vouches for; nothing that the request says has a part in it. Where that is not clear, nobody is
 * told anything.
 */
export class MetadataService {
  readonly #client: Pick<KubeClient, 'get'>;
  readonly #networks: MetadataServiceOptions['networks'];
  readonly #log: Logger;
  readonly #tokens = new Tokens();
  readonly #ports: Recent<Port | undefined>;
  readonly #sources: SourceReader;
  readonly #complaints: Recent<void>;

  constructor({ client, networks, log, now }: MetadataServiceOptions) {
    this.#client = client;
    this.#networks = networks;
    this.#log = log;
    this.#ports = new Recent(MAX_AGE_MS, now);
    this.#complaints = new Recent(QUIET_MS, now);
    const sources = new KubernetesSources(client);
    const recent = new Recent<Readonly<Record<string, Buffer>>>(MAX_AGE_MS, now);
    this.#sources = {
      read: (kind, namespace, name) =>
        recent.get(`${kind}/${namespace}/${name}`, () => sources.read(kind, namespace, name)),
    };
  }

  /** Answers a request that came from `address` in the network of the Subnet. Never rejects. */
  async respond(subnetUID: string, address: string, request: MetadataRequest): Promise<MetadataAnswer> {
    const asker = { subnet: subnetUID, address };
    const networks = this.#networks();
    if (networks === undefined) return unavailable;
    const network = networks.get(subnetUID);
    const local = network && portAt(network, address);
    if (local === undefined) {
      this.#complain('a stranger asked', { ...asker, code: 'ADDRESS_UNKNOWN' });
      return nothing;
    }
    const { namespace, name } = local;
    try {
      const port = await this.#ports.get(local.uid, () => this.#read(local));
      const code = strangeness(port, local, address);
      const instance =
        code === undefined && port !== undefined ? await readInstance(port, this.#sources) : undefined;
      if (instance === undefined) {
        this.#complain('a stranger asked', { ...asker, namespace, port: name, code: code ?? 'PORT_DIFFERS' });
        return nothing;
      }
      const { sourceProblem } = instance;
      if (sourceProblem !== undefined)
        this.#complain('user data and SSH keys of a Port are not served', {
          namespace,
          port: name,
          ...errorFields(sourceProblem),
        });
      return answer(request, instance, this.#tokens);
    } catch (error) {
      this.#complain('a Port could not be read', { namespace, port: name, ...errorFields(error) });
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

  /** Once in a while: machines ask again and again. */
  #complain(message: string, fields: Readonly<Record<string, unknown>>): void {
    void this.#complaints.get(JSON.stringify([message, fields]), () => {
      this.#log.warn(message, fields);
      return Promise.resolve();
    });
  }
}

const nothing = refusal(404, 'There is nothing for you here.');
const unavailable = refusal(503, 'Not now. Ask again in a moment.');
