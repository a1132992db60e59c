import { afterEach, describe, expect, it } from '@jest/globals';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ownerOfNamespace, prefixOf } from '../../../src/dev/lab/prefix.ts';
import { labProblem } from '../../../src/dev/lab/requirements.ts';
import { findLab, writeLabState } from '../../../src/dev/lab/state.ts';
import type { LabState } from '../../../src/dev/lab/state.ts';
import { isAlive, thisProcess } from '../../../src/dev/owner.ts';

describe('the name of a lab namespace', () => {
  it('identifies the process that created it, and not a later process with the same id', () => {
    const owner = thisProcess();
    expect(ownerOfNamespace(`${prefixOf(owner)}hv1`)).toEqual(owner);
    expect(isAlive(owner)).toBe(true);
    expect(isAlive({ ...owner, started: '1' })).toBe(false);
  });

  it.each(['lt-hv1', 'ovl-hv1', 'ovl12-hv1', 'ovl12.34', 'ovl12.34-', 'xovl12.34-hv1'])(
    'is not recognised when it is %s',
    (name) => {
      expect(ownerOfNamespace(name)).toBeUndefined();
    },
  );
});

describe('findLab', () => {
  const parents: string[] = [];
  afterEach(() => {
    for (const parent of parents.splice(0)) rmSync(parent, { recursive: true });
  });

  const parentWith = (labs: Readonly<Record<string, Partial<LabState>>>): string => {
    const parent = mkdtempSync(join(tmpdir(), 'overlay-network-test-'));
    parents.push(parent);
    for (const [name, state] of Object.entries(labs)) {
      const dir = join(parent, `overlay-network-dev-${name}`);
      mkdirSync(dir);
      const whole = {
        owner: thisProcess(),
        kubeconfig: '',
        prefix: '',
        tunnel: 'geneve',
        hypervisors: [],
      } as const;
      writeLabState({ ...whole, dir, ...state });
    }
    return parent;
  };
  const exited = { pid: process.pid, started: '1' };

  it('finds the only running lab', () => {
    const parent = parentWith({ one: {}, crashed: { owner: exited } });
    expect(findLab({ parent }).dir).toBe(join(parent, 'overlay-network-dev-one'));
  });

  it('finds one of several labs by its folder or its kubeconfig', () => {
    const parent = parentWith({ one: {}, two: {} });
    const dir = join(parent, 'overlay-network-dev-two');
    expect(findLab({ parent, dir }).dir).toBe(dir);
    expect(findLab({ parent, kubeconfig: join(dir, 'kubeconfig') }).dir).toBe(dir);
    expect(() => findLab({ parent })).toThrow(/Several labs are running\. Select one with --dir/);
  });

  it('finds no lab when the process of the lab has exited or the state file is invalid', () => {
    const parent = parentWith({ crashed: { owner: exited } });
    expect(() => findLab({ parent })).toThrow(/No lab is running\. Start a lab/);
    const dir = join(parent, 'overlay-network-dev-crashed');
    expect(() => findLab({ parent, dir })).toThrow(`No lab is running in ${dir}.`);
    writeFileSync(join(dir, 'lab.json'), '{');
    expect(() => findLab({ parent, dir })).toThrow(/No lab is running/);
  });
});

describe('labProblem', () => {
  const getuid = process.getuid;
  const path = process.env['PATH'];
  afterEach(() => {
    if (getuid !== undefined) process.getuid = getuid;
    process.env['PATH'] = path;
  });

  it('says in one line that the lab needs root', () => {
    process.getuid = () => 1000;
    expect(labProblem()).toMatch(/^[^\n]*Run this as root\.$/);
  });

  it('names the missing programs and their packages in one line', () => {
    process.getuid = () => 0;
    process.env['PATH'] = '/nonexistent';
    expect(labProblem({ 'no-such-program': 'its-package' })).toMatch(
      /^The lab needs programs that are not installed: [^\n]*busybox[^\n]*no-such-program\. Install the packages [^\n]*its-package/,
    );
  });
});
