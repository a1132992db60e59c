import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { followLogLevel } from '../../../src/cli/follow-log-level.ts';
import type { LogLevel } from '../../../src/process/log.ts';
import { eventually } from '../../support/eventually.ts';
import { RecordingLog } from '../../support/reconcile/recording-log.ts';

class LeveledLog extends RecordingLog {
  readonly levels: LogLevel[] = [];
  readonly setLevel = (level: LogLevel): void => void this.levels.push(level);
}

let dir: string;
let path: string;
let end: () => void = () => undefined;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'overlay-network-config-'));
  path = join(dir, 'config.yaml');
  writeFileSync(path, 'logLevel: info\n');
});
afterEach(() => {
  end();
  rmSync(dir, { recursive: true });
});

const follow = (env: Readonly<Record<string, string>> = {}): LeveledLog => {
  const log = new LeveledLog();
  end = followLogLevel({ file: path, env }, log, { pollIntervalMs: 10 });
  return log;
};
const messages = (log: LeveledLog): readonly unknown[] => log.lines.map(({ message }) => message);

it('followLogLevel applies a changed log level in the file', async () => {
  const log = follow();
  writeFileSync(path, 'logLevel: debug\n');
  await eventually(() => expect(log.levels).toEqual(['debug']));
});

it('followLogLevel keeps the log level that a variable sets, and reports other changed settings', async () => {
  const log = follow({ OVERLAY_NETWORK_LOG_LEVEL: 'error' });
  writeFileSync(path, 'logLevel: debug\nworkers: 3\n');
  await eventually(() =>
    expect(messages(log)).toEqual([
      'settings changed in the configuration file; restart the program to apply them',
    ]),
  );
  expect(log.levels).toEqual([]);
});

it('followLogLevel ignores and reports an invalid file, and continues after the file is corrected', async () => {
  const log = follow();
  writeFileSync(path, 'logLevel: loudest\n');
  await eventually(() =>
    expect(messages(log)).toEqual(['the changed configuration file is invalid and is ignored']),
  );
  expect(log.levels).toEqual([]);
  writeFileSync(path, 'logLevel: warn\n');
  await eventually(() => expect(log.levels).toEqual(['warn']));
});
