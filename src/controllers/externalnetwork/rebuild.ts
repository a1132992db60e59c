import {
  formatAddress,
  networkOf,
  parseAddress,
  type Address,
  type NatRule,
  type VPC,
} from '../../api/index.ts';
import type { Env } from '../common/env.ts';
import { recordedNat } from '../natrule/plan.ts';
import { oldestFirstInSteps } from '../common/oldest.ts';
import { recordedGateway } from '../vpc/gateway.ts';
import { recordedLink } from '../vpcpeering/plan.ts';
import { connectionOf } from '../vpcpeering/match.ts';
import type { Steps } from '../../base/index.ts';
import { keyOf, type KubeObject } from '../../reconcile/index.ts';
import { LINK_PREFIX } from '../pools/links.ts';
import { flatMapInSteps } from '../common/steps.ts';
import { claimNamedAddresses } from './named.ts';
import { externalAddressing } from './ranges.ts';

/** Somebody is recorded with what another has. */
interface Conflict {
  readonly kind: string;
  readonly uid: string;
  readonly value: string;
}

type Sources = Pick<Env, 'stores' | 'pools' | 'writer'>;

/**
 * Fills the pools of external addresses and of links from rows and statuses, as `rebuildPools` does the others. Rows
 * go first here: an address that is in OVN must not be given to another, whatever a status says.
 */
export function* rebuildExternal(sources: Sources): Steps<readonly Conflict[]> {
  const { stores, pools } = sources;
  for (const network of stores.externalNetworks.values()) {
    const addressing = externalAddressing(network);
    if (!addressing.ok) continue;
    pools.external.configure(network.metadata.uid, addressing.value.cidr, addressing.value.ranges);
  }
  const vpcs = yield* oldestFirstInSteps(stores.vpcs.values());
  const rules = yield* oldestFirstInSteps(stores.natRules.values());
  const conflicts = [
    ...(yield* rebuildGateways(sources, vpcs)),
    ...(yield* rebuildFloatingIPs(sources)),
    ...(yield* rebuildRules(sources, rules)),
    ...(yield* rebuildOrphans(sources, uidsOf([...vpcs, ...rules]))),
    ...(yield* rebuildLinks(sources)),
  ];
  yield* flatMapInSteps([...stores.externalNetworks.values()], (network) => {
    claimNamedAddresses(pools, stores, network);
    return [];
  });
  return conflicts;
}

function rebuildGateways(
  { stores, pools, writer }: Sources,
  vpcs: readonly VPC[],
): Steps<readonly Conflict[]> {
  return flatMapInSteps(vpcs, ({ metadata: { uid }, spec, status }) => {
    const name = spec.externalGateway?.externalNetworkRef.name ?? '';
    const record = recordedGateway(writer, uid);
    const networkUid = record?.networkUid ?? stores.externalNetworks.get(name)?.metadata.uid;
    const address = record?.address ?? parsed(status?.gatewayIPs?.[0]);
    return adopt(pools, 'VPC', uid, networkUid, address);
  });
}

function* rebuildFloatingIPs({ stores, pools, writer }: Sources): Steps<readonly Conflict[]> {
  const floatingIPs = yield* oldestFirstInSteps(stores.floatingIPs.values());
  return yield* flatMapInSteps(floatingIPs, (floatingIP) => {
    const { uid } = floatingIP.metadata;
    const networkUid = stores.externalNetworks.get(floatingIP.spec.externalNetworkRef.name)?.metadata.uid;
    const users = [...stores.natRules.byIndex('floatingIP', keyOf(floatingIP))];
    const used = users.map((rule) => recordedNat(writer, rule.metadata.uid)?.external).find(Boolean);
    return adopt(pools, 'FloatingIP', uid, networkUid, parsed(floatingIP.status?.address ?? used));
  });
}

/** After VPCs and FloatingIPs: where the address is one of theirs, their hold comes first. */
function rebuildRules(sources: Sources, rules: readonly NatRule[]): Steps<readonly Conflict[]> {
  return flatMapInSteps(rules, ({ metadata: { uid, namespace = '' } }) => adoptRule(sources, namespace, uid));
}

/** Has a NatRule share the address that its rows have. */
function adoptRule({ stores, pools, writer }: Sources, namespace: string, uid: string): Conflict[] {
  const record = recordedNat(writer, uid);
  const address = parsed(record?.external);
  if (record === undefined || address === undefined) return [];
  if (pools.external.adoptShare(record.networkUid, namespace, uid, address)) return [];
  const holder = pools.external.network(record.networkUid)?.holder(address) ?? '';
  const tenant = (stores.floatingIPs.byUid(holder) ?? stores.vpcs.byUid(holder))?.metadata.namespace;
  return tenant === namespace ? [] : [{ kind: 'NatRule', uid, value: formatAddress(address) }];
}

/** Rows of other objects than the `adopted`, which are gone, keep their address until they are swept. */
function rebuildOrphans(sources: Sources, adopted: ReadonlySet<string>): Steps<readonly Conflict[]> {
  const { pools, writer } = sources;
  return flatMapInSteps([...writer.owners()], ({ kind, namespace, uid }) => {
    if (adopted.has(uid)) return [];
    if (kind === 'VPC') {
      const record = recordedGateway(writer, uid);
      if (record !== undefined) pools.external.network(record.networkUid)?.adopt(uid, record.address);
    }
    return kind === 'NatRule' ? adoptRule(sources, namespace, uid) : [];
  });
}

function* rebuildLinks(sources: Sources): Steps<readonly Conflict[]> {
  const { stores, pools, writer } = sources;
  const peerings = yield* oldestFirstInSteps(stores.vpcPeerings.values());
  const alive = yield* flatMapInSteps(peerings, (peering) => {
    const { uid } = peering.metadata;
    const record = recordedLink(writer, uid);
    if (record !== undefined) return [{ uid, ...record }];
    const connection = connectionOf(sources, peering);
    const network = peering.status?.linkCIDR;
    if (!connection.ok || network === undefined) return [];
    return [{ uid, peerUid: connection.value.other.peering.metadata.uid, network }];
  });
  const adopted = uidsOf(peerings);
  const orphaned = yield* flatMapInSteps([...writer.owners()], ({ kind, uid }) => {
    const record = kind === 'VPCPeering' && !adopted.has(uid) ? recordedLink(writer, uid) : undefined;
    return record === undefined ? [] : [{ uid, ...record }];
  });
  return yield* flatMapInSteps([...alive, ...orphaned], ({ uid, peerUid, network }) => {
    const address = parsed(network.split('/')[0]);
    if (address === undefined) return [];
    const ok = pools.links.adopt(uid, peerUid, networkOf(address, LINK_PREFIX));
    return ok ? [] : [{ kind: 'VPCPeering', uid, value: network }];
  });
}

function adopt(
  pools: Env['pools'],
  kind: string,
  uid: string,
  networkUid: string | undefined,
  address: Address | undefined,
): Conflict[] {
  if (networkUid === undefined || address === undefined) return [];
  const result = pools.external.network(networkUid)?.adopt(uid, address);
  return result?.ok === false ? [{ kind, uid, value: formatAddress(address) }] : [];
}

function uidsOf(objects: readonly KubeObject[]): ReadonlySet<string> {
  return new Set(objects.map(({ metadata }) => metadata.uid));
}

function parsed(text: string | undefined): Address | undefined {
  const address = text === undefined ? undefined : parseAddress(text, { family: 4 });
  return address?.ok === true ? address.value : undefined;
}
