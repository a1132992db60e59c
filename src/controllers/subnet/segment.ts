import { computeMac, formatAddress, segmentKey, type Subnet } from '../../api/index.ts';
import { isLeaving, keyOf } from '../../reconcile/index.ts';
import type { Env } from '../common/env.ts';
import { isOlder, oldestOf } from '../common/oldest.ts';
import { bad, good, type Checked, type Problem } from '../common/problem.ts';
import type { SubnetPool } from '../pools/pools.ts';
import { excludesSubnets, grantedSegment, sharesSegments, type Grant } from '../providernetwork/index.ts';
import { segmentIndexKey } from './kind.ts';

/**
 * Returns the segment that a Subnet may be connected to, and holds the segment; undefined for an overlay Subnet. The
 * result depends on the present objects and on the holders of the segment only, so a Subnet that loses its permission
 * loses the connection, whatever its status says.
 */
export function claimSegment(env: Env, subnet: Subnet): Checked<Grant | undefined> {
  const { provider } = subnet.spec;
  if (provider === undefined) return good(undefined);
  const { uid, namespace = '' } = subnet.metadata;
  const granted = grantedSegment(env.stores, namespace, provider);
  if (!granted.ok) return granted;
  const { network, segment } = granted.value;
  const key = segmentKey(segment);
  if (!env.pools.segments.holds(uid, key)) claimForOldest(env, key, granted.value);
  if (mayHold(env, subnet, key, granted.value)) {
    hold(env, key, uid, network.metadata.name);
    return granted;
  }
  env.pools.waiting.add(key, 'Subnet', keyOf(subnet), 'the segment');
  return bad('SegmentConflict', conflictText(env, subnet, key, granted.value));
}

/** If the segment is free, makes the oldest Subnet that may use the segment its holder. */
function claimForOldest(env: Env, key: string, { segment }: Grant): void {
  const { stores, pools } = env;
  if (pools.segments.hasOthers(key, '')) return;
  const candidates: Subnet[] = [];
  for (const network of stores.ProviderNetwork.byIndex('physicalNetwork', segment.physicalNetwork)) {
    if (externalNetworkOn(env, key, network) !== undefined) continue;
    const { name } = network.metadata;
    for (const subnet of stores.Subnet.byIndex('segment', segmentIndexKey(name, segment.vlanID))) {
      const { provider } = subnet.spec;
      if (provider === undefined || isLeaving(subnet)) continue;
      if (grantedSegment(stores, subnet.metadata.namespace ?? '', provider).ok) candidates.push(subnet);
    }
  }
  const oldest = oldestOf(candidates);
  if (oldest === undefined) return;
  hold(env, key, oldest.metadata.uid, oldest.spec.provider?.networkRef?.name ?? '');
  env.wake('Subnet', keyOf(oldest));
}

/** Makes a Subnet hold the segment. The ProviderNetwork counts its Subnets again. */
function hold({ pools: { segments }, wakeSoon }: Env, key: string, uid: string, network: string): void {
  const isNew = !segments.holds(uid, key);
  segments.holdAsSubnet(key, uid, network);
  if (isNew) wakeSoon('ProviderNetwork', network);
}

function mayHold(env: Env, subnet: Subnet, key: string, { network }: Grant): boolean {
  const { segments } = env.pools;
  const { uid } = subnet.metadata;
  const holds = segments.holds(uid, key);
  if (segments.externalNetworks(key).length > 0) return false;
  if (!holds && externalNetworkOn(env, key, network) !== undefined) return false;
  if (!segments.hasOthers(key, uid)) return true;
  const isShared = [network.metadata.name, ...segments.networks(key)].every((name) =>
    sharesSegments(env.stores, name),
  );
  return isShared || (holds && isOldestHolder(env, subnet, key));
}

/**
 * Whether a Subnet is the oldest holder of a segment that is no longer shared. Holders that lost their permission do
 * not count, because they are about to release the segment. The other holders are woken, so that they release it too.
 */
function isOldestHolder(env: Env, subnet: Subnet, key: string): boolean {
  const others = env.pools.segments
    .subnets(key)
    .map((uid) => env.stores.Subnet.byUid(uid))
    .filter((other): other is Subnet => other !== undefined && other.metadata.uid !== subnet.metadata.uid)
    .filter(({ metadata: { namespace = '' }, spec: { provider } }) =>
      provider === undefined ? false : grantedSegment(env.stores, namespace, provider).ok,
    );
  if (!others.every((other) => isOlder(subnet, other))) return false;
  for (const other of others) env.wake('Subnet', keyOf(other));
  return true;
}

function externalNetworkOn({ stores, pools }: Env, key: string, network: Grant['network']) {
  for (const external of stores.ExternalNetwork.byIndex('segment', key))
    if (excludesSubnets(pools, external, network)) return external;
  return undefined;
}

/** Names another Subnet only if it is in the same namespace. */
function conflictText({ stores, pools }: Env, subnet: Subnet, key: string, grant: Grant): string {
  const neighbour = pools.segments
    .subnets(key)
    .map((uid) => stores.Subnet.byUid(uid)?.metadata)
    .find((other) => other?.namespace === subnet.metadata.namespace);
  const holder = neighbour === undefined ? 'another network' : `the Subnet "${neighbour.name}"`;
  return (
    `${grantText(grant)} is not available, because ${holder} uses it; ` +
    'create the Subnet with another vlanID, or ask an administrator.'
  );
}

/**
 * Makes the pools of a Subnet share the addresses of its segment. Returns a problem if the Subnet uses an address or a
 * MAC address that another Subnet of the segment uses. The message does not name the other Subnet, which may belong to
 * another tenant.
 */
export function joinSegment(env: Env, subnet: Subnet, pool: SubnetPool, grant: Grant): Problem | undefined {
  const { segments, waiting } = env.pools;
  const key = segmentKey(grant.segment);
  const fixed = infrastructureMacs(subnet.metadata.uid);
  const conflict = segments.conflictOn(key, pool, fixed);
  if (conflict === undefined) {
    segments.join(key, pool, fixed);
    return undefined;
  }
  waiting.add(key, 'Subnet', keyOf(subnet));
  const where = `another network on ${grantText(grant)}`;
  if ('ip' in conflict) {
    const message =
      `The gateway or a Port of the Subnet has the address ${formatAddress(conflict.ip)}, which ${where} uses; ` +
      'set another gateway address, or delete the Port.';
    return { reason: 'IPAlreadyAllocated', message };
  }
  const message = `A Port of the Subnet has the MAC address ${conflict.mac}, which ${where} uses; delete the Port.`;
  return { reason: 'MACConflict', message };
}

/** Returns the MAC addresses of a Subnet's gateway and metadata service. */
export const infrastructureMacs = (uid: string): readonly string[] => [
  computeMac(uid, 'gateway'),
  computeMac(uid, 'metadata'),
];

function grantText({ network, segment: { vlanID } }: Grant): string {
  const part = vlanID === undefined ? 'the untagged network' : `VLAN ${vlanID}`;
  return `${part} of the ProviderNetwork "${network.metadata.name}"`;
}
