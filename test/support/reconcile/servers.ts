/** Clients of API servers, and the kinds of the tests. */
import {
  ApiError,
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

/** Creates a client of `server`, through the proxy at `url` if given. The test must close the client. */
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

/** Installs the CRDs of widgets and shelves, and waits until the server serves them. */
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
        if (error instanceof ApiError && error.code === 404) return false;
        throw error;
      }
    });
  }
}

/** Deletes all widgets and shelves, with their finalizers. */
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
