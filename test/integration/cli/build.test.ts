import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { execFile } from 'node:child_process';
import { cp, mkdtemp, readFile, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const root = join(import.meta.dirname, '../../..');

/** Laid out as the image is: package.json, node_modules and dist, and neither sources nor CRDs. */
describe('what `npm run build` makes', () => {
  let folder: string;
  const program = (...args: string[]) =>
    run(process.execPath, [join(folder, 'dist/main.js'), ...args], { timeout: 20_000 });

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'overlay-build-'));
    await run(process.execPath, [
      join(root, 'node_modules/typescript/bin/tsc'),
      '-p',
      join(root, 'tsconfig.build.json'),
      // Types are checked by `npm run typecheck`.
      '--noCheck',
      '--outDir',
      join(folder, 'dist'),
    ]);
    await cp(join(root, 'package.json'), join(folder, 'package.json'));
    await symlink(join(root, 'node_modules'), join(folder, 'node_modules'));
  }, 120_000);
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it('runs, and says its version', async () => {
    const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as { version: string };
    expect((await program('version')).stdout).toBe(`${version}\n`);
  });

  it('loads the operator without crds/: it ends for want of the kubeconfig, and of nothing else', async () => {
    const failure = program('run', '--kubeconfig', join(folder, 'none'), '--listen-addr', '0');
    await expect(failure).rejects.toMatchObject({
      code: 1,
      stderr: expect.stringContaining(join(folder, 'none')),
    });
  });

  it('is what package.json names as the program', async () => {
    const { bin } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as {
      bin: Record<string, string>;
    };
    expect(bin['overlay-network']).toBe('dist/main.js');
    expect(await readFile(join(folder, 'dist/main.js'), 'utf8')).toMatch(/^#!\/usr\/bin\/env node\n/);
  });
});
