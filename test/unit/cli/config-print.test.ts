import { expect, it } from '@jest/globals';
import { PassThrough } from 'node:stream';
import { configSettings } from '../../../src/config/index.ts';
import { runProgram } from '../../../src/cli/program.ts';

const called = async (args: readonly string[], env: Readonly<Record<string, string>> = {}) => {
  const stdout = new PassThrough();
  const stderr = new PassThrough();
  const { signal } = new AbortController();
  const code = await runProgram(['config', ...args], { stdout, stderr, env, signal });
  return { code, stdout: String(stdout.read() ?? ''), stderr: String(stderr.read() ?? '') };
};

it('`config print` prints every setting with its value and its source', async () => {
  const { code, stdout } = await called(['print', '--workers', '3'], { OVERLAY_NETWORK_LOG_LEVEL: 'warn' });
  expect(code).toBe(0);
  const lines = stdout.trimEnd().split('\n');
  expect(lines).toHaveLength(configSettings.length + 1);
  expect(lines.map((line) => line.split(/ {3,}/)).filter(([, , source]) => source !== 'default')).toEqual(
    expect.arrayContaining([
      ['SETTING', 'VALUE', 'SET BY'],
      ['workers', '3', '--workers'],
      ['logLevel', 'warn', 'OVERLAY_NETWORK_LOG_LEVEL'],
    ]),
  );
});

it('`config print --json` prints the settings as JSON', async () => {
  const { stdout } = await called(['print', '--json']);
  const { settings } = JSON.parse(stdout) as { settings: unknown[] };
  expect(settings).toContainEqual({ key: 'cidrPool', value: '10.0.0.0/8', source: 'default' });
});

it('`config print` lists invalid settings and exits with status 2', async () => {
  const { code, stderr } = await called(['print', '--workers', 'many']);
  expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringContaining('--workers must be') });
});

it.each([[[]], [['show']], [['print', 'more']]])('`config %j` exits with status 2', async (args) => {
  expect((await called(args)).code).toBe(2);
});
