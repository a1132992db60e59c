import { readFileSync } from 'node:fs';

/** The process that owns a resource. The start time distinguishes it from a later process with the same id. */
export interface Owner {
  readonly pid: number;
  /** Start time in clock ticks since boot; null where the system does not report it. */
  readonly started: string | null;
}

/** Returns this process as an owner. */
export function thisProcess(): Owner {
  return { pid: process.pid, started: startOf(process.pid) };
}

/** Whether the owner still runs. A later process with the same id does not count. */
export function isAlive(owner: Owner): boolean {
  try {
    process.kill(owner.pid, 0);
  } catch (error) {
    // EPERM means that the process exists and belongs to another user.
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
  }
  return owner.started === null || startOf(owner.pid) === owner.started;
}

/** The start time of a process in clock ticks since boot (proc(5), field 22 of stat); null without /proc. */
function startOf(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The program's name (field 2) may contain spaces and brackets, so fields are counted from its closing bracket.
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? null;
  } catch {
    return null;
  }
}
