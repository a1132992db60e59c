import { describe, expect, it, jest } from '@jest/globals';
import { silentLogger } from '../../../src/base/index.ts';
import { ReplicaStore } from '../../../src/ovn/ovsdb/replica.ts';
import { intersectSchema, parseSchema } from '../../../src/ovn/ovsdb/schema.ts';
import type { RowChange } from '../../../src/ovn/ovsdb/values.ts';
import { initial, testSchema, testTables, uuid } from '../../support/ovsdb/scripted-server.ts';

const schema = parseSchema(testSchema);
const [a, b, p, q] = [uuid(1), uuid(2), uuid(3), uuid(4)];

function store(): { replica: ReplicaStore; told: (readonly RowChange[])[] } {
  const replica = new ReplicaStore();
  replica.setTables(intersectSchema(schema, testTables));
  const told: (readonly RowChange[])[] = [];
  replica.subscribe((changes) => told.push(changes));
  return { replica, told };
}

async function filled(): Promise<ReturnType<typeof store>> {
  const made = store();
  await made.replica.applyDump(
    2,
    initial({ Switch: { [a]: { name: 'a', ports: ['uuid', p], ids: ['map', [['k', 'v']]] } } }),
  );
  made.told.length = 0;
  return made;
}

describe('the replica', () => {
  it('gives columns left out of a row their defaults', async () => {
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

  it('tells all changes of one update in one call, after all are made', async () => {
    const { replica, told } = await filled();
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
    expect(told).toHaveLength(1);
    expect(told[0]?.map(({ type, table }) => `${type} ${table}`)).toEqual([
      'insert Port',
      'insert Port',
      'modify Switch',
    ]);
    expect(seen).toEqual([2, 'A']);
  });

  it('updates rows in place, sets too, and tells a set by its difference', async () => {
    const { replica, told } = await filled();
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
    const change = told[0]?.[0];
    expect(change?.type === 'modify' && change.changed).toEqual(
      new Map([['ports', { added: [q], removed: [p] }]]),
    );
  });

  it('tells the map that was there before, untouched', async () => {
    const { replica, told } = await filled();
    await replica.applyUpdate(2, { Switch: { [a]: { modify: { ids: ['map', [['k', 'w']]] } } } });
    const change = told[0]?.[0];
    expect(change?.type === 'modify' && change.changed.get('ids')).toEqual({ old: new Map([['k', 'v']]) });
    expect(replica.get('Switch', a)?.['ids']).toEqual(new Map([['k', 'w']]));
  });

  it('turns a new dump into the changes it makes, and says nothing when it makes none', async () => {
    const { replica, told } = await filled();
    const row = replica.get('Switch', a);
    const same = { name: 'a', ports: ['uuid', p], ids: ['map', [['k', 'v']]] };
    await replica.applyDump(2, initial({ Switch: { [a]: same } }));
    expect(told).toEqual([]);
    await replica.applyDump(2, initial({ Switch: { [a]: { ...same, name: 'A' }, [b]: { name: 'b' } } }));
    expect(told.flat().map(({ type, row: { _uuid } }) => [type, _uuid])).toEqual([
      ['modify', a],
      ['insert', b],
    ]);
    expect(replica.get('Switch', a)).toBe(row);
    told.length = 0;
    await replica.applyDump(2, {});
    expect(told.flat().map(({ type }) => type)).toEqual(['delete', 'delete']);
    expect(replica.count('Switch')).toBe(0);
  });

  it('understands the whole rows of a plain monitor', async () => {
    const { replica, told } = store();
    await replica.applyDump(1, {
      Switch: { [a]: { new: { name: 'a', ports: ['set', []], ids: ['map', []], tag: 5 } } },
    });
    await replica.applyUpdate(1, {
      Switch: {
        [a]: { old: { tag: 5 }, new: { name: 'a', ports: ['set', []], ids: ['map', []], tag: ['set', []] } },
      },
    });
    const change = told[1]?.[0];
    expect(change?.type === 'modify' && change.changed).toEqual(
      new Map([['tag', { added: [], removed: [5] }]]),
    );
    await replica.applyUpdate(1, { Switch: { [a]: { old: { name: 'a' } } } });
    expect(told[2]?.[0]).toMatchObject({ type: 'delete', row: { _uuid: a, name: 'a' } });
  });

  it.each([
    ['a change of a row that is not held', { Switch: { [b]: { modify: { name: 'x' } } } }],
    ['a table that is not monitored', { Router: { [b]: { insert: {} } } }],
    ['a value of the wrong type', { Switch: { [a]: { modify: { name: 5 } } } }],
    ['an update that is no object', { Switch: [] }],
  ])('refuses %s, and leaves no half of the update behind', async (_, bad) => {
    const { replica, told } = await filled();
    expect(() => replica.applyUpdate(2, { Port: { [q]: { insert: { name: 'q' } } }, ...bad })).toThrow(
      expect.objectContaining({ code: 'PROTOCOL_ERROR' }),
    );
    expect(replica.count('Port')).toBe(0);
    expect(told).toEqual([]);
  });

  it('changes nothing when the update is no longer wanted', async () => {
    const { replica, told } = await filled();
    expect(replica.applyUpdate(2, { Switch: { [a]: { delete: null } } }, () => false)).toBe(false);
    expect(await replica.applyDump(2, {}, () => false)).toBe(false);
    expect([replica.count('Switch'), told.length]).toEqual([1, 0]);
  });

  it('tells a large dump in parts, once it holds all of it', async () => {
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

  it('logs a subscriber that throws, and tells the others all the same', async () => {
    const error = jest.fn();
    const replica = new ReplicaStore({ ...silentLogger, error });
    replica.setTables(intersectSchema(schema, testTables));
    const other = jest.fn();
    replica.subscribe(() => {
      throw new Error('mine');
    });
    const end = replica.subscribe(other);
    await replica.applyDump(2, initial({ Port: { [p]: { name: 'p' } } }));
    expect(error).toHaveBeenCalledTimes(1);
    expect(other).toHaveBeenCalledTimes(1);
    end();
    await replica.applyUpdate(2, { Port: { [p]: { delete: null } } });
    expect(other).toHaveBeenCalledTimes(1);
  });

  it('holds only columns that the schema has', () => {
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

  it('keeps its rows when the schema gains a column, and loses those of a table that is gone', async () => {
    const { replica, told } = store();
    replica.setTables(intersectSchema(schema, { Switch: ['name', 'tag'], Port: ['name'] }));
    await replica.applyDump(
      2,
      initial({ Switch: { [a]: { name: 'a', tag: 7 } }, Port: { [p]: { name: 'p' } } }),
    );
    told.length = 0;
    expect(replica.setTables(intersectSchema(schema, { Switch: ['name', 'ports'] }))).toBe(true);
    expect(replica.get('Switch', a)).toEqual({ _uuid: a, name: 'a', ports: new Set() });
    expect(told.flat()).toMatchObject([{ type: 'delete', table: 'Port', row: { _uuid: p } }]);
    expect(replica.setTables(intersectSchema(schema, { Switch: ['name', 'ports'] }))).toBe(false);
  });
});
