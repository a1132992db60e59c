import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { join } from 'node:path';
import { readCrds } from '../../../scripts/generate/crds.ts';
import { formatCidr, parseAddress, parseCidr } from '../../../src/api/index.ts';
import { ApiClient } from '../../../packages/dev-apiserver/test/support/client.ts';
import { type RunningServer, targets } from '../../../packages/dev-apiserver/test/support/targets.ts';

import { badExternal } from './bad-external.ts';
import { badNetworks } from './bad-networks.ts';
import { badPolicies } from './bad-policies.ts';
import { badRules } from './bad-rules.ts';
import { goodInput } from './good-input.ts';
import {
  type Answer,
  causesOf,
  collection,
  crds,
  installCrds,
  type Kind,
  object,
  tryCreate,
} from './support.ts';

describe.each(targets)('the CRDs on the $name API server', ({ start }) => {
  let server: RunningServer;
  let client: ApiClient;

  beforeAll(async () => {
    server = await start();
    client = new ApiClient(server);
    await installCrds(client);
  });
  afterAll(async () => {
    client.close();
    await server.stop();
  });

  it('have status Established, so the server accepts their schemas and the cost of their rules', async () => {
    for (const { metadata } of crds) {
      const path = `/apis/apiextensions.k8s.io/v1/customresourcedefinitions/${metadata.name}`;
      const { body }: Answer = await client.get(path);
      const conditions = Object.fromEntries(
        (body.status?.conditions ?? []).map(({ type, status }) => [type, status]),
      );
      expect(conditions).toEqual({ NamesAccepted: 'True', Established: 'True' });
    }
  });

  it('appear in discovery with short names and the category overlay', async () => {
    const { body }: Answer = await client.get('/apis/network.plasmavmc.io/v1alpha1');
    const served = body.resources
      .filter(({ name }) => !name.includes('/'))
      .map(({ name, kind, shortNames, categories, namespaced }) => ({
        name,
        kind,
        shortNames,
        categories,
        namespaced,
      }));
    const wanted = readCrds(join(import.meta.dirname, '../../../crds')).map(({ spec: { names, scope } }) => ({
      name: names.plural,
      kind: names.kind,
      shortNames: names.shortNames,
      categories: ['overlay'],
      namespaced: scope === 'Namespaced',
    }));
    const byKind = (a: { kind: string }, b: { kind: string }) => a.kind.localeCompare(b.kind);
    expect(served.sort(byKind)).toEqual(wanted.sort(byKind));
  });

  describe('reject', () => {
    it.each([...badNetworks, ...badRules, ...badPolicies, ...badExternal])(
      '%s (%s)',
      async (_, kind, spec, causes) => {
        const response = await tryCreate(client, kind, spec);
        expect(response).toMatchObject({ status: 422, body: { reason: 'Invalid' } });
        // The server adds this cause to any other cause.
        const found = causesOf(response).filter(
          (cause) => !cause.includes('some validation rules were not checked'),
        );
        expect(found).toHaveLength(causes.length);
        for (const cause of causes) expect(found).toContainEqual(expect.stringMatching(cause));
      },
    );

    it.each<[string, Kind, unknown, string]>([
      ['an unknown field', 'VPC', { cdir: '10.0.0.0/16' }, 'unknown field "spec.cdir"'],
      [
        'an unknown field of an item',
        'Port',
        { securityGroupRefs: [{ name: 'a', namespace: 'b' }] },
        'unknown field "spec.securityGroupRefs[0].namespace"',
      ],
    ])('%s (%s) with strict validation', async (_, kind, spec, message) => {
      const { status, body }: Answer = await tryCreate(client, kind, spec);
      expect(status).toBe(400);
      expect(body.message).toContain(message);
    });

    it.each(['a: [', 'a: b: c', '\t- x', 'kind: VPC\nkind: VPC\0'])('malformed YAML: %j', async (text) => {
      const { status, body }: Answer = await client.create(collection('VPC'), text, {
        headers: { 'content-type': 'application/yaml' },
      });
      expect({ status, reason: body.reason }).toEqual({ status: 400, reason: 'BadRequest' });
    });
  });

  it.each(goodInput)('accept %s (%s)', async (_, kind, spec) => {
    const { status, body }: Answer = await tryCreate(client, kind, spec);
    expect({ status, message: body.message }).toEqual({ status: 201, message: undefined });
  });

  it.each([
    '10.0.0.1/32',
    '10.0.0.1/31',
    '10.0.0.0/08',
    '10.0.0.0/+8',
    '10.0.0.0/8/8',
    ' 10.0.0.0/8',
    '0x0a.0.0.0/8',
    '010.0.0.0/8',
    '10.0.0/24',
    '::/0',
    '::1/128',
    '::1/127',
    '2001:DB8::/32',
    '2001:db8:0:0:0:0:0:0/64',
    '1:2:3:4:5:6:7::/112',
    '1:2:3:4::5:6:7:8/128',
    '::ffff:10.0.0.0/104',
    '64:ff9b::192.0.2.0/120',
    '64:ff9b::192.0.02.0/120',
    'fe80::%1/64',
    '00001::/16',
    '1::2::/32',
    ':1::/32',
    '::/129',
    'g::/16',
  ])('accept the network %j only if src/api accepts it', async (text) => {
    const { status } = await tryCreate(client, 'SecurityGroup', {
      ingress: [{ protocol: 'TCP', remote: { cidr: text } }],
    });
    const parsed = parseCidr(text);
    expect({ text, accepted: status === 201 }).toEqual({ text, accepted: parsed.ok });
    if (parsed.ok) expect(parseCidr(formatCidr(parsed.value))).toEqual(parsed);
  });

  it.each([
    '10.0.0.1',
    '10.0.0.01',
    '10.0.0',
    '10.0.0.1 ',
    '1.2.3.4.5',
    '256.1.1.1',
    '0x1.2.3.4',
    '::ffff:1.2.3.4',
  ])('accept the address %j only if src/api accepts it', async (text) => {
    const { status } = await tryCreate(client, 'Port', { ipAddress: text });
    expect({ text, accepted: status === 201 }).toEqual({
      text,
      accepted: parseAddress(text, { family: 4 }).ok,
    });
  });

  it('let field selectors select Ports by Subnet, VM and host', async () => {
    const create = (name: string, spec: unknown) =>
      client.create(collection('Port'), object('Port', name, spec));
    await create('plain', undefined);
    await create('a', { subnetRef: { name: 'web' }, attachment: { vmID: 'vm-1', host: 'hv1' } });
    await create('b', { subnetRef: { name: 'web' }, attachment: { vmID: 'vm-2', host: 'hv1' } });
    const select = async (fieldSelector: string): Promise<string[]> => {
      const { body }: Answer = await client.get(collection('Port'), { query: { fieldSelector } });
      return body.items.map(({ metadata }) => metadata.name).sort();
    };
    expect(await select('spec.subnetRef.name=web')).toEqual(['a', 'b']);
    expect(await select('spec.subnetRef.name=default')).toEqual(['plain']);
    expect(await select('spec.attachment.vmID=vm-2')).toEqual(['b']);
    expect(await select('spec.attachment.host=hv1,spec.attachment.vmID!=vm-2')).toEqual(['a']);
  });

  it('show READY, REASON and AGE after the key fields, and more columns with -o wide', async () => {
    const { body }: Answer = await client.get(collection('Port'), {
      headers: { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' },
    });
    const columns = body.columnDefinitions.map(
      ({ name, priority }) => `${name}${priority > 0 ? ' (wide)' : ''}`,
    );
    expect(columns).toEqual([
      'Name',
      'IP',
      'MAC',
      'Subnet',
      'VM',
      'Ready',
      'Reason',
      'Age',
      'Host (wide)',
      'Bound (wide)',
      'Interface-ID (wide)',
    ]);
  });
});
