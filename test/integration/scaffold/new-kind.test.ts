import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  cpSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';

const root = join(import.meta.dirname, '../../..');
const KIND = 'TemporaryRoute';
const FOLDER = 'src/controllers/temporaryroute';
const TEST = 'test/unit/controllers/temporary-route.test.ts';
const CHECKED = 'tsconfig.checked.json';

/** Folders that the copy does not need. */
const skipped: readonly string[] = ['node_modules', 'dist', '.git', 'coverage'];

interface Outcome {
  readonly status: number | null;
  readonly output: string;
}

describe('npm run new-kind', () => {
  let copy: string;
  let output: string;

  /** Runs a program of Node in the copy. */
  async function node(...args: string[]): Promise<Outcome> {
    const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', ...args], {
      cwd: copy,
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: 60_000,
    });
    let text = '';
    child.stdout.on('data', (chunk: Buffer) => (text += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (text += chunk.toString()));
    const [status] = (await once(child, 'close')) as [number | null];
    return { status, output: text };
  }
  const passed = { status: 0, output: expect.any(String) };
  const program = (path: string): string => join('node_modules', path);
  const typecheck = () => node(program('typescript/bin/tsc'), '-p', CHECKED);

  beforeAll(async () => {
    copy = mkdtempSync(join(realpathSync(tmpdir()), 'overlay-network-new-kind-'));
    for (const name of readdirSync(root).filter((each) => !skipped.includes(each)))
      cpSync(join(root, name), join(copy, name), {
        recursive: true,
        filter: (path) => !skipped.includes(basename(path)),
      });
    symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'));
    // The parts that a kind can break. The build information makes the second check fast.
    const include = ['src/controllers', TEST];
    const compilerOptions = { incremental: true, tsBuildInfoFile: 'checked.tsbuildinfo' };
    writeFileSync(
      join(copy, CHECKED),
      JSON.stringify({ extends: './tsconfig.json', compilerOptions, include }),
    );
    const created = await node('scripts/new-kind.ts', KIND);
    expect(created).toEqual(passed);
    output = created.output;
  }, 60_000);
  afterAll(() => {
    rmSync(copy, { recursive: true, force: true });
  });

  it('lists the files that it created, and at most eight edits that remain', () => {
    expect(output).toContain(`  ${FOLDER}/plan.ts\n`);
    expect(output).toContain('  src/api/generated/temporaryroute.ts\n');
    const remaining = [...output.matchAll(/^ {2}(\d+)\. /gm)].map(([, number]) => Number(number));
    expect(remaining.at(-1)).toBe(remaining.length);
    expect(remaining.length).toBeLessThanOrEqual(8);
  });

  it('creates code that the type check, the lint rules, prettier and the generator accept', async () => {
    const written = [...output.matchAll(/^ {2}(\w\S*)$/gm)].map(([, path]) => path!);
    const results = await Promise.all([
      typecheck(),
      node(program('eslint/bin/eslint.js'), FOLDER, TEST, 'src/controllers/kinds.ts'),
      node(program('prettier/bin/prettier.cjs'), '--check', ...written),
      node('scripts/generate.ts', '--check'),
    ]);
    expect(results).toEqual([passed, passed, passed, passed]);
  });

  it('registers the kind in src/controllers/kinds.ts, where a missing entry is a compile error', async () => {
    const registry = join(copy, 'src/controllers/kinds.ts');
    const text = readFileSync(registry, 'utf8');
    writeFileSync(registry, text.replace(/^.*temporaryRoute.*\n/gm, ''));
    const { status, output: errors } = await typecheck();
    writeFileSync(registry, text);
    expect(status).not.toBe(0);
    expect(errors).toMatch(/kinds\.ts.*error TS1360: [^]*Property 'TemporaryRoute' is missing/);
  });

  it('creates a kind whose tests and the tests of the documentation, the layers and the names pass', async () => {
    const suites = [TEST, 'test/unit/docs', 'test/unit/api/generated.test.ts'];
    const jest = ['--experimental-vm-modules', '--no-warnings', program('jest/bin/jest.js')];
    expect(await node(...jest, ...suites)).toEqual(passed);
  });

  it('creates a kind that the operator reconciles: rows, drift repair, deletion and the sweep of orphans', async () => {
    expect(await node('test/integration/scaffold/reconcile-kind.ts', KIND)).toEqual(passed);
  });

  it('refuses a kind that exists', async () => {
    expect(await node('scripts/new-kind.ts', KIND)).toEqual({
      status: 1,
      output: `The kind ${KIND} already exists; choose another name.\n`,
    });
  });
});
