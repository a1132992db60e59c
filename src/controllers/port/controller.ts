import {
  condition,
  findCondition,
  formatAddress,
  type DesiredCondition,
  type Port,
  type SecurityGroup,
  type Subnet,
} from '../../api/index.ts';
import { keepShared } from '../../ipam/index.ts';
import { keyOf, refKey } from '../../reconcile/index.ts';
import type { Intent } from '../common/converge.ts';
import { mergeDhcp } from '../rows/dhcp.ts';
import type { Env } from '../common/env.ts';
import type { KindController } from '../common/kind-reconciler.ts';
import { weightOf } from '../common/limits.ts';
import { interfaceId } from '../rows/names.ts';
import type { Problem } from '../common/problem.ts';
import type { SubnetPool } from '../pools/pools.ts';
import { isInOvn, missingGroups } from '../securitygroup/index.ts';
import type { Limits } from '../settings.ts';
import { subnetNetwork, vpcOfSubnet, type SubnetNetwork } from '../subnet/index.ts';
import { restrictionsOf } from '../trafficpolicy/index.ts';
import { assignAddressing, type Addressing } from './addressing.ts';
import { networksAround } from './around.ts';
import { portFallback } from './fallback.ts';
import { appliedGroupNames } from './kind.ts';
import { planPort } from './plan.ts';
import { restrict } from './powers.ts';
import { Recount } from './recount.ts';
import { fullyProtected, protectionProblem } from './shared-link.ts';
import { specProblem } from './spec.ts';

/** The host of a Port, and the conditions that report it. */
interface Binding {
  readonly host: string | undefined;
  readonly conditions: readonly DesiredCondition[];
}

/** Decides on a Port: its logical switch port, addresses and groups. */
export class PortController implements KindController<Port> {
  readonly #env: Env;
  readonly #recount: Recount;

  constructor(env: Env) {
    this.#env = env;
    this.#recount = new Recount(env);
  }

  intent(_key: string, port: Port): Intent<object> {
    const binding = this.#binding(port);
    const settled = this.#recount.during(port);
    const intent = this.#withoutBinding(port);
    return {
      ...intent,
      settled,
      fallback: () => portFallback(this.#env, port),
      otherConditions: binding.conditions,
      inEffect: port.spec.adminState === 'Down' ? disconnected : undefined,
      status: (programmed) => ({ ...intent.status(programmed), boundHost: binding.host }),
    };
  }

  gone(port: Port): void {
    this.#recount.during(port)();
  }

  /**
   * Returns the host on which OVN reports the interface up. Until the operator has read the Southbound database, the
   * result is the host in the status.
   */
  #binding({ metadata: { uid }, status = {} }: Port): Binding {
    const { bindings } = this.#env;
    if (!bindings.isKnown) {
      const before = findCondition(status.conditions, 'Bound');
      const unknown =
        'The operator has not read the Southbound database yet, so it does not know the host of the interface; ' +
        'check that the Southbound database runs and that the operator can connect to it (ovnSbEndpoint).';
      const bound = before ?? condition('Bound', 'Unknown', 'SouthboundNotRead', unknown);
      return { host: status.boundHost, conditions: [bound as DesiredCondition] };
    }
    const host = bindings.hostOf(interfaceId(uid));
    const bound =
      host === undefined
        ? condition('Bound', 'False', 'NotBound', NOT_BOUND)
        : condition('Bound', 'True', 'Bound', `OVN reports the interface up on the host ${host}.`);
    return { host, conditions: [bound] };
  }

  #withoutBinding(port: Port): Intent<object> {
    const found = this.#network(port);
    if ('reason' in found) {
      return { resolvedRefs: found, status: () => statusBefore(port) };
    }
    const { network, pool } = found;
    const { subnet, cidr } = network;
    const place = { isProvider: subnet.spec.provider !== undefined, cidr };
    const { port: restricted, forbidden } = restrict(this.#env, port, place);
    const guarded = network.isShared ? fullyProtected(restricted) : restricted;
    const groups = this.#groups(guarded);
    const { limits } = this.#env.settings;
    const invalid = specProblem(port.spec) ?? tooManyGroups(guarded, groups.found, limits);
    if (invalid !== undefined) return { accepted: invalid, status: () => statusBefore(port) };
    const hasMore = (restricted.spec.allowedAddresses ?? []).length > 0;
    const around = hasMore ? networksAround(this.#env.stores, network.vpc) : [];
    const ports = this.#env.stores.Port;
    const addressing = this.#recounting(port, subnet, pool, () =>
      assignAddressing(this.#env.pools, ports, network, pool, guarded, around),
    );
    if (!addressing.ok) {
      return { accepted: addressing.problem, resolvedRefs: groups.problem, status: () => statusBefore(port) };
    }
    const groupUids = groups.found.map(({ metadata }) => metadata.uid);
    const restrictions = restrictionsOf(
      this.#env.stores,
      port,
      { subnetUid: network.subnet.metadata.uid, vpcUid: network.vpc.metadata.uid },
      limits,
    );
    return {
      desired: planPort(guarded, { network, ...addressing.value, groupUids, restrictions }),
      accepted:
        forbidden ??
        restrictions.excess ??
        protectionProblem(restricted, guarded) ??
        addressing.value.refused,
      applied: () =>
        this.#recounting(port, subnet, pool, () =>
          keepShared(pool.addresses, port.metadata.uid, addressing.value.shares),
        ),
      resolvedRefs: groups.problem,
      status: (programmed) => (programmed ? statusOf(port, network, addressing.value) : statusBefore(port)),
    };
  }

  /** Executes a function. Lets the Subnet count its addresses again if the Port then holds or shares others. */
  #recounting<T>({ metadata: { uid } }: Port, subnet: Subnet, { addresses }: SubnetPool, change: () => T): T {
    const count = () => (addresses.heldBy(uid) === undefined ? 0 : 1) + addresses.shared.sharedBy(uid).length;
    const before = count();
    const result = change();
    if (count() !== before) this.#env.wakeSoon('Subnet', keyOf(subnet));
    return result;
  }

  #network(port: Port): { network: SubnetNetwork; pool: SubnetPool } | Problem {
    const { stores, pools } = this.#env;
    const { namespace = '' } = port.metadata;
    const { name } = port.spec.subnetRef;
    const subnet = stores.Subnet.get(refKey({ namespace, name }));
    if (subnet === undefined) {
      const message = `There is no Subnet "${name}" in the namespace; create the Subnet, or correct the name.`;
      return { reason: 'SubnetNotFound', message };
    }
    const network = subnetNetwork(this.#env, subnet);
    const pool = pools.subnet(subnet.metadata.uid);
    if (network !== undefined && pool !== undefined) return { network, pool };
    if (vpcOfSubnet(stores, subnet) === undefined) {
      const message = `The VPC of the Subnet "${name}" does not exist, so the operator changes nothing else in OVN for the Port than restrictions; create the VPC.`;
      return { reason: 'VPCNotFound', message };
    }
    const message = `The Subnet "${name}" is not ready; check the conditions of the Subnet.`;
    return { reason: 'SubnetNotReady', message };
  }

  /** Returns the SecurityGroups that apply to the Port and that OVN contains, and a problem if there are others. */
  #groups(port: Port): { found: readonly SecurityGroup[]; problem: Problem | undefined } {
    const { namespace = '' } = port.metadata;
    const found: SecurityGroup[] = [];
    const missing: string[] = [];
    for (const name of appliedGroupNames(port.spec)) {
      const group = this.#env.stores.SecurityGroup.get(refKey({ namespace, name }));
      if (group !== undefined && isInOvn(this.#env.writer, group)) found.push(group);
      else missing.push(name);
    }
    const consequence = 'a group that is not in OVN allows nothing';
    return { found, problem: missingGroups(this.#env.stores.SecurityGroup, namespace, missing, consequence) };
  }
}

const NOT_BOUND =
  'No host has plugged in the interface; start the virtual machine, and check that external_ids:iface-id of its ' +
  'device is equal to status.interfaceID.';

const disconnected = {
  reason: 'AdminDown',
  message: 'The Port is disconnected, because spec.adminState is Down; set it to Up to connect the Port.',
} as const;

function tooManyGroups(
  { spec }: Port,
  found: readonly SecurityGroup[],
  { groupsPerPort, matchesPerPort }: Limits,
): Problem | undefined {
  const { length } = appliedGroupNames(spec);
  if (length > groupsPerPort) {
    const message = `The Port references ${length} SecurityGroups; the limit is ${groupsPerPort} (limits.groupsPerPort). Use fewer groups, or merge rules.`;
    return { reason: 'TooManyGroups', message };
  }
  const matches = found.reduce((sum, { status }) => sum + weightOf(status), 0);
  if (!(matches > matchesPerPort)) return undefined;
  const message =
    `The SecurityGroups of the Port count as ${matches} flow matches, each group rounded up; ` +
    `the limit is ${matchesPerPort} (limits.matchesPerPort). Use fewer groups, or merge rules.`;
  return { reason: 'TooManyGroups', message };
}

function statusOf(port: Port, { cidr, gatewayIP, mtu, dhcp }: SubnetNetwork, { address, mac }: Addressing) {
  const { dnsServers = [], mode } = mergeDhcp(dhcp, port.spec.dhcp);
  return {
    interfaceID: interfaceId(port.metadata.uid),
    macAddress: mac,
    ipAddress: formatAddress(address),
    prefixLength: cidr.prefix,
    gatewayIP,
    mtu,
    ...(dnsServers.length === 0 ? {} : { dnsServers }),
    dhcp: mode,
  };
}

/** Returns the status without conditions, for a Port whose status cannot be determined now. */
function statusBefore({ status = {} }: Port) {
  const { conditions: _conditions, observedGeneration: _generation, boundHost: _host, ...rest } = status;
  return rest;
}
