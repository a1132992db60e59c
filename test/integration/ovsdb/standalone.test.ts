import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { DatabaseServer } from '../../../src/dev/ovn/processes.ts';
import { includes } from '../../../src/ovn/ovsdb/index.ts';
import type { OvsdbClient, RowChange } from '../../../src/ovn/ovsdb/index.ts';
import { connectTransport } from '../../../src/ovn/ovsdb/transport.ts';
import { build, freePort, Live, newSwitch, northbound, stateOf, until } from '../../support/ovsdb/live.ts';

let live: Live;
let server: DatabaseServer;

beforeAll(async () => {
  live = new Live();
  server = await live.database();
});
afterEach(() => live.stopClients());
afterAll(() => live.cleanUp());

function names(client: OvsdbClient): unknown[] {
  return [...client.replica.rows('Logical_Switch')].map((row) => row['name']).sort();
}

async function deleteSwitches(client: OvsdbClient): Promise<void> {
  await client.transact([build(client).deleteRow('Logical_Switch', [])]);
}

describe('a transaction on a real server', () => {
  it('is visible in the replica when it resolves, with hundreds in flight', async () => {
    const client = await live.started(server.remote);
    await Promise.all(
      Array.from({ length: 300 }, async (_, index) => {
        const { uuid, ports, operations } = newSwitch(client, `many-${index}`, 2);
        await client.transact(operations);
        expect(client.replica.get('Logical_Switch', uuid)?.['ports']).toEqual(new Set(ports));
        await client.transact([build(client).deleteRow('Logical_Switch', uuid)]);
        expect([uuid, ...ports].map((one) => client.replica.get('Logical_Switch_Port', one))).toEqual([
          undefined,
          undefined,
          undefined,
        ]);
      }),
    );
    expect(client.replica.count('Logical_Switch')).toBe(0);
  });

  it('is one change for other clients', async () => {
    const [writer, reader] = await Promise.all([live.started(server.remote), live.started(server.remote)]);
    const reported: (readonly RowChange[])[] = [];
    reader.replica.subscribe((changes) => reported.push(changes));
    const { uuid, operations } = newSwitch(writer, 'shared', 3);
    await writer.transact(operations);
    await until('the reader has the switch', () => reader.replica.get('Logical_Switch', uuid) !== undefined);
    expect(reported.map((changes) => changes.map(({ type, table }) => `${type} ${table}`).sort())).toEqual([
      ['insert Logical_Switch', ...Array.from({ length: 3 }, () => 'insert Logical_Switch_Port')],
    ]);
    await deleteSwitches(writer);
  });

  it('changes only the requested elements of sets and maps', async () => {
    const client = await live.started(server.remote);
    const builder = build(client);
    const { uuid, ports, operations } = newSwitch(client, 'mutated', 2);
    await client.transact(operations);
    const extra = randomUUID();
    const changes: RowChange[] = [];
    client.replica.subscribe((some) => changes.push(...some));
    await client.transact([
      builder.insert('Logical_Switch_Port', extra, { name: 'extra', tag: 7 }),
      builder.mutateSet('Logical_Switch', uuid, 'ports', 'insert', [extra]),
      builder.mutateSet('Logical_Switch', uuid, 'ports', 'delete', [ports[0]!]),
      builder.mutateMap('Logical_Switch', uuid, 'external_ids', {
        put: new Map([
          ['k', '1'],
          ['other', 'x'],
        ]),
      }),
    ]);
    await client.transact([
      builder.mutateMap('Logical_Switch', uuid, 'external_ids', {
        put: new Map([['k', '2']]),
        remove: ['none'],
      }),
      builder.update('Logical_Switch_Port', extra, { tag: new Set() }),
    ]);
    expect(client.replica.get('Logical_Switch', uuid)).toMatchObject({
      ports: new Set([ports[1], extra]),
      external_ids: new Map([
        ['k', '2'],
        ['other', 'x'],
      ]),
    });
    expect(client.replica.get('Logical_Switch_Port', extra)?.['tag']).toEqual(new Set());
    const portsChange = changes.find((change) => change.type === 'modify');
    expect(portsChange?.type === 'modify' && portsChange.changed.get('ports')).toEqual({
      added: [extra],
      removed: [ports[0]],
    });
    await deleteSwitches(client);
  });

  it('is rejected with the correct code and the index of the failed operation', async () => {
    const client = await live.started(server.remote);
    const builder = build(client);
    const { uuid, operations } = newSwitch(client, 'there', 1);
    await client.transact(operations);
    const same = { name: 'twice' };
    const cases: [Parameters<typeof client.transact>[0], string, number | undefined][] = [
      [[builder.comment('x'), builder.insert('Logical_Switch', uuid, {})], 'DUPLICATE_UUID', 1],
      [[builder.waitForNone('Logical_Switch', uuid), builder.comment('x')], 'TIMED_OUT', 0],
      [
        [builder.insert('Logical_Switch', randomUUID(), { ports: new Set([randomUUID()]) })],
        'REFERENTIAL_INTEGRITY',
        undefined,
      ],
      [
        [0, 1].map(() => builder.insert('Address_Set', randomUUID(), same)).flat(),
        'CONSTRAINT_VIOLATION',
        undefined,
      ],
      [[{ op: 'insert', table: 'Logical_Switch_Port', row: { tag: 5000 } }], 'CONSTRAINT_VIOLATION', 0],
      [[{ op: 'assert', lock: 'not_mine' }], 'NOT_OWNER', 0],
      [[{ op: 'insert', table: 'Nonsense', row: {} }], 'INVALID_REQUEST', 0],
    ];
    for (const [operation, code, operationIndex] of cases) {
      await expect(client.transact(operation)).rejects.toMatchObject({
        code,
        operationIndex,
        outcomeUnknown: false,
      });
    }
    expect(names(client)).toEqual(['there']);
    await deleteSwitches(client);
  });

  it('fails when a wait for a map entry fails', async () => {
    const client = await live.started(server.remote);
    const builder = build(client);
    const { uuid, operations } = newSwitch(client, 'fence');
    await client.transact(operations);
    await client.transact([
      builder.mutateMap('Logical_Switch', uuid, 'external_ids', { put: new Map([['epoch', '5']]) }),
    ]);
    const fence = (epoch: string) =>
      builder.waitForMatch('Logical_Switch', [
        { column: '_uuid', function: '==', value: uuid },
        includes('external_ids', new Map([['epoch', epoch]])),
      ]);
    await client.transact([fence('5'), builder.comment('passes')]);
    await expect(
      client.transact([fence('4'), builder.deleteRow('Logical_Switch', uuid)]),
    ).rejects.toMatchObject({
      code: 'TIMED_OUT',
      operationIndex: 0,
    });
    expect(client.replica.get('Logical_Switch', uuid)).toBeDefined();
    await deleteSwitches(client);
  });

  it('stores all accepted text unchanged, and rejected text does not affect other transactions', async () => {
    const client = await live.started(server.remote);
    const texts = ['猫🙂', 'a\u0001\u001f\u007f', '"\\/\b\f\n\r\t', '\\u0000', '\u2028', 'x'.repeat(100_000)];
    await client.transact(texts.flatMap((text) => newSwitch(client, text).operations));
    expect(names(client)).toEqual([...texts].sort());
    await expect(client.transact(newSwitch(client, 'nul \0').operations)).rejects.toMatchObject({
      code: 'INVALID_REQUEST',
      operationIndex: 0,
    });
    expect(client.connected).toBe(true);
    await deleteSwitches(client);
  });
});

describe('a replica with conditions', () => {
  it('contains the rows for which a condition holds, also after changes', async () => {
    const writer = await live.started(server.remote);
    const wanted = randomUUID();
    await writer.transact([
      build(writer).insert('Logical_Switch', wanted, { name: 'by-name' }),
      build(writer).insert('Logical_Switch', randomUUID(), { name: 'another' }),
      build(writer).insert('Address_Set', randomUUID(), { name: 'unconditional' }),
    ]);
    const reader = await live.started(server.remote, {
      conditions: {
        Logical_Switch: [
          { column: 'name', function: '==', value: 'by-name' },
          includes('external_ids', new Map([['mark', 'yes']])),
          { column: '_uuid', function: '==', value: randomUUID() },
        ],
        Logical_Switch_Port: [{ column: 'no-such-column', function: '==', value: 'x' }],
      },
    });
    expect(names(reader)).toEqual(['by-name']);
    expect(reader.replica.count('Address_Set')).toBe(1);
    const { uuid, operations } = newSwitch(writer, 'marked', 2);
    await writer.transact(operations);
    const mark = (change: Parameters<ReturnType<typeof build>['mutateMap']>[3]) =>
      writer.transact([build(writer).mutateMap('Logical_Switch', uuid, 'external_ids', change)]);
    await mark({ put: new Map([['mark', 'yes']]) });
    await until('the marked switch appears', () => names(reader).length === 2);
    expect(names(reader)).toEqual(['by-name', 'marked']);
    expect(reader.replica.count('Logical_Switch_Port')).toBe(0);
    await mark({ remove: ['mark'] });
    await until('the marked switch disappears', () => names(reader).length === 1);
    await deleteSwitches(writer);
    await writer.transact([build(writer).deleteRow('Address_Set', [])]);
    await until(
      'all rows are deleted',
      () => names(reader).length + reader.replica.count('Address_Set') === 0,
    );
  });
});

describe('a dump of thousands of rows', () => {
  it('reports every row once, and does not block the event loop', async () => {
    const writer = await live.started(server.remote);
    for (let batch = 0; batch < 4; batch++)
      await writer.transact(newSwitch(writer, `big-${batch}`, 1500).operations);
    const client = live.client(server.remote);
    let inserts = 0;
    client.replica.subscribe(
      (changes) => (inserts += changes.filter(({ type }) => type === 'insert').length),
    );
    let turns = 0;
    let running = true;
    const turn = (): void => {
      turns++;
      if (running) setImmediate(turn);
    };
    turn();
    await client.start({ timeoutMs: 20_000 });
    running = false;
    expect([client.replica.count('Logical_Switch_Port'), inserts]).toEqual([6000, 6004]);
    expect(turns).toBeGreaterThan(10);
    await deleteSwitches(writer);
    await until('all rows are deleted', () => client.replica.count('Logical_Switch_Port') === 0);
  });
});

describe('a client whose server fails', () => {
  it('reconnects with the same rows after a restart', async () => {
    const client = await live.started(server.remote);
    const { uuid, operations } = newSwitch(client, 'kept');
    await client.transact(operations);
    await server.kill();
    await stateOf(client, 'disconnected');
    expect(client.replica.get('Logical_Switch', uuid)).toBeDefined();
    const changes: RowChange[] = [];
    client.replica.subscribe((some) => changes.push(...some));
    await server.start();
    await stateOf(client, 'connected');
    expect(changes).toEqual([]);
    await deleteSwitches(client);
  });

  it('reports the differences when the server restarts with an old or empty file', async () => {
    const other = await live.database();
    const client = await live.started(other.remote);
    await client.transact(newSwitch(client, 'old').operations);
    await other.stop();
    const old = await readFile(other.file);
    await other.start();
    await stateOf(client, 'connected');
    await client.transact(newSwitch(client, 'new', 1).operations);
    await other.stop();
    await writeFile(other.file, old);
    const changes: RowChange[] = [];
    client.replica.subscribe((some) => changes.push(...some));
    await other.start();
    await stateOf(client, 'connected');
    expect(changes.map(({ type, table }) => `${type} ${table}`).sort()).toEqual([
      'delete Logical_Switch',
      'delete Logical_Switch_Port',
    ]);
    await other.stop();
    await rm(other.file);
    await live.tool('ovsdb-tool', 'create', other.file, northbound.schema);
    await other.start();
    await stateOf(client, 'connected');
    expect(names(client)).toEqual([]);
  });

  it('detects a silent server with a probe, and its transactions fail', async () => {
    const client = await live.started(server.remote, { probe: { intervalMs: 100, timeoutMs: 100 } });
    server.pause();
    const transaction = client.transact(newSwitch(client, 'unheard').operations);
    await expect(transaction).rejects.toMatchObject({ code: 'CONNECTION_LOST', outcomeUnknown: true });
    server.resume();
    await stateOf(client, 'connected');
    await deleteSwitches(client);
  });

  it('does not wait longer than the timeout for a server that never answers', async () => {
    server.pause();
    const client = live.client(server.remote, { timeouts: { requestMs: 100 } });
    await expect(client.start({ timeoutMs: 400 })).rejects.toMatchObject({ code: 'DEADLINE_EXCEEDED' });
    expect(client.lastError).toMatchObject({ code: 'DEADLINE_EXCEEDED' });
    server.resume();
    await stateOf(client, 'connected');
  });
});

describe('a client', () => {
  it('answers the probes of the server, so the server keeps the connection', async () => {
    const port = await freePort();
    const own = await live.database({ args: ['--remote=db:OVN_Northbound,NB_Global,connections'] });
    const admin = ['--db', own.remote, '--inactivity-probe=1000'];
    await live.tool('ovn-nbctl', ...admin, 'set-connection', `ptcp:${port}:127.0.0.1`);
    let probes = 0;
    const client = await live.started(`tcp:127.0.0.1:${port}`, {
      probe: { intervalMs: 0 },
      connect: async (remote, options) => {
        const transport = await connectTransport(remote, options);
        return {
          write: (text) => transport.write(text),
          destroy: () => transport.destroy(),
          onClose: (listener) => transport.onClose(listener),
          onData: (listener) =>
            transport.onData((chunk) => {
              probes += Number(chunk.includes('"method":"echo"'));
              listener(chunk);
            }),
        };
      },
    });
    let losses = 0;
    client.onState((state) => (losses += Number(state === 'disconnected')));
    // Without an answer to the first probe, the server would close the connection.
    await until('the server has probed three times', () => probes >= 3);
    expect(losses).toBe(0);
  });
});

describe('a client whose database changes', () => {
  it('stays connected and uses the new schema after a conversion', async () => {
    const own = await live.database();
    const client = await live.started(own.remote);
    let losses = 0;
    let sessions = 0;
    client.onState((state) => (state === 'connected' ? sessions++ : losses++));
    await client.transact(newSwitch(client, 'converted').operations);
    const schema = JSON.parse(await readFile(northbound.schema, 'utf8')) as {
      version: string;
      tables: Record<string, { columns: Record<string, unknown> }>;
    };
    delete schema.tables['Logical_Switch']!.columns['other_config'];
    schema.version = '99.0.0';
    const file = join(live.dir, 'converted.ovsschema');
    await writeFile(file, JSON.stringify(schema));
    expect(client.replica.hasColumn('Logical_Switch', 'other_config')).toBe(true);
    await live.tool('ovsdb-client', '--timeout=10', 'convert', own.remote, file);
    await until(
      'the client knows the new schema',
      () => client.connected && client.schema?.version === '99.0.0',
    );
    expect(client.replica.hasColumn('Logical_Switch', 'other_config')).toBe(false);
    expect(names(client)).toEqual(['converted']);
    expect([losses, sessions]).toEqual([1, 1]);
    await expect(
      client.transact([{ op: 'update', table: 'Logical_Switch', where: [], row: { name: 'after' } }]),
    ).resolves.toEqual([{ count: 1 }]);
  });

  it('waits while the server does not have the database', async () => {
    const own = await live.database();
    const client = await live.started(own.remote);
    await own.appctl('ovsdb-server/remove-db', northbound.name);
    await stateOf(client, 'disconnected');
    await until('the client reports the cause', () =>
      /does not have the database/.test(client.lastError?.message ?? ''),
    );
    await own.appctl('ovsdb-server/add-db', own.file);
    await stateOf(client, 'connected');
  });
});
