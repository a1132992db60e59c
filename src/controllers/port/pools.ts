import {
  containsCidr,
  formatAddress,
  formatCidr,
  parseAddress,
  parseCidr,
  parseMac,
  type Address,
  type Port,
} from '../../api/index.ts';
import { share } from '../../ipam/index.ts';
import type { Owner } from '../../ovn/index.ts';
import { keyOf, refKey, type KubeObject } from '../../reconcile/index.ts';
import type { Env, PoolSources } from '../common/env.ts';
import type { NamedClaim } from '../kind-module.ts';
import type { PoolConflict, Pools, SubnetPool } from '../pools/pools.ts';
import { recordedPort, type PortRecord } from '../rows/recorded.ts';
import { sharedMacs } from './addressing.ts';
import { sharedNetworks } from './allowed.ts';

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
    // Without a row, the spec claims the networks, and an older Port that names an address in them has precedence.
    networks: fromRow?.networks ?? [],
  });
}

/** Restores the addresses that the row of a deleted Port contains. */
export function adoptPortOrphan({ pools, writer }: PoolSources, { uid }: Owner): readonly PoolConflict[] {
  const record = recordedPort(writer, uid);
  return record === undefined ? [] : adopt(pools, record);
}

/**
 * Returns the addresses that Ports of a Subnet name, as their own or to share: a Port without `ipAddress` must not get
 * an address that another Port names.
 */
export function* portClaims({ stores, pools }: PoolSources, parent: KubeObject): Iterable<NamedClaim> {
  if (parent.kind !== 'Subnet') return;
  for (const port of stores.Port.byIndex('subnet', keyOf(parent)))
    if (port.spec.ipAddress !== undefined || port.spec.allowedAddresses !== undefined)
      yield { object: port, claim: () => claimAddress(pools, parent.metadata.uid, port) };
}

function claimAddress(pools: Pools, subnetUid: string, { metadata, spec }: Port): void {
  const pool = pools.subnet(subnetUid);
  if (pool === undefined) return;
  const { addresses } = pool;
  const address = parseAddress(spec.ipAddress ?? '', { family: 4 });
  const isHeld = address.ok && addresses.claim(metadata.uid, address.value).ok;
  const { cidr, gateway } = addresses;
  const networks = sharedNetworks(
    spec,
    cidr,
    gateway === undefined ? undefined : { family: 4, value: gateway },
  );
  share(addresses, metadata.uid, networks);
  if (isHeld || networks.length > 0) pools.setParent(metadata.uid, subnetUid);
}

function adopt(
  pools: Pools,
  { uid, subnetUid, mac, ip, shared, networks }: PortRecord,
): readonly PoolConflict[] {
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
  if (address?.ok === true) conflicts.push(...unshare(pool, uid, address.value));
  const inside = networks.flatMap((text) => {
    const network = parseCidr(text, { family: 4 });
    return network.ok && containsCidr(pool.addresses.cidr, network.value) ? [network.value] : [];
  });
  for (const refused of share(pool.addresses, uid, inside).keys())
    conflicts.push({ kind: 'Port', uid, value: formatCidr(refused) });
  if (address?.ok === true && !pool.addresses.adopt(uid, address.value).ok)
    conflicts.push({ kind: 'Port', uid, value: formatAddress(address.value) });
  return conflicts;
}

/**
 * Removes an address that a Port has as its own from the networks that other Ports share. Only an earlier version of
 * the operator allowed both.
 */
function unshare({ addresses }: SubnetPool, uid: string, address: Address): readonly PoolConflict[] {
  const conflicts: PoolConflict[] = [];
  for (;;) {
    const other = addresses.shared.other(uid, address);
    if (other === undefined) return conflicts;
    addresses.shared.remove(other.owner, other.cidr);
    conflicts.push({ kind: 'Port', uid: other.owner, value: formatCidr(other.cidr) });
  }
}
