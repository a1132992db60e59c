import type { Port } from '../../api/index.ts';
import { textAt, UID_MARK } from '../../ovn/index.ts';
import { keyOf, refKey } from '../../reconcile/index.ts';
import type { Env } from '../common/env.ts';
import { groupsOfPort } from '../rows/group-members.ts';
import { portKeys } from '../trafficpolicy/index.ts';
import { securityGroupNames } from './kind.ts';

/** Returns the function that lets the groups count their Ports again that the Port joined or left since the call. */
export function recountAfter(env: Env, { metadata: { uid } }: Port): () => void {
  const { stores, writer, wakeSoon } = env;
  const before = groupsOfPort(writer, uid);
  return () => {
    const after = groupsOfPort(writer, uid);
    for (const group of new Set([...before, ...after])) {
      if (before.has(group) && after.has(group)) continue;
      const owner = textAt(writer.get('Port_Group', group)?.['external_ids'], UID_MARK) ?? '';
      const counting = stores.SecurityGroup.byUid(owner) ?? stores.TrafficPolicy.byUid(owner);
      if (counting !== undefined) wakeSoon(counting.kind, keyOf(counting));
    }
  };
}

/** Lets the groups of a deleted Port count their Ports again, after its rows were removed. */
export function recountWithout({ stores, wakeSoon }: Env, port: Port): void {
  const { namespace = '' } = port.metadata;
  for (const name of securityGroupNames(port.spec)) wakeSoon('SecurityGroup', refKey({ namespace, name }));
  for (const key of new Set(portKeys(port)))
    for (const policy of stores.TrafficPolicy.keysByIndex('appliesTo', key))
      wakeSoon('TrafficPolicy', policy);
}
