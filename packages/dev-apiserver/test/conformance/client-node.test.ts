/* eslint-disable @typescript-eslint/no-unsafe-class-instance-assignment, @typescript-eslint/no-misused-spread --
   the model classes of the client have only fields, so that object literals replace them */
import { beforeAll, expect, it } from '@jest/globals';
import {
  ApiextensionsV1Api,
  CoordinationV1Api,
  CoreV1Api,
  CustomObjectsApi,
  KubeConfig,
  KubernetesObjectApi,
  makeInformer,
  PatchStrategy,
  setHeaderOptions,
  VersionApi,
  V1MicroTime,
  Watch,
  type KubernetesObject,
  type V1ConfigMap,
} from '@kubernetes/client-node';
import { conformance } from '../support/conformance.ts';
import { eventually } from '../support/eventually.ts';
import { apiVersion, widget, widgetCrd, widgets } from '../support/widgets.ts';

interface Widget extends KubernetesObject {
  readonly spec: { size?: number };
  readonly status?: { phase?: string };
}

// A server with go-restful 3.10 does not answer the client's /version/ (see discovery.test.ts), so the request for the
// version is not part of the tests on a real server.
conformance('@kubernetes/client-node', (cluster) => {
  let config: KubeConfig;
  let core: CoreV1Api;
  let objects: CustomObjectsApi;
  let anyKind: KubernetesObjectApi;
  const group = 'conformance.example.com';
  const collection = { group, version: 'v1', namespace: 'default', plural: 'widgets' };

  beforeAll(async () => {
    await cluster.install(widgetCrd);
    config = new KubeConfig();
    config.loadFromFile(cluster.server.kubeconfigPath);
    core = config.makeApiClient(CoreV1Api);
    objects = config.makeApiClient(CustomObjectsApi);
    anyKind = KubernetesObjectApi.makeApiClient(config);
  });

  it('reads the version of the server', async () => {
    const version = config.makeApiClient(VersionApi).getCode();
    if (cluster.name === 'embedded') expect((await version).major).toBe('1');
    else await version.catch((error: unknown) => expect(error).toMatchObject({ code: 404 }));
  });

  it('creates, reads, lists, replaces, patches and deletes a ConfigMap with the typed client', async () => {
    const namespace = await cluster.namespace();
    const created = await core.createNamespacedConfigMap({
      namespace,
      body: { metadata: { name: 'a', labels: { app: 'x' } }, data: { a: '1' } },
    });
    expect(created.metadata?.creationTimestamp).toBeInstanceOf(Date);
    const replaced = await core.replaceNamespacedConfigMap({
      name: 'a',
      namespace,
      body: { ...created, data: { b: '2' } },
    });
    expect(replaced.data).toEqual({ b: '2' });
    const patched = await core.patchNamespacedConfigMap(
      { name: 'a', namespace, body: { data: { c: '3' } } },
      setHeaderOptions('Content-Type', PatchStrategy.StrategicMergePatch),
    );
    expect(patched.data).toEqual({ b: '2', c: '3' });
    const { items } = await core.listNamespacedConfigMap({ namespace, labelSelector: 'app=x' });
    expect(items.map(({ metadata }) => metadata?.name)).toEqual(['a']);
    await core.deleteNamespacedConfigMap({ name: 'a', namespace });
    await expect(core.readNamespacedConfigMap({ name: 'a', namespace })).rejects.toMatchObject({ code: 404 });
  });

  it('lists CustomResourceDefinitions', async () => {
    const { items } = await config.makeApiClient(ApiextensionsV1Api).listCustomResourceDefinition();
    expect(items.map(({ spec }) => spec.names.kind)).toContain('Widget');
  });

  it('takes over a Lease', async () => {
    const leases = config.makeApiClient(CoordinationV1Api);
    const namespace = await cluster.namespace();
    const lease = await leases.createNamespacedLease({
      namespace,
      body: { metadata: { name: 'leader' }, spec: { holderIdentity: 'a', renewTime: new V1MicroTime() } },
    });
    const body = { ...lease, spec: { ...lease.spec, holderIdentity: 'b', renewTime: new V1MicroTime() } };
    const taken = await leases.replaceNamespacedLease({ name: 'leader', namespace, body });
    expect(taken.spec?.holderIdentity).toBe('b');
    await expect(leases.replaceNamespacedLease({ name: 'leader', namespace, body })).rejects.toMatchObject({
      code: 409,
    });
  });

  it('creates, patches and lists custom objects', async () => {
    await objects.createNamespacedCustomObject({ ...collection, body: widget('custom', { size: 2 }) });
    await objects.patchNamespacedCustomObject(
      { ...collection, name: 'custom', body: { spec: { size: 3 } } },
      setHeaderOptions('Content-Type', PatchStrategy.MergePatch),
    );
    const { items } = (await objects.listNamespacedCustomObject(collection)) as { items: Widget[] };
    expect(items.find(({ metadata }) => metadata?.name === 'custom')?.spec.size).toBe(3);
    await objects.deleteNamespacedCustomObject({ ...collection, name: 'custom' });
  });

  it('applies an object on the server, and reports the manager that a conflict is with', async () => {
    const apply = (manager: string, size: number): Promise<Widget> =>
      anyKind.patch(
        { apiVersion, kind: 'Widget', metadata: { name: 'applied', namespace: 'default' }, spec: { size } },
        undefined,
        undefined,
        manager,
        false,
        PatchStrategy.ServerSideApply,
      );
    expect((await apply('one', 4)).spec.size).toBe(4);
    const conflict = await apply('two', 5).catch((error: unknown) => error);
    expect(conflict).toMatchObject({ code: 409, body: expect.stringContaining('conflict with \\"one\\"') });
  });

  it('watches custom objects', async () => {
    const events: [string, string][] = [];
    const { metadata } = (await objects.listNamespacedCustomObject(collection)) as KubernetesObject;
    const watch = await new Watch(config).watch(
      widgets('default'),
      { resourceVersion: metadata?.resourceVersion, allowWatchBookmarks: true },
      (type, object: Widget) => events.push([type, object.metadata?.name ?? '']),
      () => undefined,
    );
    await objects.createNamespacedCustomObject({ ...collection, body: widget('watched') });
    await objects.deleteNamespacedCustomObject({ ...collection, name: 'watched' });
    await eventually(() => events.length === 2);
    watch.abort();
    expect(events).toEqual([
      ['ADDED', 'watched'],
      ['DELETED', 'watched'],
    ]);
  });

  it('follows ConfigMaps with an informer', async () => {
    const namespace = await cluster.namespace();
    const informer = makeInformer<V1ConfigMap>(config, `/api/v1/namespaces/${namespace}/configmaps`, () =>
      core.listNamespacedConfigMap({ namespace }),
    );
    await informer.start();
    await core.createNamespacedConfigMap({ namespace, body: { metadata: { name: 'late' } } });
    await eventually(() => informer.get('late', namespace) !== undefined);
    await informer.stop();
  });
});
