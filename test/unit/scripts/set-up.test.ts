import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { installProblem } from '../../../scripts/ovn-programs.mjs';
import { atLeast } from '../../../scripts/setup.mjs';
import { nodeProblem } from '../../../src/process/node-version.ts';

const root = join(import.meta.dirname, '../../..');
const { engines } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
  readonly engines: { readonly node: string };
};

describe('the check of the Node version', () => {
  it.each([
    ['v20.20.2', false],
    ['v22.18.9', false],
    ['v22.19.0', true],
    ['v23.0.0', true],
    ['v100.1.0', true],
  ])('for %s returns %p', (version, enough) => {
    expect(atLeast(version, engines.node.replace('>=', ''))).toBe(enough);
    expect(nodeProblem(version) === undefined).toBe(enough);
  });

  it('names the required version and the actual version in its message', () => {
    expect(nodeProblem('v20.20.2')).toBe(
      'overlay-network requires Node 22.19 or newer; this is v20.20.2. Install a newer version and try again.',
    );
  });
});

describe('installProblem', () => {
  const missing = [{ name: 'ovn-central', programs: ['ovn-northd', 'ovn-nbctl'] }];

  it('returns nothing for root on Debian, and the packages to install for other users and systems', () => {
    expect(installProblem(missing, { isDebian: true, isRoot: true })).toBeUndefined();
    expect(installProblem(missing, { isDebian: true, isRoot: false })).toContain(
      'sudo apt-get install --no-install-recommends ovn-central',
    );
    expect(installProblem(missing, { isDebian: false, isRoot: true })).toMatch(
      /\(missing: ovn-northd, ovn-nbctl\)[^]*ovn-central on Debian; .* on Fedora/,
    );
  });

  it('returns nothing when no package is missing', () => {
    expect(installProblem([], { isDebian: false, isRoot: false })).toBeUndefined();
  });
});

describe('an npm script of a clone', () => {
  let clone: string;
  const run = (...args: string[]) =>
    spawnSync(process.execPath, [join(clone, 'scripts/run.mjs'), '--without-ovn', ...args], {
      encoding: 'utf8',
    });

  /** Creates a clone in the state after `npm ci` with an empty lockfile. */
  beforeAll(() => {
    clone = mkdtempSync(join(tmpdir(), 'overlay-network-test-'));
    cpSync(join(root, 'scripts'), join(clone, 'scripts'), { recursive: true });
    mkdirSync(join(clone, 'node_modules'));
    const lock = JSON.stringify({ packages: {} });
    writeFileSync(join(clone, 'package-lock.json'), lock);
    writeFileSync(join(clone, 'node_modules/.package-lock.json'), lock);
    writeFileSync(join(clone, 'greet.mjs'), 'console.log("hello", process.argv[2]); process.exitCode = 7;');
  });
  afterAll(() => rmSync(clone, { recursive: true }));
  const need = (node: string) =>
    writeFileSync(join(clone, 'package.json'), JSON.stringify({ engines: { node } }));

  it('reports in one line, without a stack trace, that Node is too old', () => {
    need('>=99.1');
    const { status, stdout, stderr } = run('greet.mjs', 'you');
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
    expect(stderr).toBe(
      `overlay-network requires Node 99.1 or newer; this is ${process.version}. Install a newer version and try again.\n`,
    );
  });

  it('runs with the current Node if it is new enough, and exits with the status of its program', () => {
    need('>=18.0');
    expect(run('greet.mjs', 'you')).toMatchObject({ status: 7, stdout: 'hello you\n', stderr: '' });
  });

  it('rejects an unknown part of the test suite', () => {
    const outcome = spawnSync(process.execPath, [join(root, 'scripts/test.mjs'), 'no-such-part'], {
      encoding: 'utf8',
    });
    expect(outcome).toMatchObject({
      status: 2,
      stderr: expect.stringContaining('The parts are unit, integration'),
    });
  });
});
