import { beforeEach, expect, it } from '@jest/globals';
import { Failures } from '../../../src/ovn/ovsdb/failures.ts';
import { RecordingLog } from '../../support/reconcile/recording-log.ts';

let log: RecordingLog;
let failures: Failures;
beforeEach(() => {
  log = new RecordingLog();
  failures = new Failures(log, 'OVN_Northbound', 2);
});
const warnings = () => log.lines.flatMap(({ level, reasons }) => (level === 'warn' ? [reasons] : []));

it('warns once when every remote has failed, with the reason of each of them', () => {
  failures.add('tcp:127.0.0.1:1', 'refused');
  expect(warnings()).toEqual([]);
  for (let time = 0; time < 3; time++) failures.add('tcp:127.0.0.1:2', 'tcp:127.0.0.1:2 is not the leader');
  expect(warnings()).toEqual(['tcp:127.0.0.1:1: refused; tcp:127.0.0.1:2 is not the leader']);
  expect(failures.describe()).toBe(`not connected: ${String(warnings()[0])}`);
});

it('warns again when a reason changes, and after a connection', () => {
  for (const reason of ['refused', 'timed out'])
    for (const remote of ['a', 'b']) failures.add(remote, reason);
  expect(warnings().at(-1)).toBe('a: timed out; b: timed out');
  failures.clear();
  expect(failures.describe()).toBe('not connected');
  const before = warnings().length;
  for (const remote of ['a', 'b']) failures.add(remote, 'timed out');
  expect(warnings()).toHaveLength(before + 1);
});
