import { describe, expect, it } from '@jest/globals';
import { includes, OperationBuilder } from '../../../src/ovn/ovsdb/index.ts';
import { parseSchema } from '../../../src/ovn/ovsdb/schema.ts';
import { readResults } from '../../../src/ovn/ovsdb/transact.ts';
import { Scenario, testSchema, uuid } from '../../support/ovsdb/scripted-server.ts';

const schema = parseSchema(testSchema);
const build = new OperationBuilder(schema);
const [s, p] = [uuid(1), uuid(2)];

describe('an operation builder', () => {
  it('sends the UUID that the client chose for an insert', () => {
    expect(
      build.insert('Switch', s, { name: 'a', ports: new Set([p]), ids: new Map([['k', 'v']]), tag: 5 }),
    ).toEqual({
      op: 'insert',
      table: 'Switch',
      uuid: s,
      row: { name: 'a', ports: ['set', [['uuid', p]]], ids: ['map', [['k', 'v']]], tag: 5 },
    });
  });

  it('accepts a UUID or conditions as a target', () => {
    expect(build.deleteRow('Switch', s)).toEqual({
      op: 'delete',
      table: 'Switch',
      where: [['_uuid', '==', ['uuid', s]]],
    });
    expect(build.update('Switch', [includes('ids', new Map([['k', 'v']]))], { tag: new Set() })).toEqual({
      op: 'update',
      table: 'Switch',
      where: [['ids', 'includes', ['map', [['k', 'v']]]]],
      row: { tag: ['set', []] },
    });
  });

  it('mutates the elements of a set', () => {
    expect(build.mutateSet('Switch', s, 'ports', 'delete', [p])).toMatchObject({
      op: 'mutate',
      mutations: [['ports', 'delete', ['set', [['uuid', p]]]]],
    });
  });

  it('deletes and inserts a map entry in one operation, because insert never overwrites', () => {
    const operation = build.mutateMap('Switch', s, 'ids', { put: new Map([['a', '1']]), remove: ['b'] });
    expect(operation['mutations']).toEqual([
      ['ids', 'delete', ['set', ['b', 'a']]],
      ['ids', 'insert', ['map', [['a', '1']]]],
    ]);
    expect(build.mutateMap('Switch', s, 'ids', { remove: ['b'] })['mutations']).toHaveLength(1);
  });

  it('sends wait with the timeout 0', () => {
    expect(build.waitForMatch('Switch', s)).toMatchObject({
      timeout: 0,
      until: '!=',
      columns: ['_uuid'],
      rows: [],
    });
    expect(build.waitForNone('Switch', s)).toMatchObject({
      timeout: 0,
      until: '==',
      columns: ['_uuid'],
      rows: [],
    });
    const exact = build.wait('Switch', s, { columns: ['tag'], until: '==', rows: [{ tag: new Set([5]) }] });
    expect(exact).toMatchObject({ columns: ['tag'], rows: [{ tag: ['set', [5]] }] });
  });

  it.each([
    ['a column', () => build.update('Switch', s, { tier: 1 })],
    ['a table', () => build.deleteRow('Meter', s)],
    ['a column in a mutation', () => build.mutateSet('Switch', s, 'nat', 'insert', [p])],
  ])('rejects %s that the schema lacks', (_, make) => {
    expect(make).toThrow(expect.objectContaining({ code: 'SCHEMA_MISMATCH' }));
  });
});

describe('the results of a transaction', () => {
  const operations = [
    build.insert('Switch', s, {}),
    build.deleteRow('Port', p),
    build.waitForMatch('Switch', s),
  ];

  it('contain UUIDs and counts', () => {
    expect(readResults(schema, operations, [{ uuid: ['uuid', s] }, { count: 1 }, {}])).toEqual([
      { uuid: s },
      { count: 1 },
      {},
    ]);
  });

  it('contain the decoded rows of a select', () => {
    const rows = [{ _uuid: ['uuid', s], ports: ['uuid', p], tag: ['set', []] }];
    expect(readResults(schema, [build.select('Switch', s, ['ports', 'tag'])], [{ rows }])).toEqual([
      { rows: [{ _uuid: s, ports: new Set([p]), tag: new Set() }] },
    ]);
  });

  it.each([
    ['constraint violation', 'CONSTRAINT_VIOLATION'],
    ['duplicate uuid', 'DUPLICATE_UUID'],
    ['timed out', 'TIMED_OUT'],
    ['not owner', 'NOT_OWNER'],
    ['canceled', 'CANCELED'],
    ['something new', 'SERVER_ERROR'],
  ])('with the error "%s" of an operation throw %s with its index', (error, code) => {
    const result = [{ uuid: ['uuid', s] }, { error, details: 'why' }, null];
    expect(() => readResults(schema, operations, result)).toThrow(
      expect.objectContaining({ code, operationIndex: 1, serverError: error, outcomeUnknown: false }),
    );
  });

  it('with an additional element throw an error of the commit without an index', () => {
    const result = [
      { uuid: ['uuid', s] },
      { count: 1 },
      {},
      { error: 'referential integrity violation', details: '' },
    ];
    expect(() => readResults(schema, operations, result)).toThrow(
      expect.objectContaining({ code: 'REFERENTIAL_INTEGRITY', operationIndex: undefined }),
    );
  });

  it.each([[undefined], [{}], [[]], [[{}, null, {}]]])('cannot be %j for three operations', (result) => {
    expect(() => readResults(schema, operations, result)).toThrow(
      expect.objectContaining({ code: 'PROTOCOL_ERROR' }),
    );
  });
});

describe('a transaction', () => {
  it('resolves only after the replica shows its effect', async () => {
    const scenario = new Scenario();
    const started = scenario.client.start();
    const { connection, monitorId } = await scenario.synced();
    await started;
    const seen = scenario.client
      .transact([build.insert('Port', p, { name: 'p' })])
      .then(() => scenario.client.replica.get('Port', p)?.['name']);
    const request = await connection.request('transact');
    expect(request.params).toEqual(['Test', { op: 'insert', table: 'Port', uuid: p, row: { name: 'p' } }]);
    connection.notify('update3', monitorId, uuid(0xb), { Port: { [p]: { insert: { name: 'p' } } } });
    connection.reply(request, [{ uuid: ['uuid', p] }]);
    await expect(seen).resolves.toBe('p');
    await scenario.stop();
  });

  it('with text that OVS rejects fails with the index of the operation, and is not sent', async () => {
    const scenario = new Scenario();
    void scenario.client.start();
    const { connection } = await scenario.synced();
    const bad = [build.deleteRow('Port', p), build.insert('Port', p, { name: 'nul \0' })];
    await expect(scenario.client.transact(bad)).rejects.toMatchObject({
      code: 'INVALID_REQUEST',
      operationIndex: 1,
    });
    expect(connection.methods).toEqual([]);
    await scenario.stop();
  });

  it('fails at once while the client is disconnected', async () => {
    const scenario = new Scenario();
    await expect(scenario.client.transact([build.comment('x')])).rejects.toMatchObject({
      code: 'NOT_CONNECTED',
      outcomeUnknown: false,
    });
  });
});
