import { beforeAll, describe, expect, it } from '@jest/globals';
import { ApiClient } from '../support/client.ts';
import { conformance, expectStatus } from '../support/conformance.ts';
import { realIsSkipped } from '../support/targets.ts';
import { apiVersion, gadgetCrd, widget, widgetCrd, widgets } from '../support/widgets.ts';

if (realIsSkipped !== undefined) process.stderr.write(`${realIsSkipped}\n`);

conformance('discovery', (cluster) => {
  beforeAll(() => cluster.install(widgetCrd, gadgetCrd));

  it('reports its version', async () => {
    const version = await expectStatus(cluster.api.get('/version'), 200);
    expect(version).toMatchObject({ major: '1', gitVersion: expect.stringMatching(/^v1\.\d+/) });
  });

  it.each(['/healthz', '/livez', '/readyz'])('answers %s with ok', async (path) => {
    const { status, text } = await cluster.api.get(path);
    expect({ status, text }).toEqual({ status: 200, text: 'ok' });
  });

  it('lists the versions of the core API', async () => {
    const { body } = await cluster.api.get('/api');
    expect(body).toMatchObject({ kind: 'APIVersions', versions: ['v1'] });
  });

  it('lists API groups, including the group of a CRD', async () => {
    const { body } = await cluster.api.get('/apis');
    expect(body.kind).toBe('APIGroupList');
    const groups = new Map(body.groups.map((group) => [group.name, group.preferredVersion.groupVersion]));
    expect(Object.fromEntries(groups)).toMatchObject({
      'apiextensions.k8s.io': 'apiextensions.k8s.io/v1',
      'coordination.k8s.io': 'coordination.k8s.io/v1',
      'events.k8s.io': 'events.k8s.io/v1',
      'conformance.example.com': apiVersion,
    });
  });

  it('describes one API group', async () => {
    const { body } = await cluster.api.get('/apis/conformance.example.com');
    expect(body).toMatchObject({
      kind: 'APIGroup',
      name: 'conformance.example.com',
      versions: [{ groupVersion: apiVersion, version: 'v1' }],
    });
  });

  it('lists the resources of a CRD with names, verbs and subresources', async () => {
    const { body } = await cluster.api.get(`/apis/${apiVersion}`);
    expect(body).toMatchObject({ kind: 'APIResourceList', groupVersion: apiVersion });
    const byName = new Map(body.resources.map((resource) => [resource.name, resource]));
    expect([...byName.keys()].sort()).toEqual(['gadgets', 'widgets', 'widgets/status']);
    expect(byName.get('widgets')).toMatchObject({
      kind: 'Widget',
      singularName: 'widget',
      namespaced: true,
      shortNames: ['wd'],
      categories: ['toys'],
    });
    expect([...byName.get('widgets')!.verbs].sort()).toEqual(
      ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'].sort(),
    );
    expect([...byName.get('widgets/status')!.verbs].sort()).toEqual(['get', 'patch', 'update']);
    expect(byName.get('gadgets')).toMatchObject({ kind: 'Gadget', namespaced: false });
  });

  it('lists the built-in resources', async () => {
    const { body } = await cluster.api.get('/api/v1');
    const names = body.resources.map(({ name }) => name);
    expect(names).toEqual(expect.arrayContaining(['configmaps', 'events', 'namespaces', 'secrets']));
  });

  it('publishes the OpenAPI v3 schema of a CRD with its descriptions', async () => {
    const index = await expectStatus(cluster.api.get('/openapi/v3'), 200);
    const paths = index['paths'] as Record<string, { serverRelativeURL: string }>;
    const { text, status } = await cluster.api.get(paths[`apis/${apiVersion}`]!.serverRelativeURL);
    expect(status).toBe(200);
    const { components } = JSON.parse(text) as { components: { schemas: Record<string, unknown> } };
    expect(components.schemas['com.example.conformance.v1.Widget']).toMatchObject({
      type: 'object',
      description: 'Widget is a thing with a colour.',
      'x-kubernetes-group-version-kind': [
        { group: 'conformance.example.com', version: 'v1', kind: 'Widget' },
      ],
    });
  });

  it('answers an unknown API group with 404 in plain text', async () => {
    const { status, text } = await cluster.api.get('/apis/nowhere.example.com/v1/things');
    expect({ status, text }).toEqual({ status: 404, text: '404 page not found\n' });
  });

  it.each(['/api/v2', '/version/x', '/apis/coordination.k8s.io/v9'])(
    'answers the unknown path %s with a Status of 404',
    async (path) => {
      const body = await expectStatus(cluster.api.get(path), 404);
      expect(body).toMatchObject({
        reason: 'NotFound',
        message: 'the server could not find the requested resource',
      });
    },
  );

  it('answers an unknown resource of a known version with 404', async () => {
    const { status } = await cluster.api.get(`/apis/${apiVersion}/namespaces/default/nothings`);
    expect(status).toBe(404);
  });

  it.each(['/version', '/api', '/apis', '/api/v1', '/apis/coordination.k8s.io/v1'])(
    'answers POST to %s with 405',
    async (path) => {
      const body = await expectStatus(cluster.api.create(path, {}), 405);
      expect(body.reason).toBe('MethodNotAllowed');
    },
  );

  describe('with a trailing slash', () => {
    // Kubernetes releases use go-restful 3.11 or later, which ignores the slash. A kube-apiserver that is
    // built from Debian's libraries uses go-restful 3.10, which does not ignore it.
    it.each([
      '/version',
      '/api',
      '/apis',
      '/api/v1',
      '/apis/coordination.k8s.io',
      '/apis/coordination.k8s.io/v1',
      '/api/v1/namespaces',
      '/api/v1/namespaces/default',
      '/api/v1/namespaces/default/configmaps',
    ])('answers %s in the same way, or the server has go-restful 3.10', async (path) => {
      const expected = await expectStatus(cluster.api.get(path), 200);
      const { status, body } = await cluster.api.get(`${path}/`);
      if (cluster.name === 'real' && (await cluster.api.get('/version/')).status === 404)
        expect([400, 404]).toContain(status);
      else expect([status, body.kind, body['items']]).toEqual([200, expected.kind, expected['items']]);
    });

    it.each([
      '/apis/conformance.example.com',
      `/apis/${apiVersion}`,
      widgets(),
      widgets('default'),
      widgets('default', 'slashed'),
      `${widgets('default', 'slashed')}/status`,
    ])('answers the path %s of a custom resource in the same way', async (path) => {
      await cluster.api.create(widgets('default'), widget('slashed'));
      const plain = await expectStatus(cluster.api.get(path), 200);
      expect(await expectStatus(cluster.api.get(`${path}/`), 200)).toEqual(plain);
    });

    it.each(['/healthz/', '/livez/', '/readyz/', '/readyz/ping/', '/openapi/v2/'])(
      'answers %s with 404',
      async (path) => {
        const { status, text } = await cluster.api.get(path);
        expect({ status, text }).toEqual({ status: 404, text: '404 page not found\n' });
      },
    );
  });

  it('answers a health check by name, and an unknown check with 404', async () => {
    expect((await cluster.api.get('/readyz/ping')).text).toBe('ok');
    expect((await cluster.api.get('/readyz/unknown')).status).toBe(404);
  });

  it('reads an empty namespace in a path as all namespaces', async () => {
    const list = await expectStatus(cluster.api.get('/api/v1/namespaces//configmaps'), 200);
    expect(list.kind).toBe('ConfigMapList');
    expect((await expectStatus(cluster.api.get(widgets('')), 200)).kind).toBe('WidgetList');
  });

  it.each(['/api//v1', '/api/v1//namespaces', '/apis//coordination.k8s.io'])(
    'answers the path %s with 404, because it contains an empty segment',
    async (path) => {
      expect((await cluster.api.get(path)).status).toBe(404);
    },
  );

  it('rejects an invalid token with 401', async () => {
    const stranger = new ApiClient({ ...cluster.server, token: 'wrong' });
    try {
      const body = await expectStatus(stranger.get(widgets()), 401);
      expect(body).toEqual({
        kind: 'Status',
        apiVersion: 'v1',
        metadata: {},
        status: 'Failure',
        message: 'Unauthorized',
        reason: 'Unauthorized',
        code: 401,
      });
    } finally {
      stranger.close();
    }
  });
});
