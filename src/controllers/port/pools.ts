import { formatAddress, parseAddress, parseMac, type Port } from '../../api/index.ts';
import type { Owner } from '../../ovn/index.ts';
import { keyOf, refKey, type KubeObject } from '../../reconcile/index.ts';
import type { Env, PoolSources } from '../common/env.ts';
import type { NamedClaim } from '../kind-module.ts';
import type { PoolConflict, Pools } from '../pools/pools.ts';
import { recordedPort, type PortRecord } from '../rows/recorded.ts';
import { sharedMacs } from './addressing.ts';

/** Releases the addresses of a Port and enqueues the Subnet to count its addresses again. */
export function releasePort({ pools, stores, wakeSoon }: Env, uid: string): void {
  const subnetUid = pools.releasePort(uid);
  const subnet = subnetUid === undefined ? undefined : stores.Subnet.byUid(subnetUid);
  if (subnet !== undefined) wakeSoon('Subnet', keyOf(subnet));
}

/** Restores the addresses of a Port, from its status or, where the status lacks them, from its row. */
export function adoptPort(sources: PoolSources, port: Port): readonly PoolConflict[] {
  const { stores, pools, writer } = sources;
  const { uid, namespace = '' } = port.metadata;
  const fromRow = recordedPort(writer, uid);
  const subnet = stores.Subnet.get(refKey({ namespace, name: port.spec.subnetRef.name }));
  const subnetUid = subnet?.metadata.uid ?? fromRow?.subnetUid;
  if (subnetUid === undefined) return [];
  return adopt(pools, {
    uid,
    subnetUid,
    mac: port.status?.macAddress ?? fromRow?.mac,
    ip: port.status?.ipAddress ?? fromRow?.ip,
    // The row has precedence over the spec, because the Subnet may have refused a MAC address in the spec.
    shared: fromRow?.shared ?? sharedMacs(port.spec),
  });
}

/** Restores the addresses that the row of a deleted Port contains. */
export function adoptPortOrphan({ pools, writer }: PoolSources, { uid }: Owner): readonly PoolConflict[] {
  const record = recordedPort(writer, uid);
  return record === undefined ? [] : adopt(pools, record);
}

/**
 * Returns the addresses that Ports of a Subnet name: a Port without `ipAddress` must not get the address that another
 * Port names.
 */
export function* portClaims({ stores, pools }: PoolSources, parent: KubeObject): Iterable<NamedClaim> {
  if (parent.kind !== 'Subnet') return;
  for (const port of stores.Port.byIndex('subnet', keyOf(parent)))
    if (port.spec.ipAddress !== undefined)
      yield { object: port, claim: () => claimAddress(pools, parent.metadata.uid, port) };
}

function claimAddress(pools: Pools, subnetUid: string, { metadata, spec }: Port): void {
  const pool = pools.subnet(subnetUid);
  const address = parseAddress(spec.ipAddress ?? '', { family: 4 });
  if (pool !== undefined && address.ok && pool.addresses.claim(metadata.uid, address.value).ok)
    pools.setParent(metadata.uid, subnetUid);
}

function adopt(pools: Pools, { uid, subnetUid, mac, ip, shared }: PortRecord): readonly PoolConflict[] {
  const pool = pools.subnet(subnetUid);
  if (pool === undefined) return [];
  pools.setParent(uid, subnetUid);
  const canonical = mac === undefined ? undefined : parseMac(mac);
  const address = ip === undefined ? undefined : parseAddress(ip, { family: 4 });
  const conflicts: PoolConflict[] = [];
  if (canonical?.ok === true && !pool.macs.claim(uid, canonical.value).ok)
    conflicts.push({ kind: 'Port', uid, value: canonical.value });
  for (const refused of pool.macs.share(uid, shared).keys())
    conflicts.push({ kind: 'Port', uid, value: refused });
  if (address?.ok === true && !pool.addresses.adopt(uid, address.value).ok)
    conflicts.push({ kind: 'Port', uid, value: formatAddress(address.value) });
  return conflicts;
}
