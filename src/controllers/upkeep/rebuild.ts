import {
  formatAddress,
  formatCidr,
  parseAddress,
  parseCidr,
  parseMac,
  tenancyOf,
  type Cidr,
  type Port,
} from '../../api/index.ts';
import type { Steps } from '../../base/index.ts';
import type { Env } from '../common/env.ts';
import { rebuildExternal } from '../externalnetwork/rebuild.ts';
import { oldestFirstInSteps } from '../common/oldest.ts';
import type { SubnetPool } from '../pools/pools.ts';
import { claimNamedAddress, sharedMacs } from '../port/addressing.ts';
import { recordedCidr, recordedPort, type PortRecord } from '../rows/recorded.ts';
import { flatMapInSteps } from '../common/steps.ts';
import { subnetRanges } from '../subnet/ranges.ts';
import { vpcOf } from '../vpc/lookup.ts';

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
 *
 * Objects and rows may change between the steps; the pools only by them. What comes after its turn counts as if it came
 * after the last step: its key is in the queue. What goes is released when its key is reconciled.
 */
export function* rebuildPools(sources: Sources): Steps<readonly PoolConflict[]> {
  return [
    ...(yield* rebuildVpcs(sources)),
    ...(yield* rebuildSubnets(sources)),
    ...(yield* rebuildPorts(sources)),
    ...(yield* rebuildExternal(sources)),
  ];
}

function* rebuildVpcs({ stores, pools, writer }: Sources): Steps<readonly PoolConflict[]> {
  const vpcs = yield* oldestFirstInSteps(stores.vpcs.values());
  return yield* flatMapInSteps(vpcs, ({ metadata: { uid, namespace = '' }, status }) => {
    const cidr = cidrOf(writer, uid, status?.cidr, 'Logical_Router');
    if (cidr === undefined) return [];
    const { organization } = tenancyOf(namespace, stores.namespaces.get(namespace)?.metadata.labels);
    const { ok } = pools.vpcBlocks.adopt(organization, uid, cidr);
    return ok ? [] : [{ kind: 'VPC', uid, value: formatCidr(cidr) }];
  });
}

function* rebuildSubnets({ stores, pools, writer }: Sources): Steps<readonly PoolConflict[]> {
  const subnets = yield* oldestFirstInSteps(stores.subnets.values());
  return yield* flatMapInSteps(subnets, (subnet) => {
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

function* rebuildPorts({ stores, pools, writer }: Sources): Steps<readonly PoolConflict[]> {
  const ports = yield* oldestFirstInSteps(stores.ports.values());
  const subnetOf = ({ metadata: { namespace = '' }, spec }: Port) =>
    stores.subnets.get(`${namespace}/${spec.subnetRef.name}`)?.metadata.uid;
  const adoptRecord = (record: PortRecord): readonly PoolConflict[] => {
    const pool = pools.subnet(record.subnetUid);
    if (pool === undefined) return [];
    pools.setParent(record.uid, record.subnetUid);
    return adopt(pool, record);
  };
  const ofPorts = yield* flatMapInSteps(ports, (port) => {
    const { uid } = port.metadata;
    const fromRow = recordedPort(writer, uid);
    const subnetUid = subnetOf(port) ?? fromRow?.subnetUid;
    if (subnetUid === undefined) return [];
    return adoptRecord({
      uid,
      subnetUid,
      mac: port.status?.macAddress ?? fromRow?.mac,
      ip: port.status?.ipAddress ?? fromRow?.ip,
      // Not what the spec says, where there is a row: it may have been refused.
      shared: fromRow?.shared ?? sharedMacs(port.spec),
    });
  });
  // Not those that the store lacks now: a Port that has come meanwhile would be neither here nor there.
  const adopted = new Set(ports.map(({ metadata }) => metadata.uid));
  const ofOrphans = yield* flatMapInSteps([...writer.owners()], ({ kind, uid }) => {
    const record = kind === 'Port' && !adopted.has(uid) ? recordedPort(writer, uid) : undefined;
    return record === undefined ? [] : adoptRecord(record);
  });
  yield* flatMapInSteps(ports, (port) => {
    const subnetUid = subnetOf(port);
    if (subnetUid !== undefined) claimNamedAddress(pools, subnetUid, port);
    return [];
  });
  return [...ofPorts, ...ofOrphans];
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
