import { beforeAll, describe, expect, it } from '@jest/globals';
import { causesOf, conformance, expectStatus } from '../support/conformance.ts';
import { eventually } from '../support/eventually.ts';
import { widget, widgetCrd, widgets } from '../support/widgets.ts';

conformance('deletion', (cluster) => {
  beforeAll(() => cluster.install(widgetCrd));

  const create = async (metadata: Record<string, unknown> = {}) =>
    expectStatus(cluster.api.create(widgets('default'), widget(cluster.uniqueName('w'), {}, metadata)), 201);
  const isGone = async (path: string) => (await cluster.api.get(path)).status === 404;

  it('returns a Status with the deleted object', async () => {
    const { metadata } = await create();
    const path = widgets('default', metadata.name);
    expect(await expectStatus(cluster.api.delete(path), 200)).toEqual({
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Success',
      details: { name: metadata.name, group: 'conformance.example.com', kind: 'widgets', uid: metadata.uid },
    });
    expect(await isGone(path)).toBe(true);
  });

  it('returns 404 for an unknown object', async () => {
    expect((await expectStatus(cluster.api.delete(widgets('default', 'absent')), 404)).reason).toBe(
      'NotFound',
    );
  });

  it('deletes nothing in a dry run', async () => {
    const { metadata } = await create();
    const path = widgets('default', metadata.name);
    await expectStatus(cluster.api.delete(path, { query: { dryRun: 'All' } }), 200);
    await expectStatus(cluster.api.get(path), 200);
  });

  it.each([
    ['JSON', 'application/json', '{"propagationPolicy":"Foreground"}'],
    ['YAML', 'application/yaml', 'propagationPolicy: Foreground'],
    // runtime.Unknown{TypeMeta{"v1", "DeleteOptions"}, DeleteOptions{PropagationPolicy: "Foreground"}}
    [
      'protobuf',
      'application/vnd.kubernetes.protobuf',
      'k8s\0\n\x13\n\x02v1\x12\rDeleteOptions\x12\x0c"\nForeground',
    ],
  ])('reads DeleteOptions as %s', async (_format, type, body) => {
    const maps = '/api/v1/namespaces/default/configmaps';
    const { metadata } = await expectStatus(
      cluster.api.create(maps, { metadata: { name: cluster.uniqueName('map') } }),
      201,
    );
    const headers = { 'content-type': type };
    const deleted = await cluster.api.delete(`${maps}/${metadata.name}`, { body, headers });
    expect([deleted.status, deleted.body.metadata.finalizers]).toEqual([200, ['foregroundDeletion']]);
  });

  it('rejects an object of another kind as DeleteOptions', async () => {
    const { metadata } = await create();
    const body = { apiVersion: 'v1', kind: 'Pod' };
    const path = widgets('default', metadata.name);
    expect((await expectStatus(cluster.api.delete(path, { body }), 400)).message).toMatch(
      /^no kind "Pod" is registered for version "v1"/,
    );
  });

  describe('with preconditions', () => {
    it('deletes the object when the preconditions hold', async () => {
      const { metadata } = await create();
      const { uid, resourceVersion } = metadata;
      const body = { preconditions: { uid, resourceVersion } };
      await expectStatus(cluster.api.delete(widgets('default', metadata.name), { body }), 200);
    });

    it('returns 409 when a precondition fails', async () => {
      const { metadata } = await create();
      const path = widgets('default', metadata.name);
      const other = { body: { preconditions: { uid: 'other' } } };
      expect(await expectStatus(cluster.api.delete(path, other), 409)).toMatchObject({
        reason: 'Conflict',
        message: `Operation cannot be fulfilled on Widget.conformance.example.com "${metadata.name}": the UID in the precondition (other) does not match the UID in record (${metadata.uid}). The object might have been deleted and then recreated`,
      });
      const stale = { body: { preconditions: { resourceVersion: '1' } } };
      expect((await expectStatus(cluster.api.delete(path, stale), 409)).message).toBe(
        `Operation cannot be fulfilled on Widget.conformance.example.com "${metadata.name}": the ResourceVersion in the precondition (1) does not match the ResourceVersion in record (${metadata.resourceVersion}). The object might have been modified`,
      );
    });
  });

  describe('of an object with finalizers', () => {
    it('marks the object, and removes it when the last finalizer is removed', async () => {
      const created = await create({ finalizers: ['example.com/a', 'example.com/b'] });
      const path = widgets('default', created.metadata.name);
      const marked = await expectStatus(cluster.api.delete(path), 200);
      expect(marked).toMatchObject({
        kind: 'Widget',
        metadata: {
          deletionTimestamp: expect.stringMatching(/^\d{4}-.*Z$/),
          deletionGracePeriodSeconds: 0,
          generation: 2,
          finalizers: ['example.com/a', 'example.com/b'],
        },
      });
      const one = { metadata: { finalizers: ['example.com/b'] } };
      await expectStatus(cluster.api.patch(path, 'merge', one), 200);
      expect((await expectStatus(cluster.api.get(path), 200)).metadata.finalizers).toEqual(['example.com/b']);
      await expectStatus(cluster.api.patch(path, 'merge', { metadata: { finalizers: null } }), 200);
      expect(await isGone(path)).toBe(true);
    });

    it('sets the deletion timestamp only once', async () => {
      const { metadata } = await create({ finalizers: ['example.com/a'] });
      const path = widgets('default', metadata.name);
      const first = await expectStatus(cluster.api.delete(path), 200);
      const second = await expectStatus(cluster.api.delete(path), 200);
      expect(second.metadata.deletionTimestamp).toBe(first.metadata.deletionTimestamp);
      expect(second.metadata.resourceVersion).toBe(first.metadata.resourceVersion);
    });

    it('rejects additional finalizers', async () => {
      const { metadata } = await create({ finalizers: ['example.com/a'] });
      const path = widgets('default', metadata.name);
      await expectStatus(cluster.api.delete(path), 200);
      const more = { metadata: { finalizers: ['example.com/a', 'example.com/more'] } };
      const body = await expectStatus(cluster.api.patch(path, 'merge', more), 422);
      expect(causesOf(body)).toEqual([
        'metadata.finalizers | FieldValueForbidden | Forbidden: no new finalizers can be added if the object is being deleted, found new finalizers []string{"example.com/more"}',
      ]);
    });

    it('still accepts changes of the object', async () => {
      const { metadata } = await create({ finalizers: ['example.com/a'] });
      const path = widgets('default', metadata.name);
      await expectStatus(cluster.api.delete(path), 200);
      const changed = await expectStatus(cluster.api.patch(path, 'merge', { spec: { size: 9 } }), 200);
      expect(changed.spec['size']).toBe(9);
      await expectStatus(cluster.api.patch(`${path}/status`, 'merge', { status: { phase: 'x' } }), 200);
    });

    it('waits for dependents when the propagation is Foreground', async () => {
      const { metadata } = await create({ finalizers: ['example.com/a'] });
      const body = { propagationPolicy: 'Foreground' };
      const marked = await expectStatus(cluster.api.delete(widgets('default', metadata.name), { body }), 200);
      expect(marked.metadata.finalizers).toContain('foregroundDeletion');
    });
  });

  describe('of a collection', () => {
    it('deletes the selected objects', async () => {
      const namespace = await cluster.namespace();
      for (const name of ['a', 'b', 'c']) {
        const labels = { pick: String(name !== 'b') };
        await expectStatus(cluster.api.create(widgets(namespace), widget(name, {}, { labels })), 201);
      }
      const answer = await expectStatus(
        cluster.api.delete(widgets(namespace), { query: { labelSelector: 'pick=true' } }),
        200,
      );
      expect(answer.kind).toBe('WidgetList');
      const left = await expectStatus(cluster.api.get(widgets(namespace)), 200);
      expect(left.items.map(({ metadata }) => metadata.name)).toEqual(['b']);
    });
  });

  describe('of a namespace', () => {
    it('deletes the objects in the namespace, and waits for their finalizers', async () => {
      const namespace = await cluster.namespace();
      const held = widget('held', {}, { finalizers: ['example.com/a'] });
      await expectStatus(cluster.api.create(widgets(namespace), held), 201);
      await expectStatus(cluster.api.create(widgets(namespace), widget('free')), 201);
      await expectStatus(
        cluster.api.create(`/api/v1/namespaces/${namespace}/configmaps`, { metadata: { name: 'c' } }),
        201,
      );
      const answer = await expectStatus(cluster.api.delete(`/api/v1/namespaces/${namespace}`), 200);
      expect(answer).toMatchObject({ kind: 'Namespace', status: { phase: 'Terminating' } });

      await eventually(() => isGone(widgets(namespace, 'free')));
      await eventually(async () => {
        const { body } = await cluster.api.get(widgets(namespace, 'held'));
        return body.metadata.deletionTimestamp !== undefined;
      });
      expect(await isGone(`/api/v1/namespaces/${namespace}`)).toBe(false);

      const release = { metadata: { finalizers: null } };
      await expectStatus(cluster.api.patch(widgets(namespace, 'held'), 'merge', release), 200);
      await eventually(() => isGone(`/api/v1/namespaces/${namespace}`));
    });

    it('rejects new objects in the namespace', async () => {
      const namespace = await cluster.namespace();
      const held = widget('held', {}, { finalizers: ['example.com/a'] });
      await expectStatus(cluster.api.create(widgets(namespace), held), 201);
      await expectStatus(cluster.api.delete(`/api/v1/namespaces/${namespace}`), 200);
      const body = await expectStatus(cluster.api.create(widgets(namespace), widget('late')), 403);
      expect(body).toMatchObject({
        reason: 'Forbidden',
        message: `widgets.conformance.example.com "late" is forbidden: unable to create new content in namespace ${namespace} because it is being terminated`,
        details: {
          causes: [
            {
              reason: 'NamespaceTerminating',
              message: `namespace ${namespace} is being terminated`,
              field: 'metadata.namespace',
            },
          ],
        },
      });
      await expectStatus(
        cluster.api.patch(widgets(namespace, 'held'), 'merge', { metadata: { finalizers: null } }),
        200,
      );
    });

    it('returns 403 for system namespaces', async () => {
      const body = await expectStatus(cluster.api.delete('/api/v1/namespaces/default'), 403);
      expect(body.message).toBe('namespaces "default" is forbidden: this namespace may not be deleted');
    });
  });
});

conformance('deletion of a CustomResourceDefinition', (cluster) => {
  it('deletes the custom objects and stops serving their paths', async () => {
    await cluster.install(widgetCrd);
    await expectStatus(cluster.api.create(widgets('default'), widget('x')), 201);
    const crd = `/apis/apiextensions.k8s.io/v1/customresourcedefinitions/${widgetCrd.metadata.name}`;
    await expectStatus(cluster.api.delete(crd), 200);
    await eventually(async () => (await cluster.api.get(crd)).status === 404);
    await eventually(async () => (await cluster.api.get(widgets('default'))).status === 404);
    await cluster.install(widgetCrd);
    expect((await expectStatus(cluster.api.get(widgets('default')), 200)).items).toEqual([]);
  });
});
