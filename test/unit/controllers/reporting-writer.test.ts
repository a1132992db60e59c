import { expect, it } from '@jest/globals';
import { ReportingWriter } from '../../../src/controllers/upkeep/reporting-writer.ts';
import {
  ApplyError,
  nothing,
  type ApplyResult,
  type DriftListener,
  type RowWriter,
} from '../../../src/ovn/index.ts';
import { RecordingLog } from '../../support/reconcile/recording-log.ts';

const owner = { kind: 'Port', namespace: 'default', name: 'web', uid: 'u' };
const wrote: ApplyResult = { changed: true, writes: ['update Logical_Switch_Port (addresses)'] };

function setUp(apply: () => Promise<ApplyResult>) {
  const log = new RecordingLog();
  const repairs: unknown[] = [];
  const counted: string[] = [];
  let drift: DriftListener = () => undefined;
  const inner = {
    apply,
    onDrift: (listener: DriftListener) => {
      drift = listener;
      return () => undefined;
    },
  } as unknown as RowWriter;
  const writer = new ReportingWriter(() => inner, {
    log,
    repairs: { record: (repair) => repairs.push(repair) },
    repaired: (kind) => counted.push(kind),
  });
  writer.onDrift(() => undefined);
  return { writer, log, repairs, counted, drift: (cause: 'changed' | 'awaited') => drift(owner, cause) };
}

it('the reporting writer logs each write, and nothing if no row changed', async () => {
  let result: ApplyResult = wrote;
  const { writer, log, repairs } = setUp(() => Promise.resolve(result));
  await writer.apply(owner, nothing);
  result = { changed: false, writes: [] };
  await writer.apply(owner, nothing);
  expect(log.lines).toEqual([{ level: 'debug', message: 'wrote rows to OVN', writes: wrote.writes }]);
  expect(repairs).toEqual([]);
});

it('the reporting writer reports a repair once, and only after another program changed rows', async () => {
  let result: ApplyResult = { changed: false, writes: [] };
  const { writer, repairs, counted, drift } = setUp(() => Promise.resolve(result));
  drift('changed');
  await writer.apply(owner, nothing); // The rows did not differ.
  result = wrote;
  await writer.apply(owner, nothing); // A user edited the object.
  drift('awaited');
  await writer.apply(owner, nothing); // The awaited row appeared.
  expect({ repairs, counted }).toEqual({ repairs: [], counted: [] });
  drift('changed');
  await writer.apply(owner, nothing);
  await writer.apply(owner, nothing);
  expect(repairs).toEqual([{ kind: 'Port', key: 'default/web', writes: wrote.writes }]);
  expect(counted).toEqual(['Port']);
});

it('the reporting writer logs an error for rows that OVN does not accept', async () => {
  const { writer, log } = setUp(() =>
    Promise.reject(new ApplyError('INVALID_ROW', 'the column has no such key')),
  );
  await expect(writer.apply(owner, nothing)).rejects.toMatchObject({ code: 'INVALID_ROW' });
  expect(log.lines).toMatchObject([{ level: 'error', code: 'INVALID_ROW' }]);
});
