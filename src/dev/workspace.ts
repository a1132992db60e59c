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

/** A folder that only this user can enter. It contains all files of one development cluster. */
interface Workspace {
  /** Absolute path without symbolic links. */
  readonly dir: string;
  /** Deletes the folder. The processes that use it must have exited. */
  remove(): void;
}

/**
 * A folder cannot be used. `code` is `IN_USE` when another cluster uses it, or `NOT_OURS` when it contains other files.
 * The message says what to do.
 */
export class WorkspaceError extends Error {
  readonly code: 'IN_USE' | 'NOT_OURS';

  constructor(code: WorkspaceError['code'], message: string) {
    super(message);
    this.name = 'WorkspaceError';
    this.code = code;
  }
}

/** The file that records the owner of a folder. A folder without this file is never removed. */
const OWNER_FILE = 'owner.json';
const FOLDER_PREFIX = 'overlay-network-dev-';

/**
 * Creates a private folder (mode 0700): `dir`, which must be absent, empty or left by a process that has exited; or a
 * new folder in `parent` (default: the system's folder for temporary files).
 * First cleans up after processes that have exited: kills their daemons and removes their folders in `parent`.
 * @throws WorkspaceError when `dir` is in use or contains other files
 */
export function createWorkspace(options: { dir?: string; parent?: string } = {}): Workspace {
  const parent = realpathSync(options.parent ?? tmpdir());
  for (const name of readdirSync(parent))
    if (name.startsWith(FOLDER_PREFIX)) removeIfAbandoned(join(parent, name));
  const dir = options.dir === undefined ? mkdtempSync(join(parent, FOLDER_PREFIX)) : claim(options.dir);
  writeFileSync(join(dir, OWNER_FILE), JSON.stringify(thisProcess()));
  return { dir, remove: () => rmSync(dir, { recursive: true, force: true, maxRetries: 3 }) };
}

function claim(wanted: string): string {
  mkdirSync(wanted, { recursive: true, mode: 0o700 });
  const dir = realpathSync(wanted);
  if (readdirSync(dir).length === 0) return dir;
  const owner = ownerOf(dir);
  if (owner === undefined)
    throw new WorkspaceError(
      'NOT_OURS',
      `${dir} contains files that no development cluster created. Choose an empty folder.`,
    );
  if (isAlive(owner))
    throw new WorkspaceError(
      'IN_USE',
      `Process ${owner.pid} uses ${dir}. Stop that process, or choose another folder.`,
    );
  removeIfAbandoned(dir);
  mkdirSync(dir, { mode: 0o700 });
  return dir;
}

/** Kills the daemons of a workspace whose owner has exited, and removes the folder. Ignores any other folder. */
function removeIfAbandoned(dir: string): void {
  const owner = ownerOf(dir);
  if (owner === undefined || isAlive(owner)) return;
  for (const pid of daemonsIn(dir)) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // The process exited in the meantime.
    }
  }
  rmSync(dir, { recursive: true, force: true, maxRetries: 3 });
}

/** The owner of a folder; undefined when the folder is not a workspace of this user. */
function ownerOf(dir: string): Owner | undefined {
  try {
    const stat = lstatSync(dir);
    if (!stat.isDirectory() || stat.uid !== process.getuid?.()) return undefined;
    const owner = JSON.parse(readFileSync(join(dir, OWNER_FILE), 'utf8')) as Partial<Owner>;
    return typeof owner.pid === 'number' ? { pid: owner.pid, started: owner.started ?? null } : undefined;
  } catch {
    return undefined;
  }
}

/** Ids of the processes whose control socket is in the folder. Only this user's processes can have a socket there. */
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
