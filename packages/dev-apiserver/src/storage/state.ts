import { resourceKey } from './resource.ts';
import type { Resource } from './resource.ts';
import { Collection, Revisions } from './collection.ts';
import type { Change } from './collection.ts';

/** The clock of the server. Tests may replace it. */
export interface Clock {
  now(): Date;
}

/** The state that all requests share: the served resources and their objects. */
export class ServerState {
  readonly revisions = new Revisions();
  readonly clock: Clock;
  readonly #historyLimit: number;
  readonly #collections = new Map<string, Collection>();
  readonly #versions = new Map<string, Map<string, Resource>>();
  readonly #observers = new Set<(key: string, change: Change) => void>();
  readonly #retired = new Set<(key: string) => void>();
  #generation = 0;

  constructor(clock: Clock, historyLimit: number) {
    this.clock = clock;
    this.#historyLimit = historyLimit;
  }

  /** The number of changes of the set of resources. Discovery and OpenAPI use it as a cache key. */
  get resourcesGeneration(): number {
    return this.#generation;
  }

  /** Returns the collection of a resource ("plural.group"). Creates it on first use. */
  collection(key: string): Collection {
    let collection = this.#collections.get(key);
    if (collection === undefined) {
      collection = new Collection(this.revisions, this.#historyLimit);
      collection.subscribe((change) => {
        for (const observer of this.#observers) observer(key, change);
      });
      this.#collections.set(key, collection);
    }
    return collection;
  }

  /** Returns all collections by "plural.group". */
  collections(): ReadonlyMap<string, Collection> {
    return this.#collections;
  }

  /** Serves a resource in exactly these versions from now on. */
  serve(key: string, versions: readonly Resource[]): void {
    this.#versions.set(key, new Map(versions.map((resource) => [resource.version, resource])));
    this.#generation += 1;
  }

  /** Stops serving a resource: ends its watches and drops its objects. */
  retire(key: string): void {
    this.#versions.delete(key);
    this.#collections.delete(key);
    this.#generation += 1;
    for (const listener of this.#retired) listener(key);
  }

  /** Returns a served resource by API group, version and plural name. */
  resource(group: string, version: string, plural: string): Resource | undefined {
    return this.#versions.get(resourceKey({ group, plural }))?.get(version);
  }

  /**
   * Returns any served version of a resource ("plural.group"), for work that does not depend on the version.
   */
  anyVersion(key: string): Resource | undefined {
    return this.#versions.get(key)?.values().next().value;
  }

  /** Returns the resource that serves a kind. */
  resourceOfKind(apiVersion: string, kind: string): Resource | undefined {
    const slash = apiVersion.indexOf('/');
    const group = slash === -1 ? '' : apiVersion.slice(0, slash);
    const version = apiVersion.slice(slash + 1);
    for (const versions of this.#versions.values()) {
      const resource = versions.get(version);
      if (resource?.group === group && resource.kind === kind) return resource;
    }
    return undefined;
  }

  /** Iterates over the served resources in all their versions. */
  *resources(): Generator<Resource> {
    for (const versions of this.#versions.values()) yield* versions.values();
  }

  /** Calls the observer for every change of every collection, with the "plural.group" of the resource. */
  observe(observer: (key: string, change: Change) => void): void {
    this.#observers.add(observer);
  }

  /**
   * Calls the listener when the server stops serving a resource. The returned function removes the listener.
   */
  onRetired(listener: (key: string) => void): () => void {
    this.#retired.add(listener);
    return () => this.#retired.delete(listener);
  }
}
