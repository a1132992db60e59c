/** Operations of tests on the objects of one API server. */
import { resources, type Condition } from '../../../src/api/index.ts';
import { kindNames } from '../../../src/controllers/index.ts';
import { coreTypes, readManifests } from '../../../src/dev/manifests.ts';
import {
  isAlreadyExists,
  isNotFound,
  namespaceType,
  type KubeObject,
  type NewObject,
  type RestClient,
  type ResourceType,
} from '../../../src/reconcile/index.ts';
import type { RecordingLog } from '../reconcile/recording-log.ts';
import { eventually } from '../eventually.ts';
import {
  hasCorrectCounts,
  outcomeOf,
  idOf,
  isReady,
  refOf,
  describeConditions,
  type Outcome,
  type Kind,
  type TestObject,
} from './objects.ts';

/** The namespace and the name of an object. */
const refTo = (kind: Kind, key: string): { namespace?: string; name: string } =>
  resources[kind].namespaced ? refOf(key) : { name: key };

export class ClusterObjects {
  readonly client: RestClient;
  /** The log of the operators. */
  readonly log: RecordingLog;

  constructor(client: RestClient, log: RecordingLog) {
    this.client = client;
    this.log = log;
  }

  /** Waits until `check` does not throw. After the time limit, throws its last error with the operator's warnings. */
  eventually<T>(check: () => T | Promise<T>, timeoutMs?: number): Promise<T> {
    return eventually(check, {
      ...(timeoutMs !== undefined && { timeoutMs }),
      context: () => this.#warnings(),
    });
  }

  /** Creates objects from YAML or parsed manifests, or merges them into existing objects. */
  async apply(...manifests: readonly (NewObject | string)[]): Promise<void> {
    const objects = manifests.flatMap((one) => (typeof one === 'string' ? readManifests(one) : [one]));
    for (const manifest of objects) await this.#createOrMerge(manifest);
  }

  /** Creates a namespace. */
  async namespace(name: string, labels: Readonly<Record<string, string>> = {}): Promise<void> {
    await this.client.create(namespaceType, {
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name, labels },
    });
  }

  /** Merges a patch into an object (RFC 7386). */
  async edit(kind: Kind, key: string, patch: object): Promise<void> {
    await this.client.patchMerge(resources[kind], refTo(kind, key), patch);
  }

  /** Deletes an object. Ignores a missing object. */
  delete(kind: Kind, key: string): Promise<void> {
    return this.#delete(resources[kind], refTo(kind, key));
  }

  async deleteNamespace(name: string): Promise<void> {
    await this.#delete(namespaceType, { name });
  }

  /** Gets an object. `key` is `namespace/name`, a name in `default`, or the name of a cluster-scoped object. */
  get(kind: Kind, key: string): Promise<TestObject> {
    return this.client.get<TestObject>(resources[kind], refTo(kind, key));
  }

  async list(kind: Kind): Promise<readonly TestObject[]> {
    return (await this.client.list<TestObject>(resources[kind])).items;
  }

  /** Every object of the kinds with controllers, by `Kind/namespace/name`. */
  async objects(): Promise<ReadonlyMap<string, TestObject>> {
    const lists = await Promise.all(kindNames.map((kind) => this.list(kind)));
    return new Map(
      lists
        .flat()
        .map((object) => [idOf(object), object] as const)
        .sort(([a], [b]) => (a < b ? -1 : 1)),
    );
  }

  /** Waits until every object is Ready for its current generation; resolves with the objects. */
  ready(timeoutMs?: number): Promise<ReadonlyMap<string, TestObject>> {
    return this.eventually(async () => {
      const objects = await this.objects();
      const waiting = [...objects].filter(([, object]) => !isReady(object));
      if (objects.size === 0) throw new Error('there are no objects');
      if (waiting.length > 0)
        throw new Error(waiting.map(([id, object]) => `${id}: ${describeConditions(object)}`).join('\n'));
      return objects;
    }, timeoutMs);
  }

  /** Waits until every object is Ready and the counts in statuses are correct; resolves with the objects. */
  converged(timeoutMs?: number): Promise<ReadonlyMap<string, TestObject>> {
    return this.eventually(async () => {
      const objects = await this.ready();
      const wrong = [...objects].filter(([, object]) => !hasCorrectCounts(object, [...objects.values()]));
      if (wrong.length > 0) {
        throw new Error(
          wrong.map(([id, { status }]) => `${id} has incorrect counts: ${JSON.stringify(status)}`).join('\n'),
        );
      }
      return objects;
    }, timeoutMs);
  }

  /** Waits until a condition has a reason; resolves with the condition. */
  reason(kind: Kind, key: string, type: string, reason: string, timeoutMs?: number): Promise<Condition> {
    return this.eventually(async () => {
      const object = await this.get(kind, key);
      const condition = object.status?.conditions?.find((one) => one.type === type);
      if (condition?.reason !== reason)
        throw new Error(`${kind} ${key}: ${type} is not ${reason}: ${describeConditions(object)}`);
      return condition;
    }, timeoutMs);
  }

  /** Waits until an object does not exist. */
  gone(kind: Kind, key: string, timeoutMs?: number): Promise<void> {
    return this.eventually(async () => {
      try {
        const object = await this.get(kind, key);
        throw new Error(`${kind} ${key} still exists: ${describeConditions(object)}`);
      } catch (error) {
        if (!isNotFound(error)) throw error;
      }
    }, timeoutMs);
  }

  /** The outcome of every object, without times. */
  async statuses(): Promise<Readonly<Record<string, Outcome>>> {
    return Object.fromEntries([...(await this.objects())].map(([id, object]) => [id, outcomeOf(object)]));
  }

  /** Removes every object of the kinds with controllers, also with finalizers, and every namespace of a test. */
  async removeAll(): Promise<void> {
    for (const kind of kindNames) {
      for (const { metadata } of await this.list(kind)) await this.#removeByForce(resources[kind], metadata);
    }
    const { items } = await this.client.list(namespaceType);
    const ofTests = items.filter(({ metadata: { name } }) => name !== 'default' && !name.startsWith('kube-'));
    for (const { metadata } of ofTests) await this.#delete(namespaceType, metadata);
    await this.eventually(async () => {
      const { items: left } = await this.client.list(namespaceType);
      if (left.length > items.length - ofTests.length) throw new Error('namespaces of tests still exist');
    });
  }

  async #createOrMerge(manifest: NewObject): Promise<void> {
    const { kind, metadata } = manifest;
    const { name = '', namespace = 'default' } = metadata;
    const type = coreTypes.find((one) => one.kind === kind) ?? resources[kind as Kind];
    const object = type.namespaced ? { ...manifest, metadata: { ...metadata, namespace } } : manifest;
    try {
      await this.client.create(type, object);
    } catch (error) {
      if (!isAlreadyExists(error)) throw error;
      await this.client.patchMerge(type, type.namespaced ? { namespace, name } : { name }, object);
    }
  }

  async #delete(
    type: ResourceType,
    ref: { readonly namespace?: string; readonly name: string },
  ): Promise<void> {
    try {
      await this.client.delete(type, ref);
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }

  async #removeByForce(
    type: ResourceType,
    { namespace, name, finalizers }: KubeObject['metadata'],
  ): Promise<void> {
    const ref = { name, ...(namespace !== undefined && { namespace }) };
    await this.#delete(type, ref);
    if (finalizers === undefined) return;
    await this.client.patchMerge(type, ref, { metadata: { finalizers: null } }).catch((error: unknown) => {
      if (!isNotFound(error)) throw error;
    });
  }

  #warnings(): string {
    const bad = this.log.lines.filter(({ level }) => level === 'warn' || level === 'error');
    return `the operator's last warnings:\n${bad
      .slice(-8)
      .map((line) => `  ${JSON.stringify(line)}`)
      .join('\n')}`;
  }
}
