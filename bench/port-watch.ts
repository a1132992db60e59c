/** Another watcher: it notes when each Port is seen Ready. */
import type { BareClient } from './http.ts';
import { pathOf, type Scope } from './world.ts';

/** What the bench reads of a Port. */
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

/** How long nothing may become Ready before a scenario gives up. */
const patienceMs = 60_000;

export class PortWatch {
  /** When each Port was seen Ready (performance.now()); deleted ones are not in it. */
  readonly ready = new Map<string, number>();
  /** Called with each Port that is new. */
  onAdded: (port: PortObject) => void = () => undefined;
  readonly #ports = new Map<string, PortObject>();
  readonly #client: BareClient;
  readonly #world: Scope;
  #stop: () => void = () => undefined;
  #closed = false;
  #resourceVersion = '';
  #failure: Error | undefined;
  #progress = performance.now();
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

  /** Resolves when `done`, which is asked after every event. @throws Error when nothing happens for a minute */
  until(done: () => boolean): Promise<void> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    if (done()) return Promise.resolve();
    this.#progress = performance.now();
    return new Promise((resolve, reject) => {
      const check = setInterval(() => {
        if (performance.now() - this.#progress > patienceMs) finish(() => reject(new Error(this.#stalled())));
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

  /** Resolves when so many Ports are Ready. */
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

  /** A server closes the stream of a watcher that is too slow for it; nothing is lost when the next one goes on there. */
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
    this.#progress = performance.now();
    if (this.#waiting?.done() === true) this.#waiting.resolve();
  }

  #see(port: PortObject): void {
    const { name } = port.metadata;
    if (!this.#ports.has(name)) this.onAdded(port);
    this.#ports.set(name, port);
    if (!this.ready.has(name) && isReady(port)) this.ready.set(name, performance.now());
  }

  #stalled(): string {
    const unready = [...this.#ports.values()].find((port) => !isReady(port));
    const conditions = JSON.stringify(unready?.status?.conditions ?? 'no status');
    return `nothing happened for ${patienceMs / 1000} s with ${this.ready.size} Ports Ready; ${unready?.metadata.name ?? 'none'} is not: ${conditions}`;
  }
}

function isReady({ status }: PortObject): boolean {
  return (
    status?.conditions?.some((condition) => condition.type === 'Ready' && condition.status === 'True') ??
    false
  );
}
