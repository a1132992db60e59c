import { setTimeout as delay } from 'node:timers/promises';
import { type Logger, errorFields } from '../../base/index.ts';
import { SERVICE_ADDRESS, type Host } from './host.ts';
import { listenIn } from './listen.ts';
import type { OpenVSwitch } from './open-vswitch.ts';
import type { RateLimit } from './rate-limiter.ts';
import type { LocalNetwork } from './view.ts';
import { serveWeb, type Responder, type Web } from './web.ts';

/** Number of networks that are reconciled concurrently. */
const WORKERS = 4;

/** Time between two complete checks of the host, which find changes without an event, in ms. */
const RESYNC_INTERVAL_MS = 30_000;

/** Delay of the first retry, in ms. Each further failure doubles the delay. */
const MIN_RETRY_DELAY_MS = 500;

/** The longest delay of a retry, in ms. */
const MAX_RETRY_DELAY_MS = 15_000;

/** How long a stop waits for the requests in progress, in ms. */
const GRACE_MS = 2_000;

const PORT = 80;

interface NetworkReconcilerOptions {
  readonly host: Host;
  readonly vswitch: OpenVSwitch;
  /** Answers a request from a machine in the network of a Subnet. */
  readonly respond: (subnetUid: string, ...request: Parameters<Responder>) => ReturnType<Responder>;
  /** The limit of requests of each machine. */
  readonly rateLimit: RateLimit;
  /** Called when a machine exceeds the limit, also for each refused connection. */
  readonly onRefused: (subnetUid: string, address: string) => void;
  readonly log: Logger;
}

/** The state of a network on this host. */
interface NetworkState {
  web: Web | undefined;
  /** The applied configuration (`configurationOf`); undefined while the network is not reconciled. */
  applied: string | undefined;
}

/**
 * Reconciles the network namespaces of this hypervisor. Each desired network has a namespace with a device on the
 * integration bridge and a web server; other networks have nothing. The reconciler adopts or removes the namespaces
 * of an earlier process, and retries after a failure.
 */
export class NetworkReconciler {
  readonly #options: NetworkReconcilerOptions;
  readonly #states = new Map<string, NetworkState>();
  readonly #stopping = new AbortController();
  #desired: ReadonlyMap<string, LocalNetwork> | undefined;
  #isDue = Promise.withResolvers<undefined>();
  #failing: ReadonlySet<string> = new Set();
  #running: Promise<void> | undefined;

  constructor(options: NetworkReconcilerOptions) {
    this.#options = options;
  }

  /** The number of networks with a web server. */
  get servedCount(): number {
    return [...this.#states.values()].filter(({ web }) => web !== undefined).length;
  }

  /** UIDs of the Subnets with a failure in the last pass. The log contains the errors. */
  get failing(): ReadonlySet<string> {
    return this.#failing;
  }

  /** Sets the desired networks and starts a pass. Also called when Open vSwitch changed. */
  setDesired(networks: ReadonlyMap<string, LocalNetwork>): void {
    if (this.#stopping.signal.aborted) return;
    this.#desired = networks;
    this.#isDue.resolve(undefined);
    this.#running ??= this.#run();
  }

  /**
   * Stops the web servers after the requests in progress. Keeps the namespaces for the next process without egress,
   * so that connection attempts of machines wait instead of being refused.
   */
  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#isDue.resolve(undefined);
    await this.#running;
    await Promise.all(
      [...this.#states].map(async ([uid, { web }]) => {
        await web?.drain(GRACE_MS);
        await this.#options.host.blockEgress(uid).catch((error: unknown) => this.#logFailure(uid, error));
        await web?.close();
      }),
    );
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping;
    let failures = 0;
    let isResync = true;
    for (;;) {
      this.#isDue = Promise.withResolvers();
      await this.#pass(isResync);
      failures = this.#failing.size > 0 ? failures + 1 : 0;
      const delayMs =
        failures > 0
          ? Math.min(MIN_RETRY_DELAY_MS * 2 ** (failures - 1), MAX_RETRY_DELAY_MS)
          : RESYNC_INTERVAL_MS;
      const timer = new AbortController();
      isResync = await Promise.race([
        this.#isDue.promise.then(() => false),
        delay(delayMs, failures === 0, { signal: timer.signal, ref: false }).catch(() => false),
      ]);
      timer.abort();
      if (signal.aborted) return;
    }
  }

  /** Reconciles the networks once. A resync also checks the networks that are already reconciled. */
  async #pass(isResync: boolean): Promise<void> {
    const { host, vswitch } = this.#options;
    const desired = this.#desired ?? new Map<string, LocalNetwork>();
    const devices = new Set([...desired.keys()].map((uid) => host.namesOf(uid).device));
    const present = new Set(host.present());
    const failing = new Set<string>();
    const isReconciled = (uid: string, network: LocalNetwork): boolean =>
      !isResync &&
      present.has(uid) &&
      vswitch.plugged().get(host.namesOf(uid).device) === network.interfaceId &&
      this.#states.get(uid)?.applied === configurationOf(network);
    const work = [
      ...[...vswitch.plugged().keys()]
        .filter((device) => !devices.has(device))
        .map((device) => ['', () => vswitch.unplug(device)] as const),
      ...[...new Set([...this.#states.keys(), ...present])]
        .filter((uid) => !desired.has(uid))
        .map((uid) => [uid, () => this.#remove(uid)] as const),
      ...[...desired]
        .filter(([uid, network]) => !isReconciled(uid, network))
        .map(([uid, network]) => [uid, () => this.#ensure(network)] as const),
    ].values();
    const worker = async (): Promise<void> => {
      for (const [uid, act] of work) {
        if (this.#stopping.signal.aborted) return;
        try {
          await act();
        } catch (error) {
          failing.add(uid);
          this.#logFailure(uid, error);
        }
      }
    };
    await Promise.all(Array.from({ length: WORKERS }, worker));
    this.#failing = failing;
  }

  async #ensure(network: LocalNetwork): Promise<void> {
    const { host, vswitch, respond, rateLimit, onRefused, log } = this.#options;
    const { subnetUid: uid, macAddress, interfaceId, ports } = network;
    const state = this.#states.get(uid) ?? { web: undefined, applied: undefined };
    this.#states.set(uid, state);
    state.applied = undefined;
    const { namespace, device } = host.namesOf(uid);
    if (!(await host.isIntact(uid, macAddress))) {
      await this.#closeWeb(state);
      await vswitch.unplug(device);
      await host.create(uid, macAddress, vswitch.isUserspace);
    }
    await vswitch.plug(device, interfaceId);
    await host.setNeighbours(uid, new Map([...ports].map(([address, port]) => [address, port.macAddress])));
    if (state.web === undefined) {
      const socket = await listenIn(namespace, SERVICE_ADDRESS, PORT);
      state.web = await serveWeb(socket, {
        respond: (address, request) => respond(uid, address, request),
        rateLimit,
        onRefused: (address) => onRefused(uid, address),
      });
      log.info('serving the network of a Subnet', { subnet: uid, ports: ports.size });
    }
    await host.allowEgress(uid);
    state.applied = configurationOf(network);
  }

  async #remove(uid: string): Promise<void> {
    const { host, vswitch, log } = this.#options;
    const state = this.#states.get(uid);
    if (state !== undefined) await this.#closeWeb(state);
    await vswitch.unplug(host.namesOf(uid).device);
    await host.remove(uid);
    this.#states.delete(uid);
    log.info('stopped serving the network of a Subnet', { subnet: uid });
  }

  async #closeWeb(state: NetworkState): Promise<void> {
    const { web } = state;
    state.web = undefined;
    await web?.close();
  }

  #logFailure(subnet: string, error: unknown): void {
    this.#options.log.warn('cannot serve the network of a Subnet; retrying', {
      subnet,
      ...errorFields(error),
    });
  }
}

/** Returns the configuration of a network as text, for comparison. */
const configurationOf = ({ macAddress, interfaceId, ports }: LocalNetwork): string =>
  JSON.stringify([macAddress, interfaceId, [...ports].map(([address, port]) => [address, port.macAddress])]);
