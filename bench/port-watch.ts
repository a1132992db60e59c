/** A watch of Ports that records when each Port becomes Ready. */
import type { BareClient } from './http.ts';
import { pathOf, type Scope } from './world.ts';

/** The fields of a Port that the benchmark reads. */
export interface PortObject {
  readonly metadata: { readonly name: string; readonly uid: string; readonly resourceVersion: string };
  readonly status?: {
    readonly interfaceID?: string;
    readonly ipAddress?: string;
    readonly macAddress?: string;
    readonly conditions?: readonly {
      readonly type: string;
      readonly status: string;
      readonly message?: string;
    }[];
  };
}

/** A scenario fails when no watch event arrives for this time. */
const STALL_TIMEOUT_MS = 60_000;

export class PortWatch {
  /** The time (performance.now()) when each existing Port became Ready. */
  readonly ready = new Map<string, number>();
  /** Called with each new Port. */
  onAdded: (port: PortObject) => void = () => undefined;
  readonly #ports = new Map<string, PortObject>();
  readonly #client: BareClient;
  readonly #world: Scope;
  #stop: () => void = () => undefined;
  #closed = false;
  #resourceVersion = '';
  #failure: Error | undefined;
  #lastEvent = performance.now();
  #waiting: { done: () => boolean; resolve: () => void; reject: (error: Error) => void } | undefined;

  private constructor(client: BareClient, world: Scope) {
    this.#client = client;
    this.#world = world;
  }

  static async open(client: BareClient, world: Scope): Promise<PortWatch> {
    const watch = new PortWatch(client, world);
    const list = JSON.parse(await client.send('GET', pathOf(world, 'ports'))) as {
      metadata: { resourceVersion: string };
      items: PortObject[];
    };
    for (const port of list.items) watch.#see(port);
    watch.#resourceVersion = list.metadata.resourceVersion;
    await watch.#open();
    return watch;
  }

  get(name: string): PortObject | undefined {
    return this.#ports.get(name);
  }

  /**
   * Resolves when `done` returns true; `done` is called after every event.
   * @throws Error when no event arrives for {@link STALL_TIMEOUT_MS}
   */
  until(done: () => boolean): Promise<void> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    if (done()) return Promise.resolve();
    this.#lastEvent = performance.now();
    return new Promise((resolve, reject) => {
      const check = setInterval(() => {
        if (performance.now() - this.#lastEvent > STALL_TIMEOUT_MS)
          finish(() => reject(new Error(this.#describeStall())));
      }, 1000);
      const finish = (settle: () => void): void => {
        clearInterval(check);
        this.#waiting = undefined;
        settle();
      };
      this.#waiting = {
        done,
        resolve: () => finish(resolve),
        reject: (error) => finish(() => reject(error)),
      };
    });
  }

  /** Resolves when at least `count` Ports are Ready. */
  untilReady(count: number): Promise<void> {
    return this.until(() => this.ready.size >= count);
  }

  close(): void {
    this.#closed = true;
    this.#stop();
  }

  async #open(): Promise<void> {
    const query = `watch=true&timeoutSeconds=7200&resourceVersion=${this.#resourceVersion}`;
    const onLine = (line: string): void => this.#event(line);
    const stop = await this.#client.watch(`${pathOf(this.#world, 'ports')}?${query}`, onLine, () =>
      this.#reopen(),
    );
    if (this.#closed) stop();
    this.#stop = stop;
  }

  /** Watches again from the last resource version. A server closes the stream of a slow watcher; no event is lost. */
  #reopen(): void {
    this.#open().catch((error: unknown) => this.#fail(error as Error));
  }

  #fail(error: Error): void {
    this.#failure = error;
    this.#waiting?.reject(error);
  }

  #event(line: string): void {
    const { type, object } = JSON.parse(line) as { type: string; object: PortObject };
    if (type === 'ERROR') {
      this.#fail(new Error(`the watch of Ports failed: ${line}`));
      return;
    }
    this.#resourceVersion = object.metadata.resourceVersion;
    if (type === 'DELETED') {
      this.#ports.delete(object.metadata.name);
      this.ready.delete(object.metadata.name);
    } else if (type !== 'BOOKMARK') {
      this.#see(object);
    }
    this.#lastEvent = performance.now();
    if (this.#waiting?.done() === true) this.#waiting.resolve();
  }

  #see(port: PortObject): void {
    const { name } = port.metadata;
    if (!this.#ports.has(name)) this.onAdded(port);
    this.#ports.set(name, port);
    if (!this.ready.has(name) && isReady(port)) this.ready.set(name, performance.now());
  }

  #describeStall(): string {
    const unready = [...this.#ports.values()].find((port) => !isReady(port));
    const example =
      unready === undefined
        ? 'every known Port is Ready'
        : `for example, ${unready.metadata.name} is not Ready: ${JSON.stringify(unready.status?.conditions ?? 'no status')}`;
    return `no Port changed for ${STALL_TIMEOUT_MS / 1000} s; ${this.ready.size} Ports are Ready; ${example}`;
  }
}

function isReady({ status }: PortObject): boolean {
  return (
    status?.conditions?.some((condition) => condition.type === 'Ready' && condition.status === 'True') ??
    false
  );
}
