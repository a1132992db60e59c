import {
  formatAddress,
  formatCidr,
  parseAddress,
  parseCidr,
  parseMac,
  tenancyOf,
  type Cidr,
} from '../api/index.ts';
import { keyOf } from '../reconcile/index.ts';
import type { Env } from './env.ts';
import { rebuildExternal } from './externalnetwork/rebuild.ts';
import { oldestFirst } from './oldest.ts';
import type { SubnetPool } from './pools/pools.ts';
import { claimNamed, sharedMacs } from './port/addressing.ts';
import { recordedCidr, recordedPort, type PortRecord } from './recorded.ts';
import { subnetRanges } from './subnet/ranges.ts';
import { vpcOf } from './vpc/lookup.ts';

/** Somebody is recorded with what another has: it keeps it, and the second must be looked at by a person. */
export interface PoolConflict {
  readonly kind: string;
  readonly uid: string;
  readonly value: string;
}

type Sources = Pick<Env, 'stores' | 'pools' | 'writer'>;

/**
 * Fills the pools from statuses and, where a status lacks it, from rows: what was committed just before a crash is
 * in a row only, and what a database restored from a backup has lost is in a status only. Must run before the first
 * allocation, with all kinds listed and the replica complete (invariant 8). Older objects go first, so the outcome
 * does not depend on the order in which they are listed; rows without an object keep their addresses until they are
 * swept.
 */
export function rebuildPools(sources: Sources): readonly PoolConflict[] {
  return [
    ...rebuildVpcs(sources),
    ...rebuildSubnets(sources),
    ...rebuildPorts(sources),
    ...rebuildExternal(sources),
  ];
}

function rebuildVpcs({ stores, pools, writer }: Sources): PoolConflict[] {
  return oldestFirst(stores.vpcs.values()).flatMap(({ metadata: { uid, namespace = '' }, status }) => {
    const cidr = cidrOf(writer, uid, status?.cidr, 'Logical_Router');
    if (cidr === undefined) return [];
    const { organization } = tenancyOf(namespace, stores.namespaces.get(namespace)?.metadata.labels);
    const { ok } = pools.vpcBlocks.adopt(organization, uid, cidr);
    return ok ? [] : [{ kind: 'VPC', uid, value: formatCidr(cidr) }];
  });
}

function rebuildSubnets({ stores, pools, writer }: Sources): PoolConflict[] {
  return oldestFirst(stores.subnets.values()).flatMap((subnet) => {
    const { uid } = subnet.metadata;
    const cidr = cidrOf(writer, uid, subnet.status?.cidr, 'Logical_Switch');
    if (cidr === undefined) return [];
    const ranges = subnetRanges(subnet, cidr);
    // Ranges that are spoilt now: the addresses are held all the same.
    pools.configureSubnet(uid, cidr, ranges.ok ? ranges.value : { text: '' });
    const vpc = vpcOf(stores, subnet);
    const within = vpc && cidrOf(writer, vpc.metadata.uid, vpc.status?.cidr, 'Logical_Router');
    if (vpc === undefined || within === undefined) return [];
    pools.setParent(uid, vpc.metadata.uid);
    const { ok } = pools.subnetBlocks(vpc.metadata.uid, within).adopt(uid, cidr);
    return ok ? [] : [{ kind: 'Subnet', uid, value: formatCidr(cidr) }];
  });
}

function rebuildPorts(sources: Sources): PoolConflict[] {
  const { stores, pools, writer } = sources;
  const alive = oldestFirst(stores.ports.values()).flatMap(
    ({ metadata: { uid, namespace = '' }, spec, status }) => {
      const subnet = stores.subnets.get(`${namespace}/${spec.subnetRef.name}`);
      const fromRow = recordedPort(writer, uid);
      const subnetUid = subnet?.metadata.uid ?? fromRow?.subnetUid;
      if (subnetUid === undefined) return [];
      return [
        {
          uid,
          subnetUid,
          mac: status?.macAddress ?? fromRow?.mac,
          ip: status?.ipAddress ?? fromRow?.ip,
          // Not what the spec says, where there is a row: it may have been refused.
          shared: fromRow?.shared ?? sharedMacs(spec),
        },
      ];
    },
  );
  const orphaned = [...writer.owners()].flatMap(({ kind, uid }) => {
    if (kind !== 'Port' || stores.ports.byUid(uid) !== undefined) return [];
    return recordedPort(writer, uid) ?? [];
  });
  const conflicts = [...alive, ...orphaned].flatMap((record) => {
    const pool = pools.subnet(record.subnetUid);
    if (pool === undefined) return [];
    pools.setParent(record.uid, record.subnetUid);
    return adopt(pool, record);
  });
  for (const subnet of stores.subnets.values()) {
    claimNamed(pools, subnet.metadata.uid, stores.ports.byIndex('subnet', keyOf(subnet)));
  }
  return conflicts;
}

function adopt(pool: SubnetPool, { uid, mac, ip, shared }: PortRecord): PoolConflict[] {
  const canonical = mac === undefined ? undefined : parseMac(mac);
  const address = ip === undefined ? undefined : parseAddress(ip, { family: 4 });
  const conflicts: PoolConflict[] = [];
  if (canonical?.ok === true && !pool.macs.claim(uid, canonical.value).ok) {
    conflicts.push({ kind: 'Port', uid, value: canonical.value });
  }
  for (const refused of pool.macs.share(uid, shared).keys()) {
    conflicts.push({ kind: 'Port', uid, value: refused });
  }
  if (address?.ok === true && !pool.addresses.adopt(uid, address.value).ok) {
    conflicts.push({ kind: 'Port', uid, value: formatAddress(address.value) });
  }
  return conflicts;
}

/** The range in the status, else the one that the owner's row of this table is marked with. */
function cidrOf(
  writer: Sources['writer'],
  uid: string,
  status: string | undefined,
  table: string,
): Cidr | undefined {
  if (status === undefined) return recordedCidr(writer, uid, table);
  const cidr = parseCidr(status, { family: 4 });
  return cidr.ok ? cidr.value : undefined;
}
