import { afterEach, describe, expect, it } from '@jest/globals';
import type { RowChange } from '../../../src/ovn/ovsdb/index.ts';
import {
  initial,
  playServerPart,
  Scenario,
  serverRow,
  testSchema,
  uuid,
} from '../../support/ovsdb/scripted-server.ts';
import type { OvsdbClientOptions } from '../../../src/ovn/ovsdb/index.ts';

let scenario: Scenario;
let reported: RowChange[];

function begin(options: Partial<OvsdbClientOptions> = {}): Scenario {
  scenario = new Scenario(options);
  reported = [];
  scenario.client.replica.subscribe((changes) => reported.push(...changes));
  void scenario.client.start().catch(() => undefined);
  return scenario;
}

afterEach(() => scenario.stop());

const [a, b] = [uuid(1), uuid(2)];
const three = 'unix:/one,unix:/two,unix:/three';

describe('start', () => {
  it('fills the replica, then reports connected, then resolves', async () => {
    begin();
    const started = scenario.client.start();
    expect(scenario.client.connected).toBe(false);
    await scenario.synced({ Switch: { [a]: { name: 'a' } } });
    await started;
    expect(scenario.client.replica.get('Switch', a)?.['name']).toBe('a');
    expect([scenario.client.connected, scenario.states]).toEqual([true, ['connected']]);
    expect(scenario.client.schema?.name).toBe('Test');
  });

  it('requests only tables and columns of the schema', async () => {
    begin({ tables: { Switch: ['name', 'tier'], Sampling: ['rate'] } });
    const request = await playServerPart(await scenario.connection());
    expect(request.params?.[2]).toEqual({ Switch: [{ columns: ['name'] }] });
  });

  it('rejects with the cause after its timeout, and continues to connect', async () => {
    begin();
    const started = scenario.client.start({ timeoutMs: 50 });
    (await scenario.connection()).drop(new Error('ECONNREFUSED'));
    await scenario.until(() => scenario.client.lastError !== undefined);
    scenario.clock.advance(50);
    await expect(started).rejects.toMatchObject({ code: 'DEADLINE_EXCEEDED', message: /ECONNREFUSED/ });
    await scenario.synced();
    expect(scenario.client.connected).toBe(true);
  });

  it('resolves unreachable after a failed attempt with every remote', async () => {
    begin({ remotes: three });
    let isUnreachable = false;
    void scenario.client.unreachable.then(() => (isUnreachable = true));
    for (let i = 0; i < 2; i++) (await scenario.connection()).drop(new Error('ECONNREFUSED'));
    const last = await scenario.connection();
    expect(isUnreachable).toBe(false);
    last.drop(new Error('ECONNREFUSED'));
    await scenario.until(() => isUnreachable);
  });

  it('has no problem while it is connected, and forgets the reasons of earlier attempts', async () => {
    begin();
    expect(scenario.client.problem).toBe('not connected');
    (await scenario.connection()).drop(new Error('ECONNREFUSED'));
    await scenario.until(() => /ECONNREFUSED/.test(scenario.client.problem ?? ''));
    scenario.clock.advance(60_000);
    await scenario.synced();
    expect(scenario.client.problem).toBeUndefined();
  });

  it.each([
    ['monitor_cond', ['monitor_cond_since']],
    ['monitor', ['monitor_cond_since', 'monitor_cond']],
  ])('falls back to %s if the server does not support a better method', async (method, refused) => {
    begin();
    const connection = await scenario.connection();
    connection.fail(await connection.request('get_schema'), { error: 'unknown database' });
    connection.reply(await connection.request('get_schema'), testSchema);
    for (const one of refused) connection.fail(await connection.request(one), 'unknown method');
    const request = await connection.request(method);
    const id = request.params?.[1];
    if (method === 'monitor') {
      connection.reply(request, {
        Switch: { [a]: { new: { name: 'a', ports: ['set', []], ids: ['map', []], tag: 7 } } },
      });
      await scenario.until(() => scenario.client.connected);
      connection.notify('update', id, { Switch: { [a]: { old: { name: 'a' } } } });
    } else {
      connection.reply(request, initial({ Switch: { [a]: { name: 'a', tag: 7 } } }));
      await scenario.until(() => scenario.client.connected);
      connection.notify('update2', id, { Switch: { [a]: { delete: null } } });
    }
    expect(reported.map(({ type }) => type)).toEqual(['insert', 'delete']);
  });

  it('rejects when the client is stopped', async () => {
    begin();
    const started = scenario.client.start();
    await scenario.connection();
    await scenario.client.stop();
    await expect(started).rejects.toMatchObject({ code: 'STOPPED' });
    await expect(scenario.client.start()).rejects.toMatchObject({ code: 'STOPPED' });
    expect(scenario.clock.pending).toBe(0);
  });
});

describe('a reconnect', () => {
  it('keeps the rows, and reports only the differences afterwards', async () => {
    begin();
    const { connection } = await scenario.synced({ Switch: { [a]: { name: 'a' }, [b]: { name: 'b' } } });
    reported = [];
    connection.drop();
    await scenario.until(() => scenario.states.length === 2);
    expect([scenario.client.connected, scenario.client.replica.count('Switch')]).toEqual([false, 2]);
    await scenario.synced({ Switch: { [a]: { name: 'A' } } });
    expect(reported.map(({ type, row }) => [type, row._uuid])).toEqual([
      ['modify', a],
      ['delete', b],
    ]);
    expect(scenario.states).toEqual(['connected', 'disconnected', 'connected']);
  });

  it('increments the generation when the server sends a full dump', async () => {
    begin();
    const { connection } = await scenario.synced();
    const { generation } = scenario.client;
    connection.drop();
    await scenario.synced();
    expect(scenario.client.generation).toBe(generation + 1);
  });

  it('requests and applies only the changes since the last transaction', async () => {
    begin();
    const first = await scenario.synced({ Switch: { [a]: { name: 'a' } } });
    first.connection.notify('update3', first.monitorId, uuid(0xb), {
      Switch: { [a]: { modify: { tag: 5 } } },
    });
    reported = [];
    first.connection.drop();
    const connection = await scenario.connection();
    const request = await playServerPart(connection);
    expect(request.params?.[3]).toBe(uuid(0xb));
    connection.reply(request, [true, uuid(0xc), { Switch: { [a]: { modify: { name: 'A' } } } }]);
    const { generation } = scenario.client;
    await scenario.until(() => scenario.client.connected);
    expect(scenario.client.replica.get('Switch', a)).toMatchObject({ name: 'A', tag: new Set([5]) });
    expect(reported).toHaveLength(1);
    expect(scenario.client.generation).toBe(generation);
  });

  it('waits longer after each round over all remotes, but not between remotes', async () => {
    begin({ remotes: three, backoff: { baseMs: 100, maxMs: 250 } });
    const waits: number[] = [];
    for (let attempt = 0; attempt < 12; attempt++) {
      const before = scenario.clock.now();
      (await scenario.connection()).drop();
      waits.push(scenario.clock.now() - before);
    }
    expect(waits.map((ms) => ms > 0)).toEqual(Array.from({ length: 12 }, (_, i) => i > 0 && i % 3 === 0));
  });

  it('tries the next server after a follower and after a server without its cluster', async () => {
    begin({ remotes: three });
    const seen: unknown[] = [];
    for (const row of [{ leader: false }, { connected: false }]) {
      const connection = await scenario.connection();
      seen.push(connection.remote);
      void playServerPart(connection, row);
      await scenario.until(() => connection.destroyed);
      expect(scenario.client.lastError).toMatchObject({ code: 'SERVER_UNSUITABLE' });
    }
    await scenario.synced();
    expect(new Set(seen).size).toBe(2);
  });

  it('rejects a server that is behind until it assumes a restored database', async () => {
    begin({ timeouts: { staleMs: 5000 } });
    const { connection } = await scenario.synced({ Switch: { [a]: { name: 'a' } } }, { row: { index: 9 } });
    connection.drop();
    const second = await scenario.connection();
    void playServerPart(second, { index: 8 });
    await scenario.until(() => second.destroyed);
    expect(scenario.client.lastError).toMatchObject({
      message: /its index is 8, but the client has already seen index 9/,
    });
    expect(scenario.client.replica.count('Switch')).toBe(1);
    scenario.clock.advance(5000);
    const third = await scenario.connection();
    const request = await playServerPart(third, { index: 8 });
    expect(request.params?.[3]).toBe(uuid(0).replace('4000-8', '0000-0'));
  });

  it('waits the full time again after a server that was not behind', async () => {
    begin({ timeouts: { staleMs: 5000 } });
    const refused = async (): Promise<void> => {
      const connection = await scenario.connection();
      void playServerPart(connection, { index: 8 });
      await scenario.until(() => connection.destroyed);
    };
    (await scenario.synced({}, { row: { index: 9 } })).connection.drop();
    await refused();
    const { connection } = await scenario.synced({}, { row: { index: 9 } });
    scenario.clock.advance(4000);
    connection.push('{"id":"echo","result":[],"error":null}');
    scenario.clock.advance(4000);
    connection.drop();
    await refused();
    expect(scenario.client.lastError).toMatchObject({
      message: /its index is 8, but the client has already seen index 9/,
    });
  });

  it('requests a full dump from another cluster', async () => {
    begin();
    const { connection } = await scenario.synced({}, { row: { cid: uuid(0xc1), index: 9 } });
    connection.drop();
    const request = await playServerPart(await scenario.connection(), { cid: uuid(0xc2), index: 1 });
    expect(request.params?.[3]).toMatch(/^[0-]+$/);
  });
});

describe('a connected client', () => {
  it('disconnects from a server that is no longer the leader', async () => {
    begin();
    const { connection } = await scenario.synced();
    connection.notify('update3', '_Server#1', uuid(9), {
      Database: { [uuid(1)]: { modify: { leader: false } } },
    });
    await scenario.until(() => connection.destroyed);
    expect(scenario.client.connected).toBe(false);
    await scenario.synced();
  });

  it('stays connected while the index of the server grows, and remembers the index', async () => {
    begin();
    const { connection } = await scenario.synced({}, { row: { index: 1 } });
    connection.notify('update3', '_Server#1', uuid(9), {
      Database: { [uuid(1)]: { modify: { index: 50 } } },
    });
    expect(connection.destroyed).toBe(false);
    connection.drop();
    const second = await scenario.connection();
    void playServerPart(second, { index: 49 });
    await scenario.until(() => second.destroyed);
    expect(scenario.client.lastError?.message).toMatch(/behind/);
  });

  it('disconnects from a server that loses the database', async () => {
    begin();
    const { connection, monitorId } = await scenario.synced();
    connection.notify('monitor_canceled', monitorId);
    connection.reply(await connection.request('get_schema'), { name: '_Server', tables: serverTables });
    connection.reply(await connection.request('set_db_change_aware'), {});
    connection.reply(await connection.request('monitor_cond_since'), [false, uuid(0), {}]);
    await scenario.until(() => connection.destroyed);
    expect(scenario.client.lastError).toMatchObject({ message: /does not have the database/ });
  });

  it('uses a follower if leaderOnly is not set', async () => {
    begin({ leaderOnly: false });
    await scenario.synced({}, { row: { leader: false } });
    expect(scenario.client.connected).toBe(true);
  });
});

const serverTables = {
  Database: {
    columns: Object.fromEntries(Object.keys(serverRow({})).map((name) => [name, { type: 'string' }])),
  },
};

describe('a state listener', () => {
  it('does not affect other listeners when it throws', async () => {
    begin();
    const states: string[] = [];
    scenario.client.onState(() => {
      throw new Error('listener');
    });
    const end = scenario.client.onState((state) => states.push(state));
    const { connection } = await scenario.synced();
    end();
    connection.drop();
    await scenario.until(() => scenario.states.length === 2);
    expect(states).toEqual(['connected']);
  });
});
