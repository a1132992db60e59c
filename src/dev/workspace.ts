import {
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isAlive, thisProcess } from './owner.ts';
import type { Owner } from './owner.ts';

/** A folder that only we may enter, with everything of one development cluster in it. */
export interface Workspace {
  /** Absolute path without symbolic links. */
  readonly dir: string;
  /** Deletes the folder. The processes that use it must be gone. */
  remove(): void;
}

/** A folder that cannot be used: `code` is 'IN_USE' or 'NOT_OURS'; name another, or mend what the message says. */
export class WorkspaceError extends Error {
  readonly code: 'IN_USE' | 'NOT_OURS';

  constructor(code: WorkspaceError['code'], message: string) {
    super(message);
    this.name = 'WorkspaceError';
    this.code = code;
  }
}

/** Names the process that a folder belongs to; its presence is what makes a folder ours. */
const ownerFile = 'owner.json';
const prefix = 'overlay-network-dev-';

/**
 * Makes a private folder (mode 0700): `dir`, which must be absent, empty or left by a process that is gone; or a
 * new one under `parent` (default: the system's folder for temporary files).
 * What processes that are gone left behind in `parent` is cleaned up first: their daemons ended, their folders removed.
 * @throws WorkspaceError
 */
export function createWorkspace(options: { dir?: string; parent?: string } = {}): Workspace {
  const parent = realpathSync(options.parent ?? tmpdir());
  for (const name of readdirSync(parent)) if (name.startsWith(prefix)) removeIfAbandoned(join(parent, name));
  const dir = options.dir === undefined ? mkdtempSync(join(parent, prefix)) : claim(options.dir);
  writeFileSync(join(dir, ownerFile), JSON.stringify(thisProcess()));
  return { dir, remove: () => rmSync(dir, { recursive: true, force: true, maxRetries: 3 }) };
}

function claim(wanted: string): string {
  mkdirSync(wanted, { recursive: true, mode: 0o700 });
  const dir = realpathSync(wanted);
  if (readdirSync(dir).length === 0) return dir;
  const owner = ownerOf(dir);
  if (owner === undefined)
    throw new WorkspaceError('NOT_OURS', `${dir} has files in it that are not ours: choose an empty folder.`);
  if (isAlive(owner))
    throw new WorkspaceError(
      'IN_USE',
      `${dir} is in use by process ${owner.pid}: stop it, or choose another folder.`,
    );
  removeIfAbandoned(dir);
  mkdirSync(dir, { mode: 0o700 });
  return dir;
}

/** Cleans up a folder of ours whose process is gone; leaves alone everything else. */
function removeIfAbandoned(dir: string): void {
  const owner = ownerOf(dir);
  if (owner === undefined || isAlive(owner)) return;
  for (const pid of daemonsIn(dir)) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // It ended by itself in the meantime.
    }
  }
  rmSync(dir, { recursive: true, force: true, maxRetries: 3 });
}

/** Who a folder belongs to; undefined when it is not one of this user's workspaces. */
function ownerOf(dir: string): Owner | undefined {
  try {
    const stat = lstatSync(dir);
    if (!stat.isDirectory() || stat.uid !== process.getuid?.()) return undefined;
    const owner = JSON.parse(readFileSync(join(dir, ownerFile), 'utf8')) as Partial<Owner>;
    return typeof owner.pid === 'number' ? { pid: owner.pid, started: owner.started ?? null } : undefined;
  } catch {
    return undefined;
  }
}

/** Processes whose control socket is in the folder: nobody else's are, since nobody else may enter it. */
function daemonsIn(dir: string): number[] {
  let entries: string[];
  try {
    entries = readdirSync('/proc');
  } catch {
    return [];
  }
  return entries
    .filter(
      (entry) =>
        /^\d+$/.test(entry) &&
        argumentsOf(entry).some((argument) => argument.startsWith(`--unixctl=${dir}/`)),
    )
    .map(Number);
}

function argumentsOf(pid: string): string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
  } catch {
    return [];
  }
}
