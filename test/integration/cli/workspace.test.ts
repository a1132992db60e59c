import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createWorkspace, WorkspaceError } from '../../../src/dev/workspace.ts';

let parent: string;
const children: ChildProcess[] = [];

beforeEach(() => {
  parent = mkdtempSync(join(tmpdir(), 'overlay-network-test-'));
});

afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  rmSync(parent, { recursive: true });
});

/** Starts a process that echoes its input. The arguments identify the process. */
const start = async (...args: string[]): Promise<ChildProcess> => {
  const child = spawn(process.execPath, [
    '-e',
    'process.stdin.pipe(process.stdout); console.log()',
    '--',
    ...args,
  ]);
  children.push(child);
  await once(child.stdout, 'data');
  return child;
};

const gone = async (child: ChildProcess): Promise<string | null> => {
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  return child.signalCode;
};

/** Creates the folder of a crashed cluster: the process of its owner has ended. */
const abandoned = async (name = 'overlay-network-dev-crash'): Promise<string> => {
  const dir = join(parent, name);
  mkdirSync(dir);
  const owner = await start();
  owner.kill('SIGKILL');
  await gone(owner);
  writeFileSync(join(dir, 'owner.json'), JSON.stringify({ pid: owner.pid, started: '1' }));
  return dir;
};

describe('the folder of a development cluster', () => {
  it('is accessible only for its owner, and is removed with its content', () => {
    const workspace = createWorkspace({ parent });
    expect(statSync(workspace.dir).mode & 0o777).toBe(0o700);
    mkdirSync(join(workspace.dir, 'more'));
    workspace.remove();
    expect(readdirSync(parent)).toEqual([]);
  });

  it('can be a given folder that does not exist or is empty', () => {
    const dir = join(parent, 'a/b');
    const workspace = createWorkspace({ parent, dir });
    expect(workspace.dir).toBe(dir);
    expect(statSync(dir).mode & 0o777).toBe(0o700);
    workspace.remove();
    mkdirSync(dir);
    createWorkspace({ parent, dir }).remove();
    expect(existsSync(dir)).toBe(false);
  });

  it('is rejected when it contains other files, which stay', () => {
    writeFileSync(join(parent, 'thesis'), '');
    expect(() => createWorkspace({ parent, dir: parent })).toThrow(WorkspaceError);
    expect(readdirSync(parent)).toEqual(['thesis']);
  });

  it('is rejected while another cluster uses it', () => {
    const { dir, remove } = createWorkspace({ parent });
    expect(() => createWorkspace({ parent, dir })).toThrow(/^Process \d+ uses /);
    remove();
  });
});

describe('the folder of a crashed cluster', () => {
  it('is removed by the next start, after its daemons are stopped', async () => {
    const dir = await abandoned();
    const daemon = await start(`--unixctl=${dir}/ovn-northd.ctl`);
    const workspace = createWorkspace({ parent });
    expect(existsSync(dir)).toBe(false);
    expect(await gone(daemon)).toBe('SIGKILL');
    workspace.remove();
  });

  it('is emptied when a new cluster uses the same folder', async () => {
    const dir = await abandoned('mine');
    writeFileSync(join(dir, 'OVN_Northbound.db'), 'old');
    const workspace = createWorkspace({ parent, dir });
    expect(readdirSync(dir)).toEqual(['owner.json']);
    workspace.remove();
  });

  it('is distinguished from the folder of a running cluster, which stays with its daemons', async () => {
    const running = createWorkspace({ parent });
    const daemon = await start(`--unixctl=${running.dir}/ovn-northd.ctl`);
    createWorkspace({ parent }).remove();
    expect(existsSync(running.dir)).toBe(true);
    daemon.stdin?.write('still there?');
    expect(String(await once(daemon.stdout!, 'data'))).toBe('still there?');
    running.remove();
  });

  it('is recognized when another process has the same process ID', async () => {
    const dir = await abandoned();
    writeFileSync(join(dir, 'owner.json'), JSON.stringify({ pid: process.pid, started: '1' }));
    createWorkspace({ parent }).remove();
    expect(existsSync(dir)).toBe(false);
  });

  it('is only removed with the mark of a cluster, and not through a symbolic link', async () => {
    mkdirSync(join(parent, 'overlay-network-dev-other'));
    const elsewhere = await abandoned('elsewhere');
    symlinkSync(elsewhere, join(parent, 'overlay-network-dev-link'));
    createWorkspace({ parent }).remove();
    expect(readdirSync(parent).sort()).toEqual([
      'elsewhere',
      'overlay-network-dev-link',
      'overlay-network-dev-other',
    ]);
    expect(existsSync(join(elsewhere, 'owner.json'))).toBe(true);
  });
});
