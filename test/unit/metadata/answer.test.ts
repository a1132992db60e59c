import { describe, expect, it } from '@jest/globals';
import { Tokens } from '../../../src/metadata/index.ts';
import { ask, bare, read, web1 } from './support.ts';

const TOKEN = 'x-aws-ec2-metadata-token';
const TTL = 'x-aws-ec2-metadata-token-ttl-seconds';
const instanceID = '/latest/meta-data/instance-id';

describe('the metadata service', () => {
  it.each([
    '//latest//meta-data/instance-id',
    `${instanceID}/`,
    `${instanceID}?x=/user-data`,
    instanceID.slice(1),
  ])('does not mind how a client writes its slashes and queries: %s', (path) => {
    expect(read(path)).toBe('vm-0815');
  });

  it('says how long a document is in bytes, and that it is not to be kept for others', () => {
    expect(ask(instanceID)).toEqual({
      status: 200,
      headers: {
        'content-type': 'text/plain; charset=utf-8',
        'content-length': '7',
        'cache-control': 'no-store',
      },
      body: 'vm-0815',
    });
    const { headers } = ask(instanceID, { instance: { ...web1, instanceID: 'größe' } });
    expect(headers['content-length']).toBe('7');
  });

  it('answers HEAD as GET', () => {
    expect(ask(instanceID, { method: 'HEAD' })).toEqual(ask(instanceID));
  });

  it.each(['POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'TRACE'])('takes no %s', (method) => {
    const { status, headers } = ask(instanceID, { method });
    expect([status, headers['allow']]).toEqual([405, 'GET, HEAD']);
  });

  it('takes no header for who asks', () => {
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

  it.each(['1', '60', '21600'])('hands out a token that is good for %s seconds', (seconds) => {
    const tokens = new Tokens();
    const { status, headers, body } = put({ [TTL]: seconds }, tokens);
    expect([status, headers[TTL]]).toEqual([200, seconds]);
    expect(tokens.isGood(web1.portUID, String(body))).toBe(true);
  });

  it.each(['0', '21601', '-1', '1.5', '60s', '', '0x10', '99999999'])(
    'refuses a life of %j seconds',
    (seconds) => {
      expect(put({ [TTL]: seconds }).status).toBe(400);
    },
  );

  it('refuses to choose a life', () => {
    expect(put({}).status).toBe(400);
  });

  it('hands nothing to a proxy', () => {
    expect(put({ [TTL]: '60', 'x-forwarded-for': '10.0.0.1' }).status).toBe(403);
  });

  it.each(['GET', 'HEAD', 'POST'])('is not to be had with %s', (method) => {
    const { status, headers } = ask('/latest/api/token', { method });
    expect([status, headers['allow']]).toEqual([405, 'PUT']);
  });

  it('is not needed: a GET without a token is answered', () => {
    expect(ask(instanceID).status).toBe(200);
  });

  it('makes a token with which every document is answered', () => {
    const tokens = new Tokens();
    const headers = { [TOKEN]: String(put({ [TTL]: '60' }, tokens).body) };
    for (const path of [instanceID, '/latest/user-data', '/openstack/latest/meta_data.json'])
      expect([path, ask(path, { headers, tokens }).status]).toEqual([path, 200]);
  });

  it.each(['forged', ''])('refuses a GET with a token that is wrong: %j', (token) => {
    const { status, body } = ask('/latest/user-data', { headers: { [TOKEN]: token } });
    expect([status, String(body)]).toEqual([401, expect.not.stringContaining('cloud-config')]);
  });

  it('refuses a GET with two tokens', () => {
    const tokens = new Tokens();
    const token = String(put({ [TTL]: '60' }, tokens).body);
    expect(ask(instanceID, { headers: { [TOKEN]: [token, token] }, tokens }).status).toBe(401);
  });

  it("refuses another machine's token", () => {
    const tokens = new Tokens();
    const other = { ...bare, portUID: 'd0a6f0f0-0000-4000-8000-000000000001' };
    const headers = { [TOKEN]: String(put({ [TTL]: '60' }, tokens, other).body) };
    expect(ask(instanceID, { headers, tokens }).status).toBe(401);
    expect(ask(instanceID, { headers, tokens, instance: other }).status).toBe(200);
  });

  it('refuses a token that has ended, even for what is not there', () => {
    let clock = 0;
    const tokens = new Tokens(() => clock);
    const headers = { [TOKEN]: String(put({ [TTL]: '60' }, tokens).body) };
    clock = 60_000;
    expect(ask(instanceID, { headers, tokens }).status).toBe(401);
    expect(ask('/latest/nothing', { headers, tokens }).status).toBe(401);
  });
});
