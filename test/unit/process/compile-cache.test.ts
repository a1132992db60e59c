import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { cacheFolder } from '../../../src/process/compile-cache.ts';

describe('the folder of what is compiled', () => {
  it("is in the user's own cache folder, by the XDG specification", () => {
    expect(cacheFolder({ XDG_CACHE_HOME: '/var/cache/me', HOME: '/home/me' })).toBe('/var/cache/me');
    expect(cacheFolder({ HOME: '/home/me' })).toBe('/home/me/.cache');
    expect(cacheFolder({ XDG_CACHE_HOME: 'not/absolute', HOME: '/home/me' })).toBe('/home/me/.cache');
  });

  it('is none where there is no such folder: not one that everybody may write to', () => {
    expect(cacheFolder({})).toBeUndefined();
    expect(cacheFolder({ HOME: '' })).toBeUndefined();
  });
});

describe('the program', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'overlay-compiled-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  /** Starts a command that has nothing to do: with `run`, since its settings are wrong. */
  const start = (command: 'run' | 'version', env: Record<string, string>) => {
    const program = join(import.meta.dirname, '../../../src/main.ts');
    const args = ['--disable-warning=ExperimentalWarning', program, command];
    if (command === 'run') args.push('--log-level=none');
    return spawnSync(process.execPath, args, {
      env: { PATH: process.env['PATH'], ...env },
      encoding: 'utf8',
    });
  };

  it('keeps what was compiled for the next start of the operator, and nothing of other commands', () => {
    const cache = join(folder, '.cache');
    expect(start('version', { HOME: folder })).toMatchObject({ status: 0, stderr: '' });
    expect(existsSync(cache)).toBe(false);
    expect(start('run', { HOME: folder })).toMatchObject({ status: 2, stdout: '' });
    expect(existsSync(join(cache, 'overlay-network/compiled'))).toBe(true);
  });

  it('keeps it where NODE_COMPILE_CACHE says, and runs as well where nothing can be kept', () => {
    const named = join(folder, 'named');
    const said = /^overlay-network: the configuration is not valid/;
    const wrong = { status: 2, stderr: expect.stringMatching(said) };
    expect(start('run', { HOME: folder, NODE_COMPILE_CACHE: named })).toMatchObject(wrong);
    expect([existsSync(named), existsSync(join(folder, '.cache'))]).toEqual([true, false]);
    expect(start('run', { HOME: '/dev/null' })).toMatchObject(wrong);
  });
});
