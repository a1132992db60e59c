import type { Cidr } from '../../api/index.ts';
import { AddressPool, CidrPool, type AddressRanges } from '../../ipam/index.ts';
import type { NetworkSettings } from '../settings.ts';
import { ExternalPools } from './external.ts';
import { LinkPool } from './links.ts';
import { MacTable } from './mac-table.ts';
import { VpcBlocks } from './vpc-blocks.ts';
import { Waiters } from './waiters.ts';

/** The addresses of one Subnet. */
export interface SubnetPool {
  readonly addresses: AddressPool;
  readonly macs: MacTable;
}

/** Two objects are recorded with the same value. The first keeps the value; an administrator must resolve the second. */
export interface PoolConflict {
  readonly kind: string;
  readonly uid: string;
  readonly value: string;
}

/** What of a Subnet's spec decides which addresses it has; two texts are equal exactly when the ranges are. */
export interface SubnetRanges extends AddressRanges {
  readonly text: string;
}

/**
 * All that is handed out once: blocks of VPCs and Subnets, addresses and MACs of Ports, external addresses, links. A
 * view of what statuses and rows say, made anew at each start (invariant 8). Owners are UIDs; waiters are keys of objects.
 */
export class Pools {
  readonly vpcBlocks: VpcBlocks;
  readonly external: ExternalPools;
  readonly links = new LinkPool();
  readonly #settings: NetworkSettings;
  /** By VPC's UID: the blocks of its Subnets. */
  readonly #subnetBlocks = new Map<string, CidrPool>();
  /** By Subnet's UID. */
  readonly #subnets = new Map<string, SubnetPool & { ranges: string }>();
  /** Subnet's UID → the VPC's in which it has a block; Port's UID → the Subnet's in which it has an address. */
  readonly #parents = new Map<string, string>();
  readonly waiting: Waiters;

  /** `wake` is given the kind and key of who may find free what was taken. */
  constructor(settings: NetworkSettings, wake: (kind: string, key: string) => void) {
    this.#settings = settings;
    this.waiting = new Waiters(wake);
    this.external = new ExternalPools((networkUid) => this.waiting.wake(networkUid));
    this.vpcBlocks = new VpcBlocks(settings.vpcPool, settings.vpcPrefix, (organization) =>
      this.waiting.wake(vpcWaiters(organization)),
    );
  }

  /** The blocks of a VPC's Subnets. Allocated from the high end: people number by hand from the low one. */
  subnetBlocks(vpcUid: string, cidr: Cidr): CidrPool {
    const known = this.#subnetBlocks.get(vpcUid);
    if (known !== undefined) return known;
    const blockPrefix = Math.max(this.#settings.subnetPrefix, cidr.prefix);
    const pool = new CidrPool({ parent: cidr, blockPrefix, from: 'highest' });
    pool.onRelease(() => this.waiting.wake(vpcUid));
    this.#subnetBlocks.set(vpcUid, pool);
    return pool;
  }

  /** The addresses of a Subnet; undefined when its range is not known. */
  subnet(subnetUid: string): SubnetPool | undefined {
    return this.#subnets.get(subnetUid);
  }

  /** Makes the pool of a Subnet, or gives it other ranges. */
  configureSubnet(subnetUid: string, cidr: Cidr, ranges: SubnetRanges): SubnetPool {
    const known = this.#subnets.get(subnetUid);
    if (known === undefined) {
      const freed = () => this.waiting.wake(subnetUid);
      const pool = {
        addresses: new AddressPool(cidr, ranges),
        macs: new MacTable(freed),
        ranges: ranges.text,
      };
      pool.addresses.onRelease(freed);
      this.#subnets.set(subnetUid, pool);
      return pool;
    }
    if (known.ranges !== ranges.text) {
      known.ranges = ranges.text;
      known.addresses.reconfigure(ranges);
    }
    return known;
  }

  /** Remembers whose pool `uid` takes from, for its release. */
  setParent(uid: string, parentUid: string): void {
    this.#parents.set(uid, parentUid);
  }

  releaseVpc(uid: string): void {
    this.#subnetBlocks.delete(uid);
    this.vpcBlocks.release(uid);
  }

  releaseSubnet(uid: string): void {
    this.#subnets.delete(uid);
    const vpcUid = this.#forgetParent(uid);
    if (vpcUid !== undefined) this.#subnetBlocks.get(vpcUid)?.release(uid);
  }

  /** Frees a Port's address and MAC. Returns the UID of the Subnet they were of. */
  releasePort(uid: string): string | undefined {
    const subnetUid = this.#forgetParent(uid);
    if (subnetUid === undefined) return undefined;
    const pool = this.#subnets.get(subnetUid);
    pool?.macs.release(uid);
    pool?.addresses.release(uid);
    return subnetUid;
  }

  #forgetParent(uid: string): string | undefined {
    const parent = this.#parents.get(uid);
    this.#parents.delete(uid);
    return parent;
  }
}

/** Under what VPCs wait that found their organization's blocks taken. */
export const vpcWaiters = (organization: string): string => `organization/${organization}`;
