import type { Owner } from '../owner.ts';

/**
 * The prefix of the names of a lab's network namespaces. It identifies the process that owns the lab, so that the
 * namespaces of a crashed lab can be recognised and removed.
 */
export function prefixOf({ pid, started }: Owner): string {
  return `ovl${pid}.${started ?? '0'}-`;
}

/** The owner of a namespace; undefined when no lab created it. */
export function ownerOfNamespace(name: string): Owner | undefined {
  const [, pid, started] = /^ovl(\d+)\.(\d+)-./.exec(name) ?? [];
  if (pid === undefined || started === undefined) return undefined;
  return { pid: Number(pid), started: started === '0' ? null : started };
}
