import { describe, expect, it } from '@jest/globals';
import { Template } from '../../../bench/template.ts';

describe('a template of the writes for a Port', () => {
  const uid = '11111111-aaaa-4aaa-8aaa-111111111111';
  const row = '22222222-bbbb-5bbb-8bbb-222222222222';
  const other = '33333333-cccc-5ccc-8ccc-333333333333';
  const template = new Template({
    operations: JSON.stringify([
      { op: 'insert', uuid: row, row: { name: uid, addresses: '0a:58:0a:00:4d:4d 10.0.77.77' } },
      {
        op: 'mutate',
        where: [['_uuid', '==', ['uuid', other]]],
        mutations: [['ports', 'insert', ['uuid', row]]],
      },
    ]),
    status: JSON.stringify({
      status: { interfaceID: uid, ipAddress: '10.0.77.77', message: 'sample is 10x077x77' },
    }),
    variables: [uid, row, 'sample', '10.0.77.77', '0a:58:0a:00:4d:4d'],
  });

  it('returns the writes for another Port with consistent names and a new row UUID', () => {
    const { operations, status } = template.fill('port-7', 'uid-7', 513);
    const [insert, mutate] = JSON.parse(operations) as [
      { uuid: string; row: unknown },
      { where: unknown; mutations: unknown },
    ];
    expect(insert.uuid).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4/);
    expect(insert.row).toEqual({ name: 'uid-7', addresses: '0a:00:00:00:02:01 10.0.2.1' });
    expect(mutate.where).toEqual([['_uuid', '==', ['uuid', other]]]);
    expect(mutate.mutations).toEqual([['ports', 'insert', ['uuid', insert.uuid]]]);
    expect(JSON.parse(status)).toEqual({
      status: { interfaceID: 'uid-7', ipAddress: '10.0.2.1', message: 'port-7 is 10x077x77' },
    });
    expect(template.fill('port-7', 'uid-7', 513).operations).not.toBe(operations);
  });
});
