/** Runs suites of API behaviour against the embedded and the real server. */
import { afterAll, beforeAll, describe, it } from '@jest/globals';
import { eventually } from './eventually.ts';
import type { ApiObject, Manifest } from './api-object.ts';
import { ApiClient } from './client.ts';
import { realIsSkipped, targets, type RunningServer, type Target } from './targets.ts';

/** The members of a CRD that `install` reads. */
export interface CrdManifest extends Manifest {
  readonly spec: {
    readonly group: string;
    readonly names: { readonly plural: string };
    readonly versions: readonly { readonly name: string }[];
  };
}

/** The server under test. */
export class Cluster {
  readonly name: Target['name'];
  readonly #target: Target;
  #server: RunningServer | undefined;
  #api: ApiClient | undefined;
  #names = 0;

  constructor(target: Target) {
    this.name = target.name;
    this.#target = target;
  }

  async start(): Promise<void> {
    this.#server = await this.#target.start();
    this.#api = new ApiClient(this.#server);
  }

  async stop(): Promise<void> {
    this.#api?.close();
    await this.#server?.stop();
  }

  get server(): RunningServer {
    if (this.#server === undefined) throw new Error('the server is not started');
    return this.#server;
  }

  get api(): ApiClient {
    if (this.#api === undefined) throw new Error('the server is not started');
    return this.#api;
  }

  /** Returns a name that is unique in this suite. */
  uniqueName(prefix = 'x'): string {
    this.#names += 1;
    return `${prefix}-${this.#names}`;
  }

  /** Creates a namespace for one test and returns its name. */
  async namespace(): Promise<string> {
    const name = this.uniqueName('ns');
    await expectStatus(this.api.create('/api/v1/namespaces', { metadata: { name } }), 201);
    return name;
  }

  /** Creates CustomResourceDefinitions and waits until their objects can be listed. */
  async install(...crds: readonly CrdManifest[]): Promise<void> {
    const path = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
    for (const crd of crds) await expectStatus(this.api.create(path, crd), 201);
    for (const { spec } of crds) {
      const [version] = spec.versions;
      const list = `/apis/${spec.group}/${version?.name ?? ''}/${spec.names.plural}`;
      await eventually(async () => (await this.api.get(list)).status === 200);
    }
  }
}

/** Declares a suite for each server. */
export function conformance(title: string, tests: (cluster: Cluster) => void): void {
  for (const target of targets) {
    describe(`${title} on the ${target.name} API server`, () => {
      const cluster = new Cluster(target);
      beforeAll(() => cluster.start());
      afterAll(() => cluster.stop());
      tests(cluster);
    });
  }
  if (realIsSkipped !== undefined)
    it.skip(`${title} on the real API server: ${realIsSkipped}`, () => undefined);
}

/**
 * Returns the body of a response with the expected status code.
 *
 * @throws Error with the body for another status code
 */
export async function expectStatus(
  response: Promise<{ status: number; body: ApiObject }>,
  status: number,
): Promise<ApiObject> {
  const { status: actual, body } = await response;
  if (actual !== status) throw new Error(`expected ${status}, got ${actual}: ${JSON.stringify(body)}`);
  return body;
}

/**
 * Returns the causes of a Status, sorted, because a real server reports them in the order of a hash map.
 * Removes duplicates of causes in metadata, because a real server checks metadata twice.
 */
export function causesOf(body: ApiObject): string[] {
  const causes = (body.details?.causes ?? [])
    .map(({ field, reason, message }) => `${field} | ${reason} | ${message}`)
    .sort();
  return causes.filter((cause, index) => !cause.startsWith('metadata.') || causes.indexOf(cause) === index);
}
