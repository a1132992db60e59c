import type { Env, KindName } from '../common/env.ts';
import { kindNames, modules } from '../kinds.ts';

/**
 * Yields the kinds and keys to reconcile again after the chassis `changed` appeared, disappeared or changed; undefined:
 * all chassis.
 */
export function* followersOfChassis(
  env: Pick<Env, 'stores' | 'bindings'>,
  changed: ReadonlySet<string> | undefined,
): Iterable<readonly [kind: KindName, key: string]> {
  for (const kind of kindNames)
    for (const key of modules[kind].followsChassis?.(env, changed) ?? []) yield [kind, key];
}
