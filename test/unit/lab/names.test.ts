import { afterEach, describe, expect, it } from '@jest/globals';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ownerOfNamespace, prefixOf } from '../../../src/dev/lab/prefix.ts';
import { labProblem } from '../../../src/dev/lab/requirements.ts';
import { findLab, writeLabState } from '../../../src/dev/lab/state.ts';
import type { LabState } from '../../../src/dev/lab/state.ts';
import { isAlive, thisProcess } from '../../../src/dev/owner.ts';

describe('the name of a namespace', () => {
  it('says which process made it, whose number may be given to another later', () => {
    const owner = thisProcess();
    expect(ownerOfNamespace(`${prefixOf(owner)}hv1`)).toEqual(owner);
    expect(isAlive(owner)).toBe(true);
    expect(isAlive({ ...owner, started: '1' })).toBe(false);
  });

  it.each(['lt-hv1', 'ovl-hv1', 'ovl12-hv1', 'ovl12.34', 'ovl12.34-', 'xovl12.34-hv1'])(
    'is nothing of ours when it is %s',
    (name) => {
      expect(ownerOfNamespace(name)).toBeUndefined();
    },
  );
});

describe('a running lab', () => {
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
  const gone = { pid: process.pid, started: '1' };

  it('is found when it is the only one', () => {
    const parent = parentWith({ one: {}, crashed: { owner: gone } });
    expect(findLab({ parent }).dir).toBe(join(parent, 'overlay-network-dev-one'));
  });

  it('is found by its folder, or by its kubeconfig, when there are several', () => {
    const parent = parentWith({ one: {}, two: {} });
    const dir = join(parent, 'overlay-network-dev-two');
    expect(findLab({ parent, dir }).dir).toBe(dir);
    expect(findLab({ parent, kubeconfig: join(dir, 'kubeconfig') }).dir).toBe(dir);
    expect(() => findLab({ parent })).toThrow(/Several labs run: say which with --dir/);
  });

  it('is not found when there is none, when its process is gone, or when its state cannot be read', () => {
    const parent = parentWith({ crashed: { owner: gone } });
    expect(() => findLab({ parent })).toThrow(/No lab runs: start one/);
    const dir = join(parent, 'overlay-network-dev-crashed');
    expect(() => findLab({ parent, dir })).toThrow(`No lab runs in ${dir}.`);
    writeFileSync(join(dir, 'lab.json'), '{');
    expect(() => findLab({ parent, dir })).toThrow(/No lab runs/);
  });
});

describe('a machine without a lab', () => {
  const getuid = process.getuid;
  const path = process.env['PATH'];
  afterEach(() => {
    if (getuid !== undefined) process.getuid = getuid;
    process.env['PATH'] = path;
  });

  it('is told in one line that root is needed', () => {
    process.getuid = () => 1000;
    expect(labProblem()).toMatch(/^[^\n]*run this as root\.$/);
  });

  it('is told in one line which programs are missing, and their packages', () => {
    process.getuid = () => 0;
    process.env['PATH'] = '/nonexistent';
    expect(labProblem({ 'no-such-program': 'its-package' })).toMatch(
      /^Missing for hypervisors: [^\n]*busybox[^\n]*no-such-program\. Install the packages [^\n]*its-package/,
    );
  });
});
