import { describe, expect, it } from '@jest/globals';
import { Tokens } from '../../../src/metadata/index.ts';
import { ask, bare, read, web1 } from './support.ts';

const TOKEN = 'x-aws-ec2-metadata-token';
const TTL = 'x-aws-ec2-metadata-token-ttl-seconds';
const instanceId = '/latest/meta-data/instance-id';

describe('the metadata service', () => {
  it.each([
    '//latest//meta-data/instance-id',
    `${instanceId}/`,
    `${instanceId}?x=/user-data`,
    instanceId.slice(1),
  ])('ignores additional slashes and the query of a path: %s', (path) => {
    expect(read(path)).toBe('vm-0815');
  });

  it('sets the length in bytes, and forbids caches to store a document', () => {
    expect(ask(instanceId)).toEqual({
      status: 200,
      headers: {
        'content-type': 'text/plain; charset=utf-8',
        'content-length': '7',
        'cache-control': 'no-store',
      },
      body: 'vm-0815',
    });
    const { headers } = ask(instanceId, { instance: { ...web1, instanceId: 'größe' } });
    expect(headers['content-length']).toBe('7');
  });

  it('answers HEAD with the same answer as GET', () => {
    expect(ask(instanceId, { method: 'HEAD' })).toEqual(ask(instanceId));
  });

  it.each(['POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'TRACE'])('rejects the method %s', (method) => {
    const { status, headers } = ask(instanceId, { method });
    expect([status, headers['allow']]).toEqual([405, 'GET, HEAD']);
  });

  it('ignores headers that name another sender', () => {
    const headers = {
      host: 'evil.example',
      'x-forwarded-for': '10.10.1.99',
      forwarded: 'for=10.10.1.99',
      'x-instance-id': 'other',
      'x-tenant-id': 'other',
    };
    expect(ask('/openstack/latest/meta_data.json', { headers })).toEqual(
      ask('/openstack/latest/meta_data.json'),
    );
  });
});

describe('PUT /latest/api/token', () => {
  const put = (headers: Readonly<Record<string, string>>, tokens = new Tokens(), instance = web1) =>
    ask('/latest/api/token', { method: 'PUT', headers, tokens, instance });

  it.each(['1', '60', '21600'])('issues a token with a lifetime of %s seconds', (seconds) => {
    const tokens = new Tokens();
    const { status, headers, body } = put({ [TTL]: seconds }, tokens);
    expect([status, headers[TTL]]).toEqual([200, seconds]);
    expect(tokens.isValid(web1.portUid, String(body))).toBe(true);
  });

  it.each(['0', '21601', '-1', '1.5', '60s', '', '0x10', '99999999'])(
    'rejects a lifetime of %j seconds',
    (seconds) => {
      expect(put({ [TTL]: seconds }).status).toBe(400);
    },
  );

  it('rejects a request without a lifetime', () => {
    expect(put({}).status).toBe(400);
  });

  it('issues no token to a proxy', () => {
    expect(put({ [TTL]: '60', 'x-forwarded-for': '10.0.0.1' }).status).toBe(403);
  });

  it.each(['GET', 'HEAD', 'POST'])('rejects the method %s', (method) => {
    const { status, headers } = ask('/latest/api/token', { method });
    expect([status, headers['allow']]).toEqual([405, 'PUT']);
  });

  it('is optional: a GET without a token is answered', () => {
    expect(ask(instanceId).status).toBe(200);
  });

  it('issues a token that is valid for every document', () => {
    const tokens = new Tokens();
    const headers = { [TOKEN]: String(put({ [TTL]: '60' }, tokens).body) };
    for (const path of [instanceId, '/latest/user-data', '/openstack/latest/meta_data.json'])
      expect([path, ask(path, { headers, tokens }).status]).toEqual([path, 200]);
  });

  it.each(['forged', ''])('issues the only valid tokens: a GET with the token %j is rejected', (token) => {
    const { status, body } = ask('/latest/user-data', { headers: { [TOKEN]: token } });
    expect([status, String(body)]).toEqual([401, expect.not.stringContaining('cloud-config')]);
  });

  it('issues one token for each request: a GET with two tokens is rejected', () => {
    const tokens = new Tokens();
    const token = String(put({ [TTL]: '60' }, tokens).body);
    expect(ask(instanceId, { headers: { [TOKEN]: [token, token] }, tokens }).status).toBe(401);
  });

  it('issues a token that is invalid for another machine', () => {
    const tokens = new Tokens();
    const other = { ...bare, portUid: 'd0a6f0f0-0000-4000-8000-000000000001' };
    const headers = { [TOKEN]: String(put({ [TTL]: '60' }, tokens, other).body) };
    expect(ask(instanceId, { headers, tokens }).status).toBe(401);
    expect(ask(instanceId, { headers, tokens, instance: other }).status).toBe(200);
  });

  it('issues a token that expires, also for documents that do not exist', () => {
    let clock = 0;
    const tokens = new Tokens(() => clock);
    const headers = { [TOKEN]: String(put({ [TTL]: '60' }, tokens).body) };
    clock = 60_000;
    expect(ask(instanceId, { headers, tokens }).status).toBe(401);
    expect(ask('/latest/nothing', { headers, tokens }).status).toBe(401);
  });
});
