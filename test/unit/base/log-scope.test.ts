import { expect, it } from '@jest/globals';
import { inScope, scopedLog } from '../../../src/base/index.ts';
import { RecordingLog } from '../../support/reconcile/recording-log.ts';

it('gives each line the fields of its own scope, whatever runs beside it', async () => {
  const recording = new RecordingLog();
  const log = scopedLog(recording);
  const work = async (): Promise<void> => {
    log.debug('began');
    await new Promise(setImmediate);
    log.info('went on', { more: true });
  };
  await Promise.all(['a', 'b'].map((id) => inScope({ id }, work)));
  log.warn('outside');
  expect(recording.lines.map(({ id, message }) => [id ?? 'none', message].join(' ')).sort()).toEqual([
    'a began',
    'a went on',
    'b began',
    'b went on',
    'none outside',
  ]);
  expect(recording.lines.filter(({ more }) => more === true)).toHaveLength(2);
});
