import type { Owner } from '../owner.ts';

/**
 * What the names of all of a lab's network namespaces begin with. It says which process the lab belongs to, so that
 * what a crashed one left can be told from what is in use.
 */
export function prefixOf({ pid, started }: Owner): string {
  return `ovl${pid}.${started ?? '0'}-`;
}

/** Whose a namespace is; undefined for one that no lab made. */
export function ownerOfNamespace(name: string): Owner | undefined {
  const [, pid, started] = /^ovl(\d+)\.(\d+)-./.exec(name) ?? [];
  if (pid === undefined || started === undefined) return undefined;
  return { pid: Number(pid), started: started === '0' ? null : started };
}
