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
  end = followLogLevel({ file: path, env }, log, { lookMs: 10 });
  return log;
};
const said = (log: LeveledLog): readonly unknown[] => log.lines.map(({ message }) => message);

it('takes the level from the file when it changes there', async () => {
  const log = follow();
  writeFileSync(path, 'logLevel: debug\n');
  await eventually(() => expect(log.levels).toEqual(['debug']));
});

it('keeps the level that a variable sets', async () => {
  const log = follow({ OVERLAY_NETWORK_LOG_LEVEL: 'error' });
  writeFileSync(path, 'logLevel: debug\nworkers: 3\n');
  await eventually(() =>
    expect(said(log)).toEqual(['settings were changed in the file: they apply at the next start']),
  );
  expect(log.levels).toEqual([]);
});

it('does not use a file that is not valid any more, says so, and goes on when it is mended', async () => {
  const log = follow();
  writeFileSync(path, 'logLevel: loudest\n');
  await eventually(() =>
    expect(said(log)).toEqual(['the configuration file is not valid any more: it is not used']),
  );
  expect(log.levels).toEqual([]);
  writeFileSync(path, 'logLevel: warn\n');
  await eventually(() => expect(log.levels).toEqual(['warn']));
});
