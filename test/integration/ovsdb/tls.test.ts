import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { copyFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { TlsFiles } from '../../../src/ovn/ovsdb/index.ts';
import { makeAuthority, makeCertificate } from '../../support/ovsdb/certificates.ts';
import { freePort, Live, newSwitch, stateOf, until } from '../../support/ovsdb/live.ts';

let live: Live;
let port: number;
let stopServer: () => Promise<void>;
let startServer: () => Promise<void>;

const file = (name: string): string => join(live.dir, name);

const tls = (more: Partial<TlsFiles> = {}): TlsFiles => ({
  ca: file('ca.crt'),
  cert: file('client.crt'),
  key: file('client.key'),
  ...more,
});

beforeAll(async () => {
  live = new Live();
  await makeAuthority(live.dir, 'ca');
  await makeAuthority(live.dir, 'stranger');
  await makeCertificate(live.dir, 'ca', 'server', 'DNS:nb.example');
  await makeCertificate(live.dir, 'ca', 'client', '');
  await makeCertificate(live.dir, 'stranger', 'foreign', '');
  port = await freePort();
  const server = await live.database({
    listen: [`pssl:${port}:127.0.0.1`],
    args: [
      `--private-key=${file('server.key')}`,
      `--certificate=${file('server.crt')}`,
      `--ca-cert=${file('ca.crt')}`,
    ],
  });
  stopServer = () => server.stop();
  startServer = () => server.start();
}, 60_000);
afterEach(() => live.stopClients());
afterAll(() => live.cleanUp());

const remote = (): string => `ssl:127.0.0.1:${port}`;

describe('TLS', () => {
  it('connects when both certificates are valid', async () => {
    const client = await live.started(remote(), { tls: tls() });
    await client.transact(newSwitch(client, 'in private').operations);
  });

  it.each<[string, RegExp, () => TlsFiles]>([
    [
      'the certificate of the server is from another CA',
      /certificate/,
      () => tls({ ca: file('stranger.crt') }),
    ],
    [
      'the certificate of the server is for another name',
      /does not match/,
      () => tls({ serverName: 'sb.example' }),
    ],
    [
      'the certificate of the client is from another CA',
      /closed|alert/,
      () => tls({ cert: file('foreign.crt'), key: file('foreign.key') }),
    ],
    ['the client has no certificate', /closed|alert/, () => ({ ca: file('ca.crt') })],
    ['the CA file is missing', /ENOENT/, () => tls({ ca: file('nowhere.crt') })],
  ])('does not connect when %s', async (_, reason, files) => {
    const client = live.client(remote(), { tls: files() });
    void client.start().catch(() => undefined);
    await until('an attempt has failed', () => client.lastError !== undefined);
    expect(client.lastError?.message).toMatch(reason);
    expect(client.connected).toBe(false);
  });

  it('connects when the certificate of the server is for the configured name', async () => {
    const client = await live.started(remote(), { tls: tls({ serverName: 'nb.example' }) });
    expect(client.connected).toBe(true);
  });

  it('uses rotated files without a restart', async () => {
    await copyFile(file('foreign.crt'), file('rotating.crt'));
    await copyFile(file('foreign.key'), file('rotating.key'));
    const client = live.client(remote(), {
      tls: tls({ cert: file('rotating.crt'), key: file('rotating.key') }),
    });
    const started = client.start();
    await until('an attempt has failed', () => client.lastError !== undefined);
    await copyFile(file('client.crt'), file('rotating.crt'));
    await copyFile(file('client.key'), file('rotating.key'));
    await started;
    await stopServer();
    await stateOf(client, 'disconnected');
    await startServer();
    await stateOf(client, 'connected');
  });
});

describe('TCP', () => {
  it('fails with a clear message when the peer is not an OVSDB server', async () => {
    const web = createServer((socket) =>
      socket
        .on('error', () => undefined)
        .resume()
        .end('HTTP/1.1 400 Bad Request\r\n\r\n'),
    );
    await new Promise<void>((resolve) => web.listen(0, '127.0.0.1', resolve));
    const client = live.client(`tcp:127.0.0.1:${(web.address() as AddressInfo).port}`);
    void client.start().catch(() => undefined);
    await until('an attempt has failed', () => client.lastError !== undefined);
    expect(client.lastError).toMatchObject({ code: 'PROTOCOL_ERROR', message: /is this an OVSDB server/ });
    await client.stop();
    await new Promise((resolve) => web.close(resolve));
  });

  it('fails at a deadline when the peer accepts the connection but never answers', async () => {
    const mute = createServer((socket) => socket.on('error', () => undefined).resume());
    await new Promise<void>((resolve) => mute.listen(0, '127.0.0.1', resolve));
    const mutePort = (mute.address() as AddressInfo).port;
    const plain = live.client(`tcp:127.0.0.1:${mutePort}`, { timeouts: { requestMs: 100 } });
    const secure = live.client(`ssl:127.0.0.1:${mutePort}`, { tls: tls(), timeouts: { connectMs: 100 } });
    for (const client of [plain, secure]) void client.start().catch(() => undefined);
    await until(
      'attempts have failed',
      () => plain.lastError !== undefined && secure.lastError !== undefined,
    );
    expect([plain.lastError?.code, secure.lastError?.code]).toEqual(['DEADLINE_EXCEEDED', 'CONNECT_FAILED']);
    await live.stopClients();
    await new Promise((resolve) => mute.close(resolve));
  });

  it('connects to a server on loopback', async () => {
    const own = await freePort();
    await live.database({ listen: [`ptcp:${own}:127.0.0.1`] });
    const client = await live.started(`tcp:127.0.0.1:${own},tcp:127.0.0.1:${await freePort()}`);
    expect(client.connected).toBe(true);
  });
});
