import { afterEach, describe, expect, it } from '@jest/globals';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { OvsdbError } from '../../../src/ovn/ovsdb/errors.ts';
import { Session } from '../../../src/ovn/ovsdb/session.ts';
import { FakeClock } from '../../support/ovsdb/fake-clock.ts';
import { ScriptedConnection } from '../../support/ovsdb/scripted-server.ts';

interface Made {
  readonly clock: FakeClock;
  readonly server: ScriptedConnection;
  readonly session: Session;
  readonly notified: unknown[];
}

let open: Session[] = [];

function start(onNotification?: (method: string) => void | Promise<void>): Made {
  const clock = new FakeClock();
  const server = new ScriptedConnection();
  const notified: unknown[] = [];
  const session = new Session(server, {
    clock,
    probe: { intervalMs: 5000, timeoutMs: 5000 },
    onNotification: (method, params) => {
      notified.push([method, ...params]);
      return onNotification?.(method);
    },
  });
  open.push(session);
  return { clock, server, session, notified };
}

afterEach(() => {
  for (const session of open) session.close(new OvsdbError('STOPPED', 'the test is over'));
  open = [];
});

const timeoutMs = 1000;
/** A message that the session parses in slices. */
const large = JSON.stringify({ method: 'update', params: ['large', 'x'.repeat(300_000)], id: null });

describe('a call', () => {
  it('gets the reply with its id, in any order of the replies', async () => {
    const { server, session } = start();
    const calls = [session.call('a', [], { timeoutMs }), session.call('b', [1], { timeoutMs })];
    const [a, b] = [await server.request('a'), await server.request('b')];
    server.reply(b, 'two');
    server.reply(a, 'one');
    await expect(Promise.all(calls)).resolves.toEqual(['one', 'two']);
  });

  it.each([
    ['"unknown method"', 'unknown method', 'UNKNOWN_METHOD'],
    ['an object', { error: 'unknown database', details: 'no Test' }, 'UNKNOWN_DATABASE'],
    ['a canceled transaction', 'canceled', 'CANCELED'],
    ['an unknown error', { error: 'new error' }, 'SERVER_ERROR'],
  ])('fails with the error of the server: %s', async (_, reply, code) => {
    const { server, session } = start();
    const call = session.call('a', [], { timeoutMs });
    server.fail(await server.request('a'), reply);
    await expect(call).rejects.toMatchObject({ code, outcomeUnknown: false });
  });

  it('fails at its deadline, and ignores a later reply', async () => {
    const { clock, server, session } = start();
    const call = session.call('transact', [], { timeoutMs });
    const request = await server.request('transact');
    clock.advance(timeoutMs);
    await expect(call).rejects.toMatchObject({
      code: 'DEADLINE_EXCEEDED',
      outcomeUnknown: true,
    });
    expect((await server.request('cancel')).params).toEqual([request.id]);
    server.reply(request, []);
    expect(session.ended).toBeUndefined();
  });

  it('fails when its caller aborts it, before or after it was sent', async () => {
    const { server, session } = start();
    const abort = new AbortController();
    const call = session.call('transact', [], { timeoutMs, signal: abort.signal });
    abort.abort();
    await expect(call).rejects.toMatchObject({ code: 'ABORTED', outcomeUnknown: true });
    await server.request('cancel');
    const late = session.call('transact', [], { timeoutMs, signal: abort.signal });
    await expect(late).rejects.toMatchObject({ code: 'ABORTED', outcomeUnknown: false });
    expect(server.sent.filter(({ method }) => method === 'transact')).toHaveLength(1);
  });

  it('fails when the connection ends; the outcome of a transaction is then unknown', async () => {
    const { clock, server, session } = start();
    const calls = [
      session.call('transact', [], { timeoutMs }),
      session.call('get_schema', [], { timeoutMs }),
    ];
    server.drop(new Error('ECONNRESET'));
    await expect(calls[0]).rejects.toMatchObject({ code: 'CONNECTION_LOST', outcomeUnknown: true });
    await expect(calls[1]).rejects.toMatchObject({ code: 'CONNECTION_LOST', outcomeUnknown: false });
    await expect(session.closed).resolves.toMatchObject({ code: 'CONNECTION_LOST' });
    await expect(session.call('a', [], { timeoutMs })).rejects.toMatchObject({ code: 'NOT_CONNECTED' });
    expect(clock.pending).toBe(0);
  });

  it.each(['a\0b', 'half \ud83d', '\udc00'])('rejects text that OVS does not accept: %j', async (text) => {
    const { server, session } = start();
    await expect(session.call('transact', [text], { timeoutMs })).rejects.toMatchObject({
      code: 'INVALID_REQUEST',
    });
    expect(server.sent).toEqual([]);
  });

  it.each(['\\u0000 as text', '\u0001', '🙂', '\\\\ud800'])(
    'sends text that only resembles rejected text: %j',
    async (text) => {
      const { server, session } = start();
      const call = session.call('transact', [text], { timeoutMs });
      const request = await server.request('transact');
      expect(request.params).toEqual([text]);
      server.reply(request, []);
      await call;
    },
  );
});

describe('a session', () => {
  it('processes a reply only after the notifications before it', async () => {
    const gate = Promise.withResolvers<undefined>();
    const { server, session, notified } = start(() => gate.promise);
    let replied = false;
    const call = session.call('a', [], { timeoutMs }).then(() => (replied = true));
    const request = await server.request('a');
    server.notify('update', 1);
    server.reply(request, {});
    server.notify('update', 2);
    await nextTurn();
    expect([replied, notified.length]).toEqual([false, 1]);
    gate.resolve(undefined);
    await call;
    await nextTurn();
    expect(notified).toHaveLength(2);
  });

  it('processes messages after a large message in order', async () => {
    const { server, session, notified } = start();
    const call = session.call('a', [], { timeoutMs });
    const request = await server.request('a');
    server.push(large);
    server.notify('update', 'small');
    server.reply(request, 'done');
    expect(notified).toEqual([]);
    await call;
    expect(notified.map((one) => (one as unknown[])[1])).toEqual(['large', 'small']);
  });

  it('answers an echo of the server at once, even after a large message', () => {
    const { server } = start();
    server.push(large);
    server.push(JSON.stringify({ method: 'echo', params: ['hello'], id: 'echo' }));
    expect(server.sent).toEqual([{ id: 'echo', result: ['hello'], error: null }]);
  });

  it('processes the next message only after the consumer of a reply is done', async () => {
    const { server, session, notified } = start();
    let seen: unknown;
    const call = session.call('a', [], {
      timeoutMs,
      consume: async () => {
        await nextTurn();
        seen = [...notified];
        return 'consumed';
      },
    });
    server.reply(await server.request('a'), {});
    server.notify('update', 1);
    await expect(call).resolves.toBe('consumed');
    expect(seen).toEqual([]);
  });
});

describe('a session ends', () => {
  it('when it receives invalid JSON', async () => {
    const { server, session } = start();
    server.push('{"a":nonsense}');
    await expect(session.closed).resolves.toMatchObject({ code: 'PROTOCOL_ERROR' });
  });

  it('when the processing of a notification fails, and processes no later message', async () => {
    const { server, session, notified } = start((method) => {
      if (method === 'bad') throw new OvsdbError('PROTOCOL_ERROR', 'bad');
    });
    server.push(['bad', 'good'].map((method) => JSON.stringify({ method, params: [], id: null })).join(''));
    await expect(session.closed).resolves.toMatchObject({ code: 'PROTOCOL_ERROR', message: 'bad' });
    expect(notified).toEqual([['bad']]);
  });

  it('when it is closed, and processes no message that has already arrived', () => {
    const made = start(() => made.session.close(new OvsdbError('STOPPED', 'closed by the test')));
    const one = JSON.stringify({ method: 'update', params: [], id: null });
    made.server.push(one + one);
    expect(made.notified).toHaveLength(1);
  });

  it('when the consumer of a reply fails', async () => {
    const { server, session } = start();
    const call = session.call('a', [], { timeoutMs, consume: () => Promise.reject(new Error('no room')) });
    server.reply(await server.request('a'), {});
    await expect(call).rejects.toMatchObject({ code: 'PROTOCOL_ERROR', message: 'a: no room' });
    await expect(session.closed).resolves.toMatchObject({ code: 'PROTOCOL_ERROR' });
  });

  it('only after the running callback is done', async () => {
    const gate = Promise.withResolvers<undefined>();
    const { server, session } = start(() => gate.promise);
    let closed = false;
    void session.closed.then(() => (closed = true));
    server.notify('update', 1);
    server.drop();
    await nextTurn();
    expect(closed).toBe(false);
    gate.resolve(undefined);
    await session.closed;
  });

  it('when the server does not answer a probe', async () => {
    const { clock, server, session } = start();
    clock.advance(5000);
    expect(server.methods).toEqual(['echo']);
    clock.advance(5000);
    await expect(session.closed).resolves.toMatchObject({
      code: 'CONNECTION_LOST',
      message: /silent for 10000 ms/,
    });
  });

  it('only without answers to probes', () => {
    const { clock, server, session } = start();
    for (let round = 0; round < 5; round++) {
      clock.advance(5000);
      server.push('{"id":"echo","result":[],"error":null}');
    }
    expect(session.ended).toBeUndefined();
  });
});

describe('an unknown request of the server', () => {
  it('gets the reply "unknown method"', () => {
    const { server } = start();
    server.push('{"method":"steal","params":[],"id":7}');
    expect(server.sent).toEqual([{ id: 7, result: null, error: 'unknown method' }]);
  });
});
