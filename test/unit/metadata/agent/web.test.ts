import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { serveWeb, type Responder, type Web } from '../../../../src/metadata/agent/web.ts';
import { eventually } from '../../../support/eventually.ts';

const answered: Responder = (address, { method, path }) => {
  const body = `${method} ${path} ${address}`;
  return Promise.resolve({ status: 200, headers: { 'content-length': String(body.length) }, body });
};

describe('the web server of a network', () => {
  const webs: Web[] = [];
  const sockets: Socket[] = [];
  let port: number;

  let now = 0;
  let refusals = 0;

  const serve = async (respond: Responder, rateLimit = { perSecond: 10, burst: 100 }): Promise<Web> => {
    const socket = createServer().listen(0, '127.0.0.1');
    await once(socket, 'listening');
    ({ port } = socket.address() as AddressInfo);
    const web = await serveWeb(socket, {
      respond,
      rateLimit,
      onRefused: () => {
        refusals += 1;
      },
      now: () => now,
    });
    webs.push(web);
    return web;
  };
  const open = async (): Promise<Socket> => {
    const socket = connect(port, '127.0.0.1').on('error', () => undefined);
    sockets.push(socket);
    await once(socket, 'connect');
    return socket;
  };
  const request = (path: string, fields = 'Connection: close\r\n', method = 'GET'): string =>
    `${method} ${path} HTTP/1.1\r\nHost: x\r\n${fields}\r\n`;
  /** Returns all text from a connection until it ends or fails. */
  const heard = (socket: Socket): Promise<string> => text(socket).catch(() => '');
  const ask = async (...args: Parameters<typeof request>): Promise<string> => {
    const socket = await open();
    socket.write(request(...args));
    return heard(socket);
  };

  afterEach(async () => {
    for (const socket of sockets.splice(0)) socket.destroy();
    for (const web of webs.splice(0)) await web.close();
  });

  it('passes the address of the connection, and ignores forwarding headers', async () => {
    await serve(answered);
    expect(await ask('/x?y', 'X-Forwarded-For: 10.0.0.9\r\nConnection: close\r\n')).toMatch(
      /^HTTP\/1\.1 200 OK\r\n[^]*\r\n\r\nGET \/x\?y 127\.0\.0\.1$/,
    );
  });

  it('sends no body in the answer to HEAD', async () => {
    await serve(answered);
    expect(await ask('/x', undefined, 'HEAD')).toMatch(/^HTTP\/1\.1 200 OK\r\n[^]*\r\n\r\n$/);
  });

  it('accepts at most 32 concurrent connections from a machine', async () => {
    await serve(answered);
    const held = await Promise.all(Array.from({ length: 32 }, open));
    expect(await ask('/x')).toBe('');
    held[0]!.destroy();
    await eventually(async () => expect(await ask('/x')).toContain('200 OK'));
  });

  describe('with a limit of three requests', () => {
    beforeEach(async () => {
      [now, refusals] = [0, 0];
      await serve(answered, { perSecond: 1, burst: 3 });
      for (const path of ['/1', '/2', '/3']) expect(await ask(path)).toContain('200 OK');
    });

    it('answers the next request with 429 and Retry-After, and closes the connection', async () => {
      expect(await ask('/4', '')).toMatch(
        /^HTTP\/1\.1 429 Too Many Requests\r\n[^]*retry-after: 1\r\n[^]*connection: close\r\n/i,
      );
      expect(refusals).toBe(1);
    });

    it('resets the connections of the machine for a second, and answers again afterwards', async () => {
      await ask('/4');
      now = 999;
      // The reset arrives before or after the client notices that it is connected.
      expect(await ask('/5').catch(() => '')).toBe('');
      now = 1000;
      expect(await ask('/6')).toContain('200 OK');
    });

    it('answers none of the requests that follow on the same connection', async () => {
      const socket = await open();
      socket.write(request('/4', '').repeat(1000));
      const answers = await heard(socket);
      expect(answers.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 429']);
      expect(refusals).toBe(1);
    });
  });

  /** Serves requests that wait until `open` is called. */
  const serveSlowly = async () => {
    const gate = Promise.withResolvers<undefined>();
    const asked = Promise.withResolvers<undefined>();
    const web = await serve(async (...request_) => {
      asked.resolve(undefined);
      await gate.promise;
      return answered(...request_);
    });
    return { web, asked: asked.promise, open: () => gate.resolve(undefined) };
  };

  it('answers the requests in progress during drain, and then closes', async () => {
    const { web, asked, open: openGate } = await serveSlowly();
    const socket = await open();
    const answer = heard(socket);
    socket.write(request('/slow'));
    await asked;
    const order: string[] = [];
    const drained = web.drain(20_000).then(() => order.push('drained'));
    setImmediate(() => {
      order.push('open');
      openGate();
    });
    await drained;
    expect(order).toEqual(['open', 'drained']);
    expect(await answer).toMatch(/\r\n\r\nGET \/slow 127\.0\.0\.1$/);
    await web.close();
    await expect(open()).rejects.toThrow('ECONNREFUSED');
  });

  it('limits the time of drain, and does not wait for closed connections', async () => {
    const { web, asked, open: openGate } = await serveSlowly();
    const socket = await open();
    socket.write(request('/x'));
    await asked;
    await web.drain(1);
    socket.resetAndDestroy();
    openGate();
    const began = performance.now();
    await web.drain(60_000);
    expect(performance.now() - began).toBeLessThan(30_000);
  });
});
