import { expect, it } from '@jest/globals';
import { RepairLog } from '../../../src/controllers/upkeep/repair-log.ts';
import { RecordingLog } from '../../support/reconcile/recording-log.ts';

it('the repair log has a line per repair, at most 20 lines per minute, and then the number of omitted lines', () => {
  const log = new RecordingLog();
  const writes = ['update Logical_Switch_Port (addresses)'];
  let now = 0;
  const repairs = new RepairLog(log, () => now);
  for (let index = 0; index < 1000; index++)
    repairs.record({ kind: 'Port', key: `default/${index}`, writes });
  expect(log.lines).toHaveLength(20);
  expect(log.lines[0]).toMatchObject({ level: 'warn', kind: 'Port', key: 'default/0' });
  now = 60_000;
  repairs.record({ kind: 'VPC', key: 'default/net', writes });
  repairs.record({ kind: 'VPC', key: 'default/other', writes });
  expect(log.lines.slice(20)).toMatchObject([{ key: 'default/net', unsaid: 980 }, { key: 'default/other' }]);
  expect(log.lines[21]).not.toHaveProperty('unsaid');
});
