import { setTimeout as delay } from 'node:timers/promises';
import { type Logger, errorFields } from '../../base/index.ts';
import { SERVICE_ADDRESS, type Host } from './host.ts';
import { listenIn } from './listen.ts';
import type { OpenVSwitch } from './open-vswitch.ts';
import type { LocalNetwork } from './view.ts';
import { serveWeb, type Responder, type Web } from './web.ts';

/** How many networks are worked on at once. */
const WORKERS = 4;

/** How often everything is looked at, whether or not anything was told of, in ms. */
const AUDIT_MS = 30_000;

/** After a failure, in ms: doubled with each further one. */
const RETRY_MS = { first: 500, most: 15_000 } as const;

/** How long a stop waits for requests under way, in ms. */
const GRACE_MS = 2_000;

const PORT = 80;

export interface KeeperOptions {
  readonly host: Host;
  readonly vswitch: OpenVSwitch;
  /** Answers a machine in the network of a Subnet. */
  readonly respond: (subnetUID: string, ...asked: Parameters<Responder>) => ReturnType<Responder>;
  readonly log: Logger;
}

/** What is done about a network. */
interface Held {
  web: Web | undefined;
  /** As what it is served (`textOf`); undefined while something is still to be done. */
  done: string | undefined;
}

/**
 * Keeps what the networks of this hypervisor need: for each a namespace that is plugged in and a web server in it, and
 * nothing for others. What an earlier process left is taken over as it is, or removed. Whatever fails is tried again.
 */
export class Keeper {
  readonly #options: KeeperOptions;
  readonly #held = new Map<string, Held>();
  readonly #stopping = new AbortController();
  #wanted: ReadonlyMap<string, LocalNetwork> | undefined;
  #isDue = Promise.withResolvers<undefined>();
  #failing: ReadonlySet<string> = new Set();
  #running: Promise<void> | undefined;

  constructor(options: KeeperOptions) {
    this.#options = options;
  }

  /** How many networks are served. */
  get serving(): number {
    return [...this.#held.values()].filter(({ web }) => web !== undefined).length;
  }

  /** The Subnets whose networks should be served, and are not for a failure, which the log has. */
  get failing(): ReadonlySet<string> {
    return this.#failing;
  }

  /** Says which networks there are to be, or that something may have changed; the first call begins the work. */
  want(networks: ReadonlyMap<string, LocalNetwork>): void {
    if (this.#stopping.signal.aborted) return;
    this.#wanted = networks;
    this.#isDue.resolve(undefined);
    this.#running ??= this.#run();
  }

  /**
   * Ends the web servers when they have answered, and leaves the namespaces for the next process, silent: machines that
   * connect meanwhile are kept waiting, and are not refused.
   */
  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#isDue.resolve(undefined);
    await this.#running;
    await Promise.all(
      [...this.#held].map(async ([uid, { web }]) => {
        await web?.drain(GRACE_MS);
        await this.#options.host.silence(uid).catch((error: unknown) => this.#complain(uid, error));
        await web?.close();
      }),
    );
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping;
    let failures = 0;
    let isAudit = true;
    for (;;) {
      this.#isDue = Promise.withResolvers();
      await this.#pass(isAudit);
      failures = this.#failing.size > 0 ? failures + 1 : 0;
      const pause = failures > 0 ? Math.min(RETRY_MS.first * 2 ** (failures - 1), RETRY_MS.most) : AUDIT_MS;
      const rest = new AbortController();
      isAudit = await Promise.race([
        this.#isDue.promise.then(() => false),
        delay(pause, failures === 0, { signal: rest.signal, ref: false }).catch(() => false),
      ]);
      rest.abort();
      if (signal.aborted) return;
    }
  }

  /** `isAudit`: looks at what should be there too, and not only at what should be otherwise. */
  async #pass(isAudit: boolean): Promise<void> {
    const { host, vswitch } = this.#options;
    const wanted = this.#wanted ?? new Map<string, LocalNetwork>();
    const devices = new Set([...wanted.keys()].map((uid) => host.place(uid).device));
    const present = new Set(host.present());
    const failing = new Set<string>();
    const isDone = (uid: string, network: LocalNetwork): boolean =>
      !isAudit &&
      present.has(uid) &&
      vswitch.plugged().get(host.place(uid).device) === network.interfaceID &&
      this.#held.get(uid)?.done === textOf(network);
    const work = [
      ...[...vswitch.plugged().keys()]
        .filter((device) => !devices.has(device))
        .map((device) => ['', () => vswitch.unplug(device)] as const),
      ...[...new Set([...this.#held.keys(), ...present])]
        .filter((uid) => !wanted.has(uid))
        .map((uid) => [uid, () => this.#drop(uid)] as const),
      ...[...wanted]
        .filter(([uid, network]) => !isDone(uid, network))
        .map(([uid, network]) => [uid, () => this.#hold(network)] as const),
    ].values();
    const worker = async (): Promise<void> => {
      for (const [uid, act] of work) {
        if (this.#stopping.signal.aborted) return;
        try {
          await act();
        } catch (error) {
          failing.add(uid);
          this.#complain(uid, error);
        }
      }
    };
    await Promise.all(Array.from({ length: WORKERS }, worker));
    this.#failing = failing;
  }

  async #hold(network: LocalNetwork): Promise<void> {
    const { host, vswitch, respond, log } = this.#options;
    const { subnetUID: uid, macAddress, interfaceID, ports } = network;
    const held = this.#held.get(uid) ?? { web: undefined, done: undefined };
    this.#held.set(uid, held);
    held.done = undefined;
    const { namespace, device } = host.place(uid);
    if (!(await host.isIntact(uid, macAddress))) {
      await this.#silence(held);
      await vswitch.unplug(device);
      await host.create(uid, macAddress, vswitch.isUserspace);
    }
    await vswitch.plug(device, interfaceID);
    await host.setNeighbours(uid, new Map([...ports].map(([address, port]) => [address, port.macAddress])));
    if (held.web === undefined) {
      const socket = await listenIn(namespace, SERVICE_ADDRESS, PORT);
      held.web = await serveWeb(socket, (address, request) => respond(uid, address, request));
      log.info('serving a network', { subnet: uid, ports: ports.size });
    }
    await host.speak(uid);
    held.done = textOf(network);
  }

  async #drop(uid: string): Promise<void> {
    const { host, vswitch, log } = this.#options;
    const held = this.#held.get(uid);
    if (held !== undefined) await this.#silence(held);
    await vswitch.unplug(host.place(uid).device);
    await host.remove(uid);
    this.#held.delete(uid);
    log.info('a network is not here any more', { subnet: uid });
  }

  async #silence(held: Held): Promise<void> {
    const { web } = held;
    held.web = undefined;
    await web?.close();
  }

  #complain(subnet: string, error: unknown): void {
    this.#options.log.warn('a network could not be served: trying again', { subnet, ...errorFields(error) });
  }
}

/** All that something is done about. */
const textOf = ({ macAddress, interfaceID, ports }: LocalNetwork): string =>
  JSON.stringify([macAddress, interfaceID, [...ports].map(([address, port]) => [address, port.macAddress])]);
