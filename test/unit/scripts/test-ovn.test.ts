import { describe, expect, it } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

const script = join(import.meta.dirname, '../../../scripts/test-ovn.mjs');

describe('npm run test:ovn', () => {
  it.each([
    ['no release', []],
    ['a release that is not a name', ['--release', '../etc']],
    ['an unknown option', ['--relase', 'sid']],
  ])('refuses %s, and prints its usage', (_what, args) => {
    const { status, stderr, stdout } = spawnSync(process.execPath, [script, ...args], { encoding: 'utf8' });
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
    expect(stderr).toMatch(/Usage: npm run test:ovn -- --release NAME/);
  });
});
