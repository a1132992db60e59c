import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { cacheFolder } from '../../../src/process/compile-cache.ts';

describe('the folder of the compile cache', () => {
  it("is the user's cache folder of the XDG specification", () => {
    expect(cacheFolder({ XDG_CACHE_HOME: '/var/cache/me', HOME: '/home/me' })).toBe('/var/cache/me');
    expect(cacheFolder({ HOME: '/home/me' })).toBe('/home/me/.cache');
    expect(cacheFolder({ XDG_CACHE_HOME: 'not/absolute', HOME: '/home/me' })).toBe('/home/me/.cache');
  });

  it('is undefined when the user has no cache folder, never a folder that other users can write to', () => {
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

  /** Starts a command that ends at once: `run` ends because its settings are invalid. */
  const start = (command: 'run' | 'version', env: Record<string, string>) => {
    const program = join(import.meta.dirname, '../../../src/main.ts');
    const args = ['--disable-warning=ExperimentalWarning', program, command];
    if (command === 'run') args.push('--log-level=none');
    return spawnSync(process.execPath, args, {
      env: { PATH: process.env['PATH'], ...env },
      encoding: 'utf8',
    });
  };

  it('caches compiled modules for `run`, and not for other commands', () => {
    const cache = join(folder, '.cache');
    expect(start('version', { HOME: folder })).toMatchObject({ status: 0, stderr: '' });
    expect(existsSync(cache)).toBe(false);
    expect(start('run', { HOME: folder })).toMatchObject({ status: 2, stdout: '' });
    expect(existsSync(join(cache, 'overlay-network/compiled'))).toBe(true);
  });

  it('uses the folder in NODE_COMPILE_CACHE, and runs without a cache when the folder is not writable', () => {
    const named = join(folder, 'named');
    const said = /^overlay-network: the configuration is invalid/;
    const wrong = { status: 2, stderr: expect.stringMatching(said) };
    expect(start('run', { HOME: folder, NODE_COMPILE_CACHE: named })).toMatchObject(wrong);
    expect([existsSync(named), existsSync(join(folder, '.cache'))]).toEqual([true, false]);
    expect(start('run', { HOME: '/dev/null' })).toMatchObject(wrong);
  });
});
