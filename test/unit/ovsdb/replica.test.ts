import { describe, expect, it, jest } from '@jest/globals';
import { silentLogger } from '../../../src/base/index.ts';
import { ReplicaStore } from '../../../src/ovn/ovsdb/replica.ts';
import { intersectSchema, parseSchema } from '../../../src/ovn/ovsdb/schema.ts';
import type { RowChange } from '../../../src/ovn/ovsdb/values.ts';
import { initial, testSchema, testTables, uuid } from '../../support/ovsdb/scripted-server.ts';

const schema = parseSchema(testSchema);
const [a, b, p, q] = [uuid(1), uuid(2), uuid(3), uuid(4)];

function store(): { replica: ReplicaStore; reported: (readonly RowChange[])[] } {
  const replica = new ReplicaStore();
  replica.setTables(intersectSchema(schema, testTables));
  const reported: (readonly RowChange[])[] = [];
  replica.subscribe((changes) => reported.push(changes));
  return { replica, reported };
}

async function filled(): Promise<ReturnType<typeof store>> {
  const made = store();
  await made.replica.applyDump(
    2,
    initial({ Switch: { [a]: { name: 'a', ports: ['uuid', p], ids: ['map', [['k', 'v']]] } } }),
  );
  made.reported.length = 0;
  return made;
}

describe('the replica', () => {
  it('sets the defaults of columns that a row does not contain', async () => {
    const { replica } = store();
    await replica.applyDump(2, initial({ Switch: { [a]: { name: 'a' } } }));
    expect(replica.get('Switch', a)).toEqual({
      _uuid: a,
      name: 'a',
      ports: new Set(),
      ids: new Map(),
      tag: new Set(),
    });
    expect([replica.count('Switch'), replica.count('Port'), replica.count('Nothing')]).toEqual([1, 0, 0]);
  });

  it('reports all changes of one update in one call, after it has applied all of them', async () => {
    const { replica, reported } = await filled();
    const seen: unknown[] = [];
    replica.subscribe(() => seen.push(replica.count('Port'), replica.get('Switch', a)?.['name']));
    await replica.applyUpdate(2, {
      Port: { [p]: { insert: { name: 'p' } }, [q]: { insert: { name: 'q' } } },
      Switch: {
        [a]: {
          modify: {
            name: 'A',
            ports: [
              'set',
              [
                ['uuid', p],
                ['uuid', q],
              ],
            ],
          },
        },
      },
    });
    expect(reported).toHaveLength(1);
    expect(reported[0]?.map(({ type, table }) => `${type} ${table}`)).toEqual([
      'insert Port',
      'insert Port',
      'modify Switch',
    ]);
    expect(seen).toEqual([2, 'A']);
  });

  it('updates rows and sets in place, and reports the difference of a set', async () => {
    const { replica, reported } = await filled();
    const row = replica.get('Switch', a)!;
    const ports = row['ports'];
    await replica.applyUpdate(2, {
      Switch: {
        [a]: {
          modify: {
            ports: [
              'set',
              [
                ['uuid', p],
                ['uuid', q],
              ],
            ],
          },
        },
      },
    });
    expect(replica.get('Switch', a)).toBe(row);
    expect(row['ports']).toBe(ports);
    expect(ports).toEqual(new Set([q]));
    const change = reported[0]?.[0];
    expect(change?.type === 'modify' && change.changed).toEqual(
      new Map([['ports', { added: [q], removed: [p] }]]),
    );
  });

  it('reports the old map unchanged', async () => {
    const { replica, reported } = await filled();
    await replica.applyUpdate(2, { Switch: { [a]: { modify: { ids: ['map', [['k', 'w']]] } } } });
    const change = reported[0]?.[0];
    expect(change?.type === 'modify' && change.changed.get('ids')).toEqual({ old: new Map([['k', 'v']]) });
    expect(replica.get('Switch', a)?.['ids']).toEqual(new Map([['k', 'w']]));
  });

  it('reports only the differences of a new dump', async () => {
    const { replica, reported } = await filled();
    const row = replica.get('Switch', a);
    const same = { name: 'a', ports: ['uuid', p], ids: ['map', [['k', 'v']]] };
    await replica.applyDump(2, initial({ Switch: { [a]: same } }));
    expect(reported).toEqual([]);
    await replica.applyDump(2, initial({ Switch: { [a]: { ...same, name: 'A' }, [b]: { name: 'b' } } }));
    expect(reported.flat().map(({ type, row: { _uuid } }) => [type, _uuid])).toEqual([
      ['modify', a],
      ['insert', b],
    ]);
    expect(replica.get('Switch', a)).toBe(row);
    reported.length = 0;
    await replica.applyDump(2, {});
    expect(reported.flat().map(({ type }) => type)).toEqual(['delete', 'delete']);
    expect(replica.count('Switch')).toBe(0);
  });

  it('applies the complete rows of the method monitor', async () => {
    const { replica, reported } = store();
    await replica.applyDump(1, {
      Switch: { [a]: { new: { name: 'a', ports: ['set', []], ids: ['map', []], tag: 5 } } },
    });
    await replica.applyUpdate(1, {
      Switch: {
        [a]: { old: { tag: 5 }, new: { name: 'a', ports: ['set', []], ids: ['map', []], tag: ['set', []] } },
      },
    });
    const change = reported[1]?.[0];
    expect(change?.type === 'modify' && change.changed).toEqual(
      new Map([['tag', { added: [], removed: [5] }]]),
    );
    await replica.applyUpdate(1, { Switch: { [a]: { old: { name: 'a' } } } });
    expect(reported[2]?.[0]).toMatchObject({ type: 'delete', row: { _uuid: a, name: 'a' } });
  });

  it.each([
    ['a change of an unknown row', { Switch: { [b]: { modify: { name: 'x' } } } }],
    ['a table that is not monitored', { Router: { [b]: { insert: {} } } }],
    ['a value of the wrong type', { Switch: { [a]: { modify: { name: 5 } } } }],
    ['an update that is not an object', { Switch: [] }],
  ])('rejects %s, and applies no part of the update', async (_, bad) => {
    const { replica, reported } = await filled();
    expect(() => replica.applyUpdate(2, { Port: { [q]: { insert: { name: 'q' } } }, ...bad })).toThrow(
      expect.objectContaining({ code: 'PROTOCOL_ERROR' }),
    );
    expect(replica.count('Port')).toBe(0);
    expect(reported).toEqual([]);
  });

  it('does not apply an update that is no longer needed', async () => {
    const { replica, reported } = await filled();
    expect(replica.applyUpdate(2, { Switch: { [a]: { delete: null } } }, () => false)).toBe(false);
    expect(await replica.applyDump(2, {}, () => false)).toBe(false);
    expect([replica.count('Switch'), reported.length]).toEqual([1, 0]);
  });

  it('reports a large dump in parts, after it has applied all of it', async () => {
    const { replica } = store();
    const sizes: number[] = [];
    const counts = new Set<number>();
    replica.subscribe((changes) => {
      sizes.push(changes.length);
      counts.add(replica.count('Port'));
    });
    const ports = Object.fromEntries(
      Array.from({ length: 2500 }, (_, i) => [uuid(i + 10), { name: `p${i}` }]),
    );
    await replica.applyDump(2, initial({ Port: ports }));
    expect(sizes).toEqual([1000, 1000, 500]);
    expect([...counts]).toEqual([2500]);
  });

  it('logs the error of a listener, and calls the other listeners', async () => {
    const error = jest.fn();
    const replica = new ReplicaStore({ ...silentLogger, error });
    replica.setTables(intersectSchema(schema, testTables));
    const other = jest.fn();
    replica.subscribe(() => {
      throw new Error('listener');
    });
    const end = replica.subscribe(other);
    await replica.applyDump(2, initial({ Port: { [p]: { name: 'p' } } }));
    expect(error).toHaveBeenCalledTimes(1);
    expect(other).toHaveBeenCalledTimes(1);
    end();
    await replica.applyUpdate(2, { Port: { [p]: { delete: null } } });
    expect(other).toHaveBeenCalledTimes(1);
  });

  it('contains only columns of the schema', () => {
    const { replica } = store();
    expect(replica.hasColumn('Switch', 'name')).toBe(true);
    expect(
      replica.setTables(intersectSchema(schema, { Switch: ['name', 'nonsense'], Nonsense: ['x'] })),
    ).toBe(true);
    expect([replica.hasColumn('Switch', 'nonsense'), replica.hasColumn('Nonsense', 'x')]).toEqual([
      false,
      false,
    ]);
  });

  it('keeps its rows when the schema gets a column, and deletes the rows of a removed table', async () => {
    const { replica, reported } = store();
    replica.setTables(intersectSchema(schema, { Switch: ['name', 'tag'], Port: ['name'] }));
    await replica.applyDump(
      2,
      initial({ Switch: { [a]: { name: 'a', tag: 7 } }, Port: { [p]: { name: 'p' } } }),
    );
    reported.length = 0;
    expect(replica.setTables(intersectSchema(schema, { Switch: ['name', 'ports'] }))).toBe(true);
    expect(replica.get('Switch', a)).toEqual({ _uuid: a, name: 'a', ports: new Set() });
    expect(reported.flat()).toMatchObject([{ type: 'delete', table: 'Port', row: { _uuid: p } }]);
    expect(replica.setTables(intersectSchema(schema, { Switch: ['name', 'ports'] }))).toBe(false);
  });
});
