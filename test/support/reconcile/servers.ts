/** The runtime against API servers: clients of them, and the tests' own kinds served. */
import {
  RestClient,
  fromKubeconfig,
  isNotFound,
  type RestClientOptions,
} from '../../../src/reconcile/index.ts';
import type { RunningServer } from '../../../packages/dev-apiserver/test/support/targets.ts';
import { eventually } from '../eventually.ts';
import { crdOf, shelfType, widgetType } from './widget.ts';

const crdType = {
  group: 'apiextensions.k8s.io',
  version: 'v1',
  kind: 'CustomResourceDefinition',
  plural: 'customresourcedefinitions',
  namespaced: false,
};

/** A client of `server`, by way of `url` when there is something between; the test closes it. */
export async function clientOf(
  server: RunningServer,
  { url, ...options }: RestClientOptions & { readonly url?: string } = {},
): Promise<RestClient> {
  const source = await fromKubeconfig(server.kubeconfigPath);
  return new RestClient(async () => {
    const connection = await source();
    return url === undefined ? connection : { ...connection, server: url };
  }, options);
}

/** Has the server serve widgets and shelves. */
export async function serveTestKinds(client: RestClient): Promise<void> {
  const types = [widgetType, shelfType];
  for (const type of types) await client.create(crdType, crdOf(type));
  for (const type of types) {
    await eventually(async () => {
      if (!(await client.serves(type))) return false;
      try {
        await client.list(type, { limit: 1 });
        return true;
      } catch (error) {
        if (isNotFound(error)) return false;
        throw error;
      }
    });
  }
}

/** Removes all widgets and shelves, whatever holds them. */
export async function removeAll(client: RestClient): Promise<void> {
  for (const type of [widgetType, shelfType]) {
    const { items } = await client.list(type);
    for (const { metadata } of items) {
      await client.patchMerge(type, metadata, { metadata: { finalizers: null } });
      await client.delete(type, metadata).catch((error: unknown) => {
        if (!isNotFound(error)) throw error;
      });
    }
  }
}
