import { afterEach, describe, expect, it } from '@jest/globals';
import { OperationBuilder } from '../../../src/ovn/ovsdb/index.ts';
import type { OvsdbClientOptions, RowChange } from '../../../src/ovn/ovsdb/index.ts';
import { initial, playServerPart, Scenario, testSchema, uuid } from '../../support/ovsdb/scripted-server.ts';

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
const rows = { Switch: { [a]: { name: 'a', tag: 1, ports: ['set', [['uuid', b]]] } } };

describe('a bug of other clients does not occur:', () => {
  it('the client keeps the new transaction id when the server does not find the requested one (libovsdb)', async () => {
    begin();
    const { connection } = await scenario.synced(rows, { txn: 0xbeef });
    connection.drop();
    const request = await playServerPart(await scenario.connection());
    expect(request.params?.[3]).toBe(uuid(0xbeef));
  });

  it('the monitor of the server state does not delete the rows after a reconnect (libovsdb, Kube-OVN 7519)', async () => {
    begin();
    const first = await scenario.synced(rows);
    reported = [];
    first.connection.drop();
    const connection = await scenario.connection();
    const request = await playServerPart(connection);
    expect(scenario.client.replica.count('Switch')).toBe(1);
    connection.reply(request, [true, uuid(0xa), {}]);
    await scenario.until(() => scenario.client.connected);
    expect([scenario.client.replica.count('Switch'), reported]).toEqual([1, []]);
  });

  it('the client requests a dump after an update3 that does not fit the rows (libovsdb)', async () => {
    begin();
    const { connection, monitorId } = await scenario.synced(rows);
    connection.notify('update3', monitorId, uuid(0xb), { Switch: { [b]: { modify: { name: 'b' } } } });
    await scenario.until(() => connection.destroyed);
    const next = await scenario.connection();
    const request = await playServerPart(next);
    expect(request.params?.[3]).toMatch(/^[0-]+$/);
    next.reply(request, [false, uuid(0xc), initial({ Switch: { [b]: { name: 'b' } } })]);
    await scenario.until(() => scenario.client.connected);
    expect([...scenario.client.replica.rows('Switch')].map((row) => row['name'])).toEqual(['b']);
  });

  it('the client follows a schema change on the same connection (libovsdb 456)', async () => {
    begin();
    const { connection, monitorId } = await scenario.synced(rows);
    connection.notify('monitor_canceled', monitorId);
    const schema = structuredClone(testSchema) as { tables: { Switch: { columns: { tag?: unknown } } } };
    delete schema.tables.Switch.columns.tag;
    const again = await playServerPart(connection, {}, schema);
    expect(scenario.client.connected).toBe(false);
    expect(again.params?.[2]).toMatchObject({ Switch: [{ columns: ['name', 'ports', 'ids'] }] });
    expect(again.params?.[3]).toMatch(/^[0-]+$/);
    connection.reply(again, [false, uuid(0xb), initial({ Switch: { [a]: { name: 'a' } } })]);
    await scenario.until(() => scenario.client.connected);
    expect(scenario.client.replica.hasColumn('Switch', 'tag')).toBe(false);
    expect(connection.destroyed).toBe(false);
  });

  it('all transactions in flight settle after a change of the leader (libovsdb 390)', async () => {
    begin({ remotes: 'unix:/one,unix:/two' });
    const { connection } = await scenario.synced(rows);
    const build = new OperationBuilder(scenario.client.schema!);
    const transactions = [1, 2, 3].map(() => scenario.client.transact([build.deleteRow('Switch', a)]));
    const settled = Promise.allSettled(transactions);
    await connection.request('transact');
    connection.notify('update3', '_Server#1', uuid(9), {
      Database: { [uuid(1)]: { modify: { leader: false } } },
    });
    for (const one of await settled) {
      expect(one).toMatchObject({
        status: 'rejected',
        reason: { code: 'CONNECTION_LOST', outcomeUnknown: true },
      });
    }
    await scenario.synced(rows);
  });

  it('a probe does not block transactions or a dump (libovsdb 425)', async () => {
    begin();
    const { connection, monitorId } = await scenario.synced(rows);
    const build = new OperationBuilder(scenario.client.schema!);
    const transaction = scenario.client.transact([build.comment('x')]);
    const request = await connection.request('transact');
    scenario.clock.advance(5000);
    expect(connection.methods).toEqual(['echo']);
    const ports = Object.fromEntries(
      Array.from({ length: 5000 }, (_, i) => [uuid(i + 10), { insert: { name: 'x'.repeat(60) } }]),
    );
    connection.notify('update3', monitorId, uuid(0xb), { Port: ports });
    connection.push('{"id":"echo","result":[],"error":null}');
    connection.push('{"id":"echo","method":"echo","params":[]}');
    expect(connection.methods).toEqual(['echo', undefined]);
    connection.reply(request, [{}]);
    await transaction;
    expect(scenario.client.replica.count('Port')).toBe(5000);
  });

  it('the wait for the first dump ends at a deadline (Kube-OVN 7467)', async () => {
    begin({ remotes: 'unix:/one,unix:/two', timeouts: { syncMs: 60_000 }, probe: { intervalMs: 0 } });
    const silent = await scenario.connection();
    await playServerPart(silent);
    scenario.clock.advance(60_000);
    await scenario.until(() => silent.destroyed);
    expect(scenario.client.lastError).toMatchObject({
      code: 'DEADLINE_EXCEEDED',
      message: /monitor_cond_since/,
    });
    expect((await scenario.connection()).remote).not.toEqual(silent.remote);
  });

  it('the client tries the former leader last (libovsdb 280)', async () => {
    begin({ remotes: 'unix:/one,unix:/two,unix:/three' });
    const { connection } = await scenario.synced();
    connection.notify('update3', '_Server#1', uuid(9), {
      Database: { [uuid(1)]: { modify: { leader: false } } },
    });
    const tried = [];
    for (let attempt = 0; attempt < 3; attempt++) {
      const next = await scenario.connection();
      tried.push(next.remote);
      next.drop();
    }
    expect(tried.indexOf(connection.remote)).toBe(2);
  });

  it('the client applies all changes of a large burst in order', async () => {
    begin();
    const { connection, monitorId } = await scenario.synced({ Switch: { [a]: { name: '0' } } });
    reported = [];
    const burst = Array.from({ length: 20_000 }, (_, i) =>
      JSON.stringify({
        method: 'update3',
        params: [monitorId, uuid(i + 1), { Switch: { [a]: { modify: { name: `${i + 1}` } } } }],
        id: null,
      }),
    ).join('');
    connection.push(burst);
    await scenario.until(() => scenario.client.replica.get('Switch', a)?.['name'] === '20000');
    expect(
      reported.map(
        (change) => change.type === 'modify' && (change.changed.get('name') as { old: unknown }).old,
      ),
    ).toEqual(Array.from({ length: 20_000 }, (_, i) => `${i}`));
  });

  it('the client reads the difference of an optional column as its new value (libovsdb 323)', async () => {
    begin();
    const { connection, monitorId } = await scenario.synced(rows);
    connection.notify('update3', monitorId, uuid(0xb), { Switch: { [a]: { modify: { tag: 2 } } } });
    expect(scenario.client.replica.get('Switch', a)?.['tag']).toEqual(new Set([2]));
    connection.notify('update3', monitorId, uuid(0xc), { Switch: { [a]: { modify: { tag: ['set', []] } } } });
    expect(scenario.client.replica.get('Switch', a)?.['tag']).toEqual(new Set());
  });

  it('the client leaves a silent server, and its transactions fail (Incus 3671)', async () => {
    begin();
    const { connection } = await scenario.synced(rows);
    const build = new OperationBuilder(scenario.client.schema!);
    const transaction = scenario.client.transact([build.comment('x')]);
    await connection.request('transact');
    scenario.clock.advance(10_000);
    await expect(transaction).rejects.toMatchObject({ code: 'CONNECTION_LOST' });
    await scenario.synced(rows);
  });

  it('a transaction without an answer fails at its deadline (Incus 3671)', async () => {
    begin({ probe: { intervalMs: 0 } });
    const { connection } = await scenario.synced(rows);
    const build = new OperationBuilder(scenario.client.schema!);
    const transaction = scenario.client.transact([build.comment('x')], { timeoutMs: 2000 });
    await connection.request('transact');
    scenario.clock.advance(2000);
    await expect(transaction).rejects.toMatchObject({ code: 'DEADLINE_EXCEEDED', outcomeUnknown: true });
    expect(scenario.client.connected).toBe(true);
  });

  it('the client applies no difference twice when several connections break (OVS 0896dc19e)', async () => {
    begin();
    const first = await scenario.synced(rows, { txn: 0xa });
    first.connection.drop();
    const second = await scenario.connection();
    const toggled = { Switch: { [a]: { modify: { ports: ['uuid', uuid(3)] } } } };
    const request = await playServerPart(second);
    expect(request.params?.[3]).toBe(uuid(0xa));
    second.reply(request, [true, uuid(0xb), toggled]);
    second.drop();
    const third = await scenario.connection();
    const again = await playServerPart(third);
    const has = scenario.client.replica.get('Switch', a)?.['ports'] as ReadonlySet<string>;
    // Rows and transaction id must match, regardless of whether the reply arrived before the connection broke.
    expect([again.params?.[3], has.has(uuid(3))]).toEqual([uuid(0xb), true]);
    third.reply(again, [true, uuid(0xb), {}]);
    await scenario.until(() => scenario.client.connected);
    expect(has).toEqual(new Set([b, uuid(3)]));
  });

  it.each([
    ['at once', 1],
    ['while the client processes the dump', 20_000],
  ])('rows and transaction id stay unchanged when the connection breaks %s', async (_, size) => {
    begin();
    const first = await scenario.synced(rows, { txn: 0xa });
    first.connection.drop();
    const second = await scenario.connection();
    const request = await playServerPart(second);
    const ports = Object.fromEntries(
      Array.from({ length: size }, (__, i) => [uuid(i + 10), { name: 'x'.repeat(60) }]),
    );
    second.reply(request, [false, uuid(0xb), initial({ Port: ports })]);
    second.drop();
    const again = await playServerPart(await scenario.connection());
    expect([again.params?.[3], scenario.client.replica.count('Port')]).toEqual([uuid(0xa), 0]);
    expect(scenario.client.replica.count('Switch')).toBe(1);
  });
});
