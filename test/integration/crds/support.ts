import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse, parseAllDocuments } from 'yaml';
import { API_VERSION, type Kinds, resources } from '../../../src/api/index.ts';
import type { ApiClient } from '../../../packages/dev-apiserver/test/support/client.ts';

export type Kind = keyof Kinds;

/** The fields of objects, lists and other response bodies that these tests read. */
export interface Body {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly spec?: Readonly<Record<string, unknown>>;
  readonly status?: { readonly conditions: readonly { readonly type: string; readonly status: string }[] };
  readonly items: readonly Body[];
  readonly resources: readonly {
    readonly name: string;
    readonly kind: string;
    readonly shortNames: readonly string[];
    readonly categories: readonly string[];
    readonly namespaced: boolean;
  }[];
  readonly columnDefinitions: readonly { readonly name: string; readonly priority: number }[];
  readonly reason?: string;
  readonly message?: string;
  readonly details?: { readonly causes?: readonly { readonly field: string; readonly message: string }[] };
}

/** A response of a server. */
export interface Answer {
  readonly status: number;
  readonly body: Body;
}

const root = join(import.meta.dirname, '../../..');

/** The CustomResourceDefinitions in crds/. */
export const crds: readonly Body[] = readdirSync(join(root, 'crds')).map(
  (file) => parse(readFileSync(join(root, 'crds', file), 'utf8')) as Body,
);

/** The objects in examples/, by file. */
export const examples: ReadonlyMap<string, readonly Body[]> = new Map(
  readdirSync(join(root, 'examples'))
    .filter((file) => file.endsWith('.yaml'))
    .map((file) => [
      file,
      parseAllDocuments(readFileSync(join(root, 'examples', file), 'utf8')).map(
        (document) => document.toJS() as Body,
      ),
    ]),
);

/** The path of the collection of a kind. The namespace is ignored if the kind is cluster-scoped. */
export function collection(kind: Kind, namespace = 'default'): string {
  const { group, version, plural, namespaced } = resources[kind];
  return `/apis/${group}/${version}/${namespaced ? `namespaces/${namespace}/` : ''}${plural}`;
}

/** An object of the kind. */
export const object = (
  kind: Kind,
  name: string,
  spec?: unknown,
): Pick<Body, 'kind' | 'metadata'> & { readonly apiVersion: string; readonly spec?: unknown } => ({
  apiVersion: API_VERSION,
  kind,
  metadata: { name },
  ...(spec === undefined ? {} : { spec }),
});

/** Creates an object with a dry run: the server validates the object and does not store it. */
export const tryCreate = (client: ApiClient, kind: Kind, spec: unknown): Promise<Answer> =>
  client.create(collection(kind), object(kind, 'tried', spec), {
    query: { dryRun: 'All', fieldValidation: 'Strict' },
  });

/** Creates the CRDs and waits until the server serves their kinds. */
export async function installCrds(client: ApiClient): Promise<void> {
  const path = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
  for (const crd of crds) {
    const { status, body }: Answer = await client.create(path, crd, { query: { fieldValidation: 'Strict' } });
    if (status !== 201) throw new Error(`${crd.metadata.name}: ${JSON.stringify(body)}`);
  }
  for (const kind of Object.keys(resources) as Kind[]) {
    for (const deadline = Date.now() + 20_000; ;) {
      const { status } = await client.get(collection(kind));
      if (status === 200) break;
      if (Date.now() > deadline)
        throw new Error(`${kind} is not served: the server answers with status ${status}`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}

/** The causes of a rejection as `field: message`, sorted. */
export function causesOf({ body }: Answer): string[] {
  const causes = body.details?.causes ?? [];
  return causes.map(({ field, message }) => `${field}: ${message}`).sort();
}
