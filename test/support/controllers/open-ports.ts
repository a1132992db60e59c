/** Finds Ports that are open, and matches that OVN would refuse, from the content of the Northbound database alone. */
import type { Replica, Row } from '../../../src/ovn/ovsdb/index.ts';

/** The Ports that must be restricted, by UID. */
export interface Restricted {
  /** Ports with traffic filtering. */
  readonly filtered: ReadonlySet<string>;
  /** Ports that an isolation restricts, with the UID of the Subnet or VPC. */
  readonly isolated: ReadonlyMap<string, ReadonlySet<string>>;
}

const textOf = (row: Row, column: string): string => row[column] as string;
const markOf = (row: Row, key: string): string =>
  (row['external_ids'] as ReadonlyMap<string, string>).get(`overlay-network/${key}`) ?? '';

/** Returns a sentence for each Port that is enabled without one of its filters, and for each match that names no group. */
export function openPorts(replica: Replica, { filtered, isolated }: Restricted): readonly string[] {
  const groups = [...replica.rows('Port_Group')];
  const names = new Set(groups.map((group) => textOf(group, 'name')));
  const drops = (group: Row, priority: number): boolean =>
    (['from-lport', 'to-lport'] as const).every((direction) =>
      [...(group['acls'] as ReadonlySet<string>)].some((uuid) => {
        const acl = replica.get('ACL', uuid);
        const port = direction === 'from-lport' ? 'inport' : 'outport';
        return (
          acl?.['direction'] === direction &&
          acl['action'] === 'drop' &&
          acl['priority'] === priority &&
          textOf(acl, 'match').startsWith(`${port} == @${textOf(group, 'name')} && `)
        );
      }),
    );
  const found: string[] = [];
  for (const port of replica.rows('Logical_Switch_Port')) {
    if (!markOf(port, 'owner').startsWith('Port/')) continue;
    if ((port['enabled'] as ReadonlySet<boolean>).has(false)) continue;
    const uid = markOf(port, 'uid');
    const own = groups.filter((group) => (group['ports'] as ReadonlySet<string>).has(port._uuid));
    if (
      filtered.has(uid) &&
      !own.some((group) => textOf(group, 'name').endsWith('_drop') && drops(group, 1000))
    )
      found.push(`${markOf(port, 'owner')} is in no drop group`);
    for (const of of isolated.get(uid) ?? []) {
      const name = `on_${of.replaceAll('-', '_')}_isolation`;
      if (!own.some((group) => group['name'] === name && drops(group, 3002)))
        found.push(`${markOf(port, 'owner')} is not in ${name}`);
    }
  }
  for (const acl of replica.rows('ACL')) {
    for (const [, name = ''] of textOf(acl, 'match').matchAll(/[@$](\w+?)(?:_ip[46])?\b/g))
      if (!names.has(name))
        found.push(`${markOf(acl, 'owner')} has a match that names ${name}, which does not exist`);
  }
  return found;
}

/** Returns the isolation groups of each Port, as UIDs of their Subnets and VPCs. */
export function isolationsIn(replica: Replica): ReadonlyMap<string, ReadonlySet<string>> {
  const found = new Map<string, Set<string>>();
  for (const group of replica.rows('Port_Group')) {
    if (!textOf(group, 'name').endsWith('_isolation')) continue;
    for (const uuid of group['ports'] as ReadonlySet<string>) {
      const port = replica.get('Logical_Switch_Port', uuid);
      if (port === undefined) continue;
      const uid = markOf(port, 'uid');
      found.set(uid, (found.get(uid) ?? new Set()).add(markOf(group, 'uid')));
    }
  }
  return found;
}
