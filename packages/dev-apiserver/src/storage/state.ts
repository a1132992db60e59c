import { resourceKey } from './resource.ts';
import type { Resource } from './resource.ts';
import { Collection, Revisions } from './collection.ts';
import type { Change } from './collection.ts';

/** What of the world the server reads; tests may replace it. */
export interface Clock {
  now(): Date;
}

/**
 * The state that all requests share: which resources there are, and their objects.
 * A resource's collection outlives its definition only as long as somebody holds it.
 */
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

  /** Counts changes of the set of resources: what discovery and OpenAPI cache by. */
  get resourcesGeneration(): number {
    return this.#generation;
  }

  /** The collection of a resource ("plural.group"), made at first use. */
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

  /** Every resource's collection by "plural.group". */
  collections(): ReadonlyMap<string, Collection> {
    return this.#collections;
  }

  /** Serves a resource in exactly these versions from now on. */
  serve(key: string, versions: readonly Resource[]): void {
    this.#versions.set(key, new Map(versions.map((resource) => [resource.version, resource])));
    this.#generation += 1;
  }

  /** Stops serving a resource; open watches on it end. Its objects are forgotten. */
  retire(key: string): void {
    this.#versions.delete(key);
    this.#collections.delete(key);
    this.#generation += 1;
    for (const listener of this.#retired) listener(key);
  }

  /** A served resource, by API group, version and plural name. */
  resource(group: string, version: string, plural: string): Resource | undefined {
    return this.#versions.get(resourceKey({ group, plural }))?.get(version);
  }

  /** Any served version of a resource ("plural.group"): for work that is the same in all of them. */
  anyVersion(key: string): Resource | undefined {
    return this.#versions.get(key)?.values().next().value;
  }

  /** The resource in which a kind is served. */
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

  /** Every served resource in every version. */
  *resources(): Generator<Resource> {
    for (const versions of this.#versions.values()) yield* versions.values();
  }

  /** Calls the observer for every change of every collection, with the resource's "plural.group". */
  observe(observer: (key: string, change: Change) => void): void {
    this.#observers.add(observer);
  }

  /** Calls the listener when a resource is no longer served; the returned function ends that. */
  onRetired(listener: (key: string) => void): () => void {
    this.#retired.add(listener);
    return () => this.#retired.delete(listener);
  }
}
