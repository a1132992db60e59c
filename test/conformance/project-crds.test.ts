import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, it } from '@jest/globals';
import { parseAllDocuments } from 'yaml';
import type { ApiObject, Manifest } from '../../packages/dev-apiserver/test/support/api-object.ts';
import {
  causesOf,
  conformance,
  expectStatus,
  type CrdManifest,
} from '../../packages/dev-apiserver/test/support/conformance.ts';
import { eventually } from '../support/eventually.ts';

const root = join(import.meta.dirname, '..', '..');
const documents = (folder: string): Manifest[] =>
  readdirSync(join(root, folder))
    .filter((file) => file.endsWith('.yaml'))
    .flatMap((file) => parseAllDocuments(readFileSync(join(root, folder, file), 'utf8')))
    .map((document) => document.toJS() as Manifest);

const group = '/apis/network.plasmavmc.io/v1alpha1';

conformance('the CRDs of the project', (cluster) => {
  beforeAll(() => cluster.install(...(documents('crds') as CrdManifest[])));

  it('have status Established, with accepted names and schemas', async () => {
    const crds = await expectStatus(
      cluster.api.get('/apis/apiextensions.k8s.io/v1/customresourcedefinitions'),
      200,
    );
    expect(crds.items.length).toBeGreaterThan(0);
    for (const { status } of crds.items) {
      const conditions = status['conditions'] as { type: string; status: string }[];
      const byType = Object.fromEntries(conditions.map(({ type, status: value }) => [type, value]));
      expect(byType).toEqual({ Established: 'True', NamesAccepted: 'True' });
    }
  });

  it('accept every example and change nothing except defaults', async () => {
    const resources = new Map<string, { name: string; namespaced: boolean }>();
    const { body } = await cluster.api.get(group);
    for (const { kind, name, namespaced } of body.resources)
      if (!name.includes('/')) resources.set(kind, { name, namespaced });
    const examples = documents('examples') as unknown as ApiObject[];
    const namespaces = new Set(examples.map(({ metadata }) => metadata.namespace ?? 'default'));
    for (const name of namespaces) await cluster.api.create('/api/v1/namespaces', { metadata: { name } });
    const query = { fieldValidation: 'Strict' };
    let accepted = 0;
    for (const example of examples) {
      const resource = resources.get(example.kind);
      if (resource === undefined) continue;
      const scope = resource.namespaced ? `/namespaces/${example.metadata.namespace ?? 'default'}` : '';
      const path = `${group}${scope}/${resource.name}`;
      const created = await expectStatus(cluster.api.create(path, example, { query }), 201);
      expect(created.spec).toMatchObject(example.spec);
      accepted++;
    }
    expect(accepted).toBeGreaterThan(5);
  });

  it('let field selectors select Ports by Subnet and virtual machine', async () => {
    const namespace = await cluster.namespace();
    const ports = `${group}/namespaces/${namespace}/ports`;
    const port = (name: string, spec: Manifest) =>
      expectStatus(
        cluster.api.create(ports, {
          apiVersion: 'network.plasmavmc.io/v1alpha1',
          kind: 'Port',
          metadata: { name },
          spec,
        }),
        201,
      );
    await port('a', { subnetRef: { name: 'one' }, attachment: { vmID: 'vm-1' } });
    await port('b', { subnetRef: { name: 'two' } });
    const select = async (fieldSelector: string) => {
      const { body } = await cluster.api.get(ports, { query: { fieldSelector } });
      return body.items.map(({ metadata }) => metadata.name);
    };
    expect(await select('spec.subnetRef.name=two')).toEqual(['b']);
    expect(await select('spec.attachment.vmID=vm-1')).toEqual(['a']);
  });

  it('reject a change of the address of a Port', async () => {
    const namespace = await cluster.namespace();
    const ports = `${group}/namespaces/${namespace}/ports`;
    const port = { apiVersion: 'network.plasmavmc.io/v1alpha1', kind: 'Port', metadata: { name: 'a' } };
    await expectStatus(cluster.api.create(ports, { ...port, spec: { ipAddress: '10.0.0.5' } }), 201);
    for (const ipAddress of ['10.0.0.6', null]) {
      const body = await expectStatus(cluster.api.patch(`${ports}/a`, 'merge', { spec: { ipAddress } }), 422);
      expect(causesOf(body)).toEqual([expect.stringMatching(/^spec\.ipAddress \| FieldValueInvalid \| /)]);
    }
  });

  it('show READY, REASON and AGE in the last columns of a table', async () => {
    const headers = { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' };
    await eventually(
      async () => (await cluster.api.get(`${group}/ports`, { headers })).body.kind === 'Table',
    );
    const { body } = await cluster.api.get(`${group}/ports`, { headers });
    const names = body.columnDefinitions
      .filter(({ priority }) => priority === 0)
      .map(({ name }) => name.toUpperCase());
    expect(names[0]).toBe('NAME');
    expect(names.slice(-3)).toEqual(['READY', 'REASON', 'AGE']);
  });
});
