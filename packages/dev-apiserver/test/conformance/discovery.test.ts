import { beforeAll, expect, it } from '@jest/globals';
import { ApiClient } from '../support/client.ts';
import { conformance, expectStatus } from '../support/conformance.ts';
import { realIsSkipped } from '../support/targets.ts';
import { apiVersion, gadgetCrd, widgetCrd, widgets } from '../support/widgets.ts';

if (realIsSkipped !== undefined) process.stderr.write(`${realIsSkipped}\n`);

conformance('discovery', (cluster) => {
  beforeAll(() => cluster.install(widgetCrd, gadgetCrd));

  it('tells its version', async () => {
    const version = await expectStatus(cluster.api.get('/version'), 200);
    expect(version).toMatchObject({ major: '1', gitVersion: expect.stringMatching(/^v1\.\d+/) });
  });

  it.each(['/healthz', '/livez', '/readyz'])('answers %s with ok', async (path) => {
    const { status, text } = await cluster.api.get(path);
    expect({ status, text }).toEqual({ status: 200, text: 'ok' });
  });

  it('names the versions of the core API', async () => {
    const { body } = await cluster.api.get('/api');
    expect(body).toMatchObject({ kind: 'APIVersions', versions: ['v1'] });
  });

  it('lists groups, that of a CRD among them', async () => {
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

  it('describes one group', async () => {
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

  it('publishes OpenAPI v3 for a CRD, with its descriptions', async () => {
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

  it('answers a path that it does not know with 404 and no Status', async () => {
    const { status, text } = await cluster.api.get('/apis/nowhere.example.com/v1/things');
    expect({ status, text }).toEqual({ status: 404, text: '404 page not found\n' });
  });

  it('answers a resource that a known version does not have with 404', async () => {
    const { status } = await cluster.api.get(`/apis/${apiVersion}/namespaces/default/nothings`);
    expect(status).toBe(404);
  });

  it('refuses a wrong token with 401', async () => {
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
