import { containsCidr, formatAddress, formatCidr, parseCidr } from '../../api/index.ts';
import type { Cidr, Subnet, VPC } from '../../api/index.ts';
import { nothing } from '../../ovn/index.ts';
import type { Intent } from '../common/converge.ts';
import type { Env } from '../common/env.ts';
import type { KindController } from '../common/kind-reconciler.ts';
import { bad, conditionOf, fromParsed, good, type Checked } from '../common/problem.ts';
import type { PoolSettings } from '../pools/pool-settings.ts';
import { valueOf, type SubnetPool } from '../pools/pools.ts';
import { effectiveDhcp } from '../rows/dhcp.ts';
import { keepFilters } from '../rows/filters.ts';
import { isolationRows } from '../rows/isolation.ts';
import { switchName } from '../rows/names.ts';
import { knownCidr } from '../rows/recorded.ts';
import { networksThrough, requireVpc, vpcNetwork, vpcNotReady } from '../vpc/index.ts';
import { connect, fallbackOf, leaveOthers, leaveUnused, segmentStatus } from './connection.ts';
import { isShared } from './kind.ts';
import { mtuFits } from './mtu.ts';
import { planSubnet } from './plan.ts';
import { subnetRanges } from './ranges.ts';
import { specProblem } from './spec.ts';

/** The facts of a Subnet whose references are resolved and whose spec is valid. */
interface Network {
  readonly vpc: VPC;
  readonly cidr: Cidr;
  readonly ranges: PoolSettings;
  readonly pool: SubnetPool;
  /** Whether the Subnet had no address pool before. */
  readonly isNew: boolean;
}

/** Decides on a Subnet: its range in the VPC, its switch, gateway and DHCP options. */
export class SubnetController implements KindController<Subnet> {
  readonly #env: Env;

  constructor(env: Env) {
    this.#env = env;
  }

  /** Lets the ProviderNetwork count its Subnets again, after the Subnet released its segment. */
  gone({ spec: { provider } }: Subnet): void {
    if (provider?.networkRef !== undefined) this.#env.wakeSoon('ProviderNetwork', provider.networkRef.name);
  }

  intent(key: string, subnet: Subnet): Intent<object> {
    const { stores, pools, settings } = this.#env;
    const found = requireVpc(stores, subnet);
    const vpc = found.ok ? found.value : undefined;
    const ready = found.ok && vpcNetwork(found.value) === undefined ? vpcNotReady(found.value) : found;
    const mtu = subnet.spec.mtu ?? settings.mtu;
    if (ready.ok && this.#canMove(subnet, ready.value)) return this.#leaveRange(key, subnet);
    const network = ready.ok ? this.#network(key, subnet, ready.value) : undefined;
    const facts = network?.ok === true ? network.value : undefined;
    const status = subnet.status ?? {};
    const connection = connect(this.#env, subnet, facts && pools.subnet(subnet.metadata.uid));
    // The Ports of a new Subnet name addresses after the Subnet has joined the other Subnets of its segment.
    if (facts?.isNew === true) this.#env.claimNamed(subnet);
    const refused = connection.problem && conditionOf(connection.problem);
    return {
      resolvedRefs: ready.ok ? refused?.resolvedRefs : ready.problem,
      accepted: network?.ok === false ? network.problem : refused?.accepted,
      desired:
        facts &&
        planSubnet(subnet, {
          vpcUid: facts.vpc.metadata.uid,
          cidr: facts.cidr,
          ranges: facts.ranges,
          routed: networksThrough(facts.vpc, facts.cidr, facts.pool),
          isShared: isShared(stores, subnet),
          mtu,
          overlayMtu: settings.mtu,
          dhcp: effectiveDhcp(subnet.spec.dhcp, settings),
          hostLimits: settings.hostLimits,
          segment: connection.wire?.segment,
        }),
      fallback: () => {
        const { writer } = this.#env;
        const { uid } = subnet.metadata;
        const known = knownCidr(writer, subnet, 'Logical_Switch');
        const kept = known && keepFilters(writer, uid, isolationRows(uid, known));
        return fallbackOf(writer, uid, connection, kept);
      },
      applied: () => leaveOthers(this.#env, subnet, connection),
      settled: () => {
        if (facts === undefined) leaveUnused(this.#env, subnet, connection);
      },
      otherConditions: facts && mtuFits(subnet.spec, settings.mtu),
      status: (written) => {
        const pool = pools.subnet(subnet.metadata.uid);
        const programmed = written && facts !== undefined;
        return {
          cidr: facts === undefined ? status.cidr : formatCidr(facts.cidr),
          gatewayIP: programmed
            ? facts.ranges.gateway && formatAddress(facts.ranges.gateway)
            : status.gatewayIP,
          mtu: programmed ? mtu : status.mtu,
          switchName: programmed ? switchName(subnet.metadata.uid) : status.switchName,
          vpc: programmed && vpc !== undefined ? identityOf(vpc) : status.vpc,
          segment: segmentStatus(this.#env.writer, subnet, connection, written),
          ...(pool === undefined ? {} : counts(pool)),
        };
      },
    };
  }

  /**
   * Whether the spec names another range than the allocated one, which no Port uses, and the Subnet can get that range.
   */
  #canMove({ metadata: { uid }, spec }: Subnet, vpc: VPC): boolean {
    const { pools } = this.#env;
    const within = vpcNetwork(vpc);
    const cidr = parseCidr(spec.cidr ?? '', { family: 4 });
    if (within === undefined || !cidr.ok || !containsCidr(within, cidr.value)) return false;
    const blocks = pools.subnetBlocks(vpc.metadata.uid, within);
    const held = blocks.heldBy(uid);
    return (
      held !== undefined &&
      formatCidr(held) !== formatCidr(cidr.value) &&
      (pools.subnet(uid)?.addresses.counts().used ?? 0) === 0 &&
      blocks.overlapping(cidr.value, uid) === undefined
    );
  }

  /**
   * Removes the rows of the Subnet, and only then releases its range. The next reconcile gives the Subnet the range in
   * its spec.
   */
  #leaveRange(key: string, { metadata: { uid }, spec, status = {} }: Subnet): Intent<object> {
    const { pools, wake, writer } = this.#env;
    const { conditions: _conditions, observedGeneration: _generation, ...before } = status;
    const hasRows = (): boolean => writer.ownedBy(uid).length > 0;
    const problem = `The Subnet is moving to the range ${spec.cidr ?? ''}; wait until OVN contains the new range.`;
    return {
      fallback: () => ({ desired: nothing, problem }),
      settled: () => {
        if (hasRows()) return;
        pools.releaseSubnet(uid);
        wake('Subnet', key);
      },
      status: () => (hasRows() ? before : {}),
    };
  }

  /** Checks the range and the addresses of the Subnet, and holds the range. A Subnet that was never valid holds none. */
  #network(key: string, subnet: Subnet, vpc: VPC): Checked<Network> {
    const within = vpcNetwork(vpc);
    if (within === undefined) return vpcNotReady(vpc);
    const network = this.#checked(key, subnet, vpc, within);
    const { pools } = this.#env;
    const { uid } = subnet.metadata;
    if (!network.ok && pools.subnet(uid) === undefined)
      pools.subnetBlocks(vpc.metadata.uid, within).release(uid);
    return network;
  }

  #checked(key: string, subnet: Subnet, vpc: VPC, within: Cidr): Checked<Network> {
    const problem = specProblem(subnet.spec);
    if (problem !== undefined) return { ok: false, problem };
    const cidr = this.#cidr(key, subnet, vpc, within);
    if (!cidr.ok) return cidr;
    const ranges = subnetRanges(subnet, cidr.value);
    if (!ranges.ok) return ranges;
    const { uid } = subnet.metadata;
    const { gateway } = ranges.value;
    const addresses = this.#env.pools.subnet(uid)?.addresses;
    if (gateway !== undefined && addresses?.link.isTaken(gateway.value) === true) {
      this.#env.pools.waiting.add(valueOf(uid, formatAddress(gateway)), 'Subnet', key);
      return bad(
        'IPAlreadyAllocated',
        `The gateway address ${formatAddress(gateway)} is already used on the physical network; set another gateway address.`,
      );
    }
    const holder = gateway && addresses?.holder(gateway);
    if (gateway !== undefined && holder !== undefined) {
      const port = this.#env.stores.Port.byUid(holder);
      const what =
        port === undefined ? 'A Port that the operator is removing' : `The Port "${port.metadata.name}"`;
      this.#env.pools.waiting.add(valueOf(uid, formatAddress(gateway)), 'Subnet', key);
      return bad(
        'IPAlreadyAllocated',
        `${what} already has the gateway address ${formatAddress(gateway)}; ` +
          'delete the Port, or set another gateway address.',
        port === undefined,
      );
    }
    const pool = this.#env.pools.configureSubnet(uid, cidr.value, ranges.value);
    return good({ vpc, cidr: cidr.value, ranges: ranges.value, pool, isNew: addresses === undefined });
  }

  /** Returns the range that the spec names, or an allocated range that the Subnet then keeps. */
  #cidr(key: string, { metadata, spec }: Subnet, vpc: VPC, within: Cidr): Checked<Cidr> {
    const { pools, stores } = this.#env;
    const blocks = pools.subnetBlocks(vpc.metadata.uid, within);
    pools.setParent(metadata.uid, vpc.metadata.uid);
    if (spec.cidr === undefined) {
      const block = blocks.allocate(metadata.uid);
      if (block !== 'exhausted') return good(block);
      pools.waiting.add(vpc.metadata.uid, 'Subnet', key, 'any range');
      return bad(
        'PoolExhausted',
        `The VPC "${vpc.metadata.name}" (${formatCidr(within)}) has no free range; ` +
          'delete unused Subnets, or create the Subnet with a cidr.',
      );
    }
    const cidr = fromParsed(parseCidr(spec.cidr, { family: 4 }), 'spec.cidr');
    if (!cidr.ok) return cidr;
    if (!containsCidr(within, cidr.value)) {
      const range = `${formatCidr(within)} of the VPC "${vpc.metadata.name}"`;
      return bad(
        'SubnetOutsideVPC',
        `${spec.cidr} is not inside the range ${range}; create the Subnet with a cidr inside this range.`,
      );
    }
    const claim = blocks.claim(metadata.uid, cidr.value);
    if (claim.ok) return cidr;
    pools.waiting.add(vpc.metadata.uid, 'Subnet', key, formatCidr(cidr.value));
    const obstacle = blocks.overlapping(cidr.value, metadata.uid);
    if (obstacle === undefined) {
      const held = blocks.heldBy(metadata.uid);
      return bad(
        'InvalidSpec',
        `Ports of the Subnet use its range ${held === undefined ? '' : formatCidr(held)}; delete these Ports, or create ` +
          'another Subnet.',
      );
    }
    const other = stores.Subnet.byUid(obstacle.owner);
    const holder =
      other === undefined ? 'a Subnet that the operator is removing' : `the Subnet "${other.metadata.name}"`;
    return bad(
      'CIDROverlap',
      `${spec.cidr} overlaps ${formatCidr(obstacle.cidr)} of ${holder}; create the Subnet with another cidr, or without cidr.`,
      other === undefined,
    );
  }
}

function counts({ addresses }: SubnetPool) {
  const { total, used, available } = addresses.counts();
  return { totalIPs: total, usedIPs: used, availableIPs: available };
}

const identityOf = ({ metadata: { name, uid } }: VPC) => ({ name, uid });
