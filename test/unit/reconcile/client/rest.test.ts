import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { errorFields } from '../../../../src/base/index.ts';
import { RestClient, type RestClientOptions, type WatchEvent } from '../../../../src/reconcile/index.ts';
import { json, ScriptedApi } from '../../../support/reconcile/scripted-api.ts';
import { newWidget, widgetType, type Widget } from '../../../support/reconcile/widget.ts';

const ref = { namespace: 'default', name: 'a' };
const object = { metadata: { name: 'a' } };

describe('RestClient', () => {
  let scripted: ScriptedApi;
  let url: string;
  let client: RestClient;
  const make = (options: RestClientOptions = {}): RestClient =>
    (client = new RestClient(
      () => Promise.resolve({ server: url, tls: {}, headers: { Authorization: 'Bearer x' } }),
      {
        backoff: { baseMs: 1, maxMs: 5 },
        ...options,
      },
    ));

  beforeEach(async () => {
    scripted = await ScriptedApi.start();
    url = scripted.url;
    make();
  });

  afterEach(async () => {
    client.close();
    await scripted.stop();
  });

  it('sends credentials and a user agent, and reuses its sockets', async () => {
    const headers: unknown[] = [];
    scripted.answer((request, response) => {
      headers.push(request.headers);
      json(response, 200, object);
    });
    for (let i = 0; i < 5; i++) await client.get(widgetType, ref);
    expect(headers[0]).toMatchObject({ authorization: 'Bearer x', 'user-agent': 'overlay-network' });
    expect(scripted.sockets.size).toBe(1);
  });

  it('sends the method, path, content type and body of each request', async () => {
    const bodies: string[] = [];
    scripted.answer((request, response, body) => {
      bodies.push(`${request.headers['content-type'] ?? ''} ${body}`);
      json(response, 200, object);
    });
    await client.create(widgetType, newWidget('a'));
    await client.patchMerge(widgetType, ref, { spec: {} });
    await client.patchJson(widgetType, ref, [{ op: 'remove', path: '/x' }], { subresource: 'status' });
    await client.delete(widgetType, ref, { uid: 'u', propagation: 'Background' });
    const path = '/apis/test.example.org/v1/namespaces/default/widgets';
    expect(scripted.seen).toEqual([
      `POST ${path}`,
      `PATCH ${path}/a`,
      `PATCH ${path}/a/status`,
      `DELETE ${path}/a`,
    ]);
    expect(bodies[1]).toBe('application/merge-patch+json {"spec":{}}');
    expect(bodies[2]).toBe('application/json-patch+json [{"op":"remove","path":"/x"}]');
    expect(JSON.parse(bodies[3]!.split(' ')[1]!)).toMatchObject({
      preconditions: { uid: 'u' },
      propagationPolicy: 'Background',
    });
  });

  it('returns the pages of a list, with the kind in every item', async () => {
    scripted.answer((_request, response) =>
      json(response, 200, { metadata: { resourceVersion: '7', continue: 'more' }, items: [object] }),
    );
    const page = await client.list<Widget>(widgetType, { limit: 1, fieldSelector: 'a=b' });
    expect(page).toMatchObject({ resourceVersion: '7', continueToken: 'more' });
    expect(page.items[0]).toEqual({ ...object, apiVersion: 'test.example.org/v1', kind: 'Widget' });
    expect(scripted.seen[0]).toContain('?limit=1&fieldSelector=a%3Db');
    scripted.answer((_request, response) => json(response, 200, { metadata: { continue: '' }, items: null }));
    expect(await client.list(widgetType)).toEqual({
      items: [],
      resourceVersion: '',
      continueToken: undefined,
    });
  });

  it('throws an ApiError with the reason and the causes of the server', async () => {
    const details = { causes: [{ field: 'spec.size', message: 'too big' }] };
    scripted.answer((_request, response) =>
      json(response, 422, { kind: 'Status', reason: 'Invalid', message: 'no', details }),
    );
    await expect(client.get(widgetType, ref)).rejects.toMatchObject({
      name: 'ApiError',
      code: 422,
      reason: 'Invalid',
      message: 'no',
      causes: details.causes,
    });
    expect(scripted.seen.length).toBe(1);
  });

  it('throws an ApiError for the error page of a proxy', async () => {
    scripted.answer((_request, response) => response.writeHead(403).end('<html>proxy says no</html>'));
    await expect(client.get(widgetType, ref)).rejects.toMatchObject({
      code: 403,
      reason: 'Unknown',
      message: expect.stringContaining('proxy says no'),
    });
  });

  it('retries a read after 5xx, 429 and a broken connection', async () => {
    scripted.answer(
      (_request, response) => json(response, 503, {}),
      (_request, response) => json(response, 429, {}, { 'Retry-After': '0' }),
      (request) => request.socket.destroy(),
      (_request, response) => json(response, 200, object),
    );
    expect(await client.get(widgetType, ref)).toEqual(object);
    expect(scripted.seen.length).toBe(4);
  });

  it('limits the number of retries', async () => {
    scripted.answer((_request, response) => json(response, 500, { message: 'broken' }));
    await expect(client.get(widgetType, ref)).rejects.toMatchObject({ code: 500 });
    expect(scripted.seen.length).toBe(5);
  });

  it('does not retry when the Retry-After exceeds the deadline', async () => {
    scripted.answer((_request, response) => json(response, 429, {}, { 'Retry-After': '3600' }));
    await expect(client.get(widgetType, ref)).rejects.toMatchObject({ code: 429, retryAfterSeconds: 3600 });
    expect(scripted.seen.length).toBe(1);
  });

  it.each<[string, (client: RestClient) => Promise<unknown>, number]>([
    ['a create', (c) => c.create(widgetType, newWidget('a')), 1],
    ['an update', (c) => c.update(widgetType, { ...newWidget('a') } as unknown as Widget), 1],
    ['a patch', (c) => c.patchJson(widgetType, ref, []), 1],
    ['a delete by name', (c) => c.delete(widgetType, ref), 1],
    ['an idempotent patch', (c) => c.patchMerge(widgetType, ref, {}, { idempotent: true }), 5],
    ['a delete by UID', (c) => c.delete(widgetType, ref, { uid: 'u' }), 5],
  ])('retries %s after a lost response only if it is idempotent', async (_name, send, times) => {
    scripted.answer((request) => request.socket.destroy());
    await expect(send(client)).rejects.toMatchObject({ name: 'ConnectionError', sent: true });
    expect(scripted.seen.length).toBe(times);
    scripted.seen.length = 0;
    scripted.answer((_request, response) => json(response, 500, {}));
    await expect(send(client)).rejects.toMatchObject({ code: 500 });
    expect(scripted.seen.length).toBe(times);
  });

  it('retries a create after 429', async () => {
    scripted.answer(
      (_request, response) => json(response, 429, {}),
      (_request, response) => json(response, 201, object),
    );
    expect(await client.create(widgetType, newWidget('a'))).toEqual(object);
  });

  it('reports that a request was not sent when the server is down', async () => {
    await scripted.stop();
    await expect(client.create(widgetType, newWidget('a'))).rejects.toMatchObject({
      code: 'ECONNREFUSED',
      sent: false,
    });
  });

  it('rejects at the deadline', async () => {
    scripted.answer(() => undefined);
    await expect(client.get(widgetType, ref, { timeoutMs: 30 })).rejects.toMatchObject({ code: 'TIMEOUT' });
    scripted.answer((_request, response) => response.writeHead(200).write('{"half":'));
    await expect(client.get(widgetType, ref, { timeoutMs: 30 })).rejects.toMatchObject({ code: 'TIMEOUT' });
  });

  it('counts the wait for earlier requests against the deadline, and ends the wait after an abort', async () => {
    make({ maxSockets: 1 });
    scripted.answer(() => undefined);
    const first = client.get(widgetType, ref, { timeoutMs: 300 });
    await expect(client.get(widgetType, ref, { timeoutMs: 30 })).rejects.toMatchObject({
      code: 'TIMEOUT',
      sent: false,
    });
    const abort = new AbortController();
    const second = client.get(widgetType, ref, { signal: abort.signal });
    abort.abort();
    await expect(second).rejects.toMatchObject({ code: 'ABORTED', sent: false });
    await expect(first).rejects.toMatchObject({ code: 'TIMEOUT', sent: true });
    // The abandoned requests take no turn.
    scripted.answer((_request, response) => json(response, 200, object));
    expect(await client.get(widgetType, ref)).toEqual(object);
    expect(scripted.seen).toHaveLength(2);
  });

  it('rejects after an abort, also between two attempts', async () => {
    const stop = new AbortController();
    scripted.answer(() => stop.abort());
    await expect(client.get(widgetType, ref, { signal: stop.signal })).rejects.toMatchObject({
      code: 'ABORTED',
    });
    await expect(client.get(widgetType, ref, { signal: stop.signal })).rejects.toMatchObject({ sent: false });
    const later = new AbortController();
    make({
      backoff: { baseMs: 10_000, maxMs: 10_000 },
      onRequest: () => setImmediate(() => later.abort()),
    });
    scripted.answer((_request, response) => json(response, 500, {}));
    await expect(client.get(widgetType, ref, { signal: later.signal })).rejects.toMatchObject({ code: 500 });
  });

  it('rejects an incomplete or invalid response', async () => {
    scripted.answer((_request, response) => {
      response.writeHead(200, { 'Content-Length': 100 });
      response.write('{"metadata":{}}');
      setImmediate(() => response.destroy());
    });
    await expect(client.get(widgetType, ref)).rejects.toMatchObject({ name: 'ConnectionError' });
    scripted.answer((_request, response) => response.end('{"metadata":'));
    await expect(client.get(widgetType, ref)).rejects.toMatchObject({ code: 'BAD_ANSWER' });
  });

  it('does not include an invalid response in the error, because it can contain a Secret', async () => {
    scripted.answer((_request, response) => response.end('{"data":hush}'));
    const error = await client.get(widgetType, ref).catch((thrown: unknown) => thrown);
    expect(errorFields(error)).toMatchObject({ code: 'BAD_ANSWER' });
    expect(JSON.stringify(errorFields(error))).not.toContain('hush');
  });

  it('checks with discovery whether a kind is served', async () => {
    scripted.answer((_request, response) =>
      json(response, 200, { resources: [{ name: 'widgets', kind: 'Widget' }] }),
    );
    expect(await client.serves(widgetType)).toBe(true);
    expect(await client.serves({ ...widgetType, plural: 'gadgets' })).toBe(false);
    scripted.answer((_request, response) => json(response, 404, {}));
    expect(await client.serves(widgetType)).toBe(false);
    scripted.answer((_request, response) => json(response, 403, {}));
    await expect(client.serves(widgetType)).rejects.toMatchObject({ code: 403 });
  });

  it('reads the credentials again after a 401, and keeps the old ones when they cannot be read', async () => {
    const tokens = ['old', 'new'];
    client = new RestClient(() => {
      const token = tokens.shift();
      if (token === undefined) return Promise.reject(new Error('the file is being replaced'));
      return Promise.resolve({ server: url, tls: {}, headers: { Authorization: token } });
    });
    const seen: unknown[] = [];
    scripted.answer((request, response) => {
      seen.push(request.headers.authorization);
      json(response, request.headers.authorization === 'new' && seen.length > 2 ? 200 : 401, object);
    });
    await expect(client.get(widgetType, ref)).rejects.toMatchObject({ code: 401 });
    await expect(client.get(widgetType, ref)).rejects.toMatchObject({ code: 401 });
    await client.get(widgetType, ref);
    expect(seen).toEqual(['old', 'new', 'new']);
  });

  it('rejects with NO_CREDENTIALS when it cannot read the credentials', async () => {
    client = new RestClient(() => Promise.reject(new Error('no such file')), { maxAttempts: 1 });
    await expect(client.get(widgetType, ref)).rejects.toMatchObject({ code: 'NO_CREDENTIALS', sent: false });
  });

  it('reports each attempt to onRequest', async () => {
    const reports: string[] = [];
    make({ onRequest: (method, code) => reports.push(`${method} ${code}`) });
    scripted.answer(
      (request) => request.socket.destroy(),
      (_request, response) => json(response, 503, {}),
      (_request, response) => json(response, 200, object),
    );
    await client.get(widgetType, ref);
    expect(reports).toEqual(['GET ECONNRESET', 'GET 503', 'GET 200']);
  });

  describe('watch', () => {
    const line = (type: string, name: string): string =>
      `${JSON.stringify({ type, object: { metadata: { name, resourceVersion: '1' } } })}\n`;
    const watch = (handler: (event: WatchEvent<Widget>) => void, more: object = {}): Promise<void> =>
      client.watch<Widget>(
        widgetType,
        { resourceVersion: '5', timeoutSeconds: 60, idleTimeoutMs: 5_000, ...more },
        handler,
      );
    const names = (): [string[], (event: WatchEvent<Widget>) => void] => {
      const list: string[] = [];
      return [list, (event) => list.push(event.type === 'ERROR' ? 'ERROR' : event.object.metadata.name)];
    };

    it('returns the events in order for any split of the stream into chunks', async () => {
      const text = Buffer.from(line('ADDED', 'zwölf') + line('MODIFIED', '€𝄞') + line('DELETED', 'c'));
      scripted.answer((_request, response) => {
        response.writeHead(200);
        let at = 0;
        const next = (): void => {
          if (at >= text.length) return void response.end();
          response.write(text.subarray(at, (at += 1)));
          setImmediate(next);
        };
        next();
      });
      const [list, handler] = names();
      await watch(handler);
      expect(list).toEqual(['zwölf', '€𝄞', 'c']);
      expect(scripted.seen[0]).toMatch(
        /watch=true&allowWatchBookmarks=true&resourceVersion=5&timeoutSeconds=60/,
      );
    });

    it('rejects with the error of the server, for example 410', async () => {
      scripted.answer((_request, response) => json(response, 410, { reason: 'Expired' }));
      await expect(watch(() => undefined)).rejects.toMatchObject({ code: 410, reason: 'Expired' });
    });

    it('rejects with TIMEOUT when the stream is silent for longer than the idle time-out', async () => {
      scripted.answer((_request, response) => {
        response.writeHead(200);
        let times = 0;
        const timer = setInterval(() => {
          response.write(line('BOOKMARK', 'b'));
          if (++times === 5) clearInterval(timer);
        }, 40);
      });
      const [list, handler] = names();
      await expect(watch(handler, { idleTimeoutMs: 120 })).rejects.toMatchObject({ code: 'TIMEOUT' });
      expect(list).toHaveLength(5);
    });

    it('rejects when the connection breaks, and resolves when the server ends the stream', async () => {
      scripted.answer((request, response) => {
        response.writeHead(200);
        response.write(line('ADDED', 'a'));
        setImmediate(() => request.socket.destroy());
      });
      const [list, handler] = names();
      await expect(watch(handler)).rejects.toMatchObject({ name: 'ConnectionError' });
      expect(list).toEqual(['a']);
      scripted.answer((_request, response) => response.writeHead(200).end(line('ADDED', 'a')));
      await watch(handler);
    });

    it('rejects after an abort, and when the handler throws', async () => {
      const stop = new AbortController();
      scripted.answer((_request, response) => response.writeHead(200).write(line('ADDED', 'a')));
      await expect(watch(() => stop.abort(), { signal: stop.signal })).rejects.toMatchObject({
        code: 'ABORTED',
      });
      const bug = (): never => {
        throw new Error('a bug');
      };
      await expect(watch(bug)).rejects.toThrow('a bug');
    });

    it('rejects an invalid event', async () => {
      scripted.answer((_request, response) => response.writeHead(200).end('{"type":\n'));
      await expect(watch(() => undefined)).rejects.toMatchObject({ code: 'BAD_ANSWER' });
    });

    it('does not use the sockets of other requests', async () => {
      make({ maxSockets: 1 });
      const stop = new AbortController();
      scripted.answer((request, response) => {
        if (request.url?.includes('watch=')) response.writeHead(200).write(line('ADDED', 'a'));
        else json(response, 200, object);
      });
      const [list, handler] = names();
      const watching = watch(handler, { signal: stop.signal });
      while (list.length === 0) await new Promise((resolve) => setImmediate(resolve));
      expect(await client.get(widgetType, ref)).toEqual(object);
      stop.abort();
      await expect(watching).rejects.toMatchObject({ code: 'ABORTED' });
    });
  });
});
