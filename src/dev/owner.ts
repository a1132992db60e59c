import { readFileSync } from 'node:fs';

/** The process that something belongs to, recognisable after its number has been given to another. */
export interface Owner {
  readonly pid: number;
  /** Tells the process from a later one with the same number; null where the system does not say. */
  readonly started: string | null;
}

/** This process as an owner. */
export function thisProcess(): Owner {
  return { pid: process.pid, started: startOf(process.pid) };
}

/** Whether the owner still runs. */
export function isAlive(owner: Owner): boolean {
  try {
    process.kill(owner.pid, 0);
  } catch (error) {
    // EPERM: there is such a process, of another user.
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
  }
  return owner.started === null || startOf(owner.pid) === owner.started;
}

/** When a process started, in clock ticks since boot (proc(5), field 22 of stat); null where /proc is not there. */
function startOf(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // Fields are counted from behind the program's name, which may hold spaces and brackets.
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? null;
  } catch {
    return null;
  }
}
