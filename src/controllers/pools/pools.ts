import { formatAddress, type Address, type Cidr } from '../../api/index.ts';
import { AddressPool, CidrPool } from '../../ipam/index.ts';
import type { NetworkSettings } from '../settings.ts';
import { Contenders, MAX_NAMED } from './contenders.ts';
import { ExternalPools } from './external.ts';
import { LinkPool } from './links.ts';
import { MacTable } from './mac-table.ts';
import type { PoolSettings } from './pool-settings.ts';
import { RouterRoutes } from './router-routes.ts';
import { RoutedRanges, routedRangeWaiters } from './routed-ranges.ts';
import { SegmentPools } from './segments.ts';
import { Usage } from './usage.ts';
import { VPCBlocks } from './vpc-blocks.ts';
import { Waiters } from './waiters.ts';

/** The addresses of one Subnet. */
export interface SubnetPool {
  readonly addresses: AddressPool;
  readonly macs: MacTable;
}

/**
 * Two objects have the same recorded value. The first object keeps the value; an administrator must resolve the
 * conflict.
 */
export interface PoolConflict {
  readonly kind: string;
  readonly uid: string;
  readonly value: string;
}

/**
 * Everything that only one object can have: ranges of VPCs and Subnets, IP and MAC addresses of Ports, external
 * addresses, links, segments of physical networks. The pools are a view of statuses and rows, and the operator
 * rebuilds them at each start (invariant 8). Owners are UIDs; waiters are keys of objects.
 */
export class Pools {
  /** What namespaces and organizations hold, for quotas. */
  readonly usage: Usage;
  readonly vpcBlocks: VPCBlocks;
  readonly external: ExternalPools;
  readonly links: LinkPool;
  readonly routes: RouterRoutes;
  readonly contenders: Contenders;
  readonly routed: RoutedRanges;
  readonly segments: SegmentPools;
  readonly #settings: NetworkSettings;
  /** UID of the VPC → the ranges of its Subnets. */
  readonly #subnetBlocks = new Map<string, CidrPool>();
  /** By the UID of the Subnet. */
  readonly #subnets = new Map<string, SubnetPool & { ranges: string }>();
  /**
   * UID of a Subnet → UID of the VPC in which it has a range; UID of a Port → UID of the Subnet in which it has an
   * address.
   */
  readonly #parents = new Map<string, string>();
  readonly waiting: Waiters;

  /** `wake` is called with the kind and key of an object that waits for a value which may be free now. */
  constructor(settings: NetworkSettings, wake: (kind: string, key: string) => void) {
    this.#settings = settings;
    this.waiting = new Waiters(wake);
    this.contenders = new Contenders(MAX_NAMED, wake);
    this.links = new LinkPool(() => this.waiting.wake(LINK_WAITERS));
    this.routes = new RouterRoutes((namespace) => this.waiting.wake(routeWaiters(namespace)));
    this.segments = new SegmentPools((key) => this.waiting.wake(key));
    this.routed = new RoutedRanges((networkUid) => this.waiting.wake(routedRangeWaiters(networkUid)));
    this.usage = new Usage((waiters) => this.waiting.wake(waiters));
    this.external = new ExternalPools(this.usage, (networkUid, address) => this.#freed(networkUid, address));
    this.vpcBlocks = new VPCBlocks(settings.vpcPool, settings.vpcPrefix, (organization) =>
      this.waiting.wake(vpcWaiters(organization)),
    );
  }

  /**
   * Returns the ranges of the Subnets of a VPC. The pool allocates from the high end, because people who choose
   * ranges by hand start at the low end.
   */
  subnetBlocks(vpcUid: string, cidr: Cidr): CidrPool {
    const known = this.#subnetBlocks.get(vpcUid);
    if (known !== undefined) return known;
    const blockPrefix = Math.max(this.#settings.subnetPrefix, cidr.prefix);
    const pool = new CidrPool({ parent: cidr, blockPrefix, from: 'highest' });
    pool.onRelease(() => this.waiting.wake(vpcUid));
    this.#subnetBlocks.set(vpcUid, pool);
    return pool;
  }

  /** Returns the UID of the Subnet whose range contains the address; undefined if no Subnet of the VPC contains it. */
  subnetAt(vpcUid: string, { family, value }: Address): string | undefined {
    return this.#subnetBlocks
      .get(vpcUid)
      ?.overlapping({ family, base: value, prefix: family === 4 ? 32 : 128 })?.owner;
  }

  /** Returns the addresses of a Subnet; undefined while its range is unknown. */
  subnet(subnetUid: string): SubnetPool | undefined {
    return this.#subnets.get(subnetUid);
  }

  /** Creates the pool of a Subnet, or changes its ranges. */
  configureSubnet(subnetUid: string, cidr: Cidr, ranges: PoolSettings): SubnetPool {
    const known = this.#subnets.get(subnetUid);
    if (known === undefined) {
      const pool = {
        addresses: new AddressPool(cidr, ranges),
        macs: new MacTable((mac) => this.waiting.wake(valueOf(subnetUid, mac))),
        ranges: ranges.text,
      };
      pool.addresses.onRelease((address) => this.#freed(subnetUid, address));
      this.#subnets.set(subnetUid, pool);
      return pool;
    }
    if (known.ranges !== ranges.text) {
      known.ranges = ranges.text;
      known.addresses.reconfigure(ranges);
    }
    return known;
  }

  /** Records the parent from whose pool `uid` allocates, for the release. */
  setParent(uid: string, parentUid: string): void {
    this.#parents.set(uid, parentUid);
  }

  releaseVpc(uid: string): void {
    this.#subnetBlocks.delete(uid);
    this.vpcBlocks.release(uid);
    this.usage.release(uid);
  }

  /** Makes a Subnet leave the addresses of its segment, and release all segments except `keep`. */
  leaveSegment(subnetUid: string, keep?: string): void {
    const pool = this.#subnets.get(subnetUid);
    pool?.addresses.link.leave();
    pool?.macs.leave();
    this.segments.release(subnetUid, keep);
  }

  releaseSubnet(uid: string): void {
    this.leaveSegment(uid);
    this.#subnets.delete(uid);
    const vpcUid = this.#forgetParent(uid);
    if (vpcUid !== undefined) this.#subnetBlocks.get(vpcUid)?.release(uid);
  }

  /**
   * Releases the addresses and MAC addresses of a Port.
   *
   * @returns the UID of the Subnet; undefined if the Port had no addresses
   */
  releasePort(uid: string): string | undefined {
    const subnetUid = this.#forgetParent(uid);
    if (subnetUid === undefined) return undefined;
    const pool = this.#subnets.get(subnetUid);
    pool?.macs.release(uid);
    pool?.addresses.release(uid);
    return subnetUid;
  }

  /** Wakes an object that waits for any address of a pool, and one that waits for this address. */
  #freed(poolUid: string, address: Address | undefined): void {
    this.waiting.wake(poolUid);
    if (address === undefined) this.waiting.wake(rangesOf(poolUid));
    else this.waiting.wake(valueOf(poolUid, formatAddress(address)));
  }

  #forgetParent(uid: string): string | undefined {
    const parent = this.#parents.get(uid);
    this.#parents.delete(uid);
    return parent;
  }
}

/** The key under which objects wait for one address or one MAC address of a pool. */
export const valueOf = (poolUid: string, value: string): string => `${poolUid}/${value}`;

/** The key under which objects wait for a change of the ranges of a pool. */
export const rangesOf = (poolUid: string): string => `${poolUid}/ranges`;

/** The key under which VPCs wait for a free range in their organization. */
export const vpcWaiters = (organization: string): string => `organization/${organization}`;

/** The key under which the VPC and the VPCPeerings of a namespace wait for networks that another of them routes to. */
export const routeWaiters = (namespace: string): string => `routes/${namespace}`;

/** The key under which VPCPeerings wait for a free link. */
export const LINK_WAITERS = 'links';
