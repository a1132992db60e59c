import { describe, expect, it } from '@jest/globals';
import { inScope, scopedLog } from '../../../src/base/index.ts';
import { RecordingLog } from '../../support/reconcile/recording-log.ts';

describe('scopedLog', () => {
  it('adds the fields of its own scope to each line of concurrent work', async () => {
    const recording = new RecordingLog();
    const log = scopedLog(recording);
    const work = async (): Promise<void> => {
      log.debug('started');
      await new Promise(setImmediate);
      log.info('continued', { more: true });
    };
    await Promise.all(['a', 'b'].map((id) => inScope({ id }, work)));
    log.warn('outside');
    expect(recording.lines.map(({ id, message }) => [id ?? 'none', message].join(' ')).sort()).toEqual([
      'a continued',
      'a started',
      'b continued',
      'b started',
      'none outside',
    ]);
    expect(recording.lines.filter(({ more }) => more === true)).toHaveLength(2);
  });
});
