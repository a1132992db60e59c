import { mustParseCidr, type Cidr } from '../../api/index.ts';
import { CidrPool } from '../../ipam/index.ts';

const everything = mustParseCidr('0.0.0.0/0');

/**
 * The ranges of VPCs that ExternalNetworks route without translation. On one network the ranges do not overlap,
 * because an address there belongs to one VPC. A VPC has one range, on one network.
 */
export class RoutedRanges {
  /** By the UID of the ExternalNetwork. Holders are UIDs of VPCs. */
  readonly #networks = new Map<string, CidrPool>();
  /** UID of the VPC → UIDs of the networks on which it holds its range. */
  readonly #networksOf = new Map<string, Set<string>>();
  readonly #onFreed: (networkUid: string) => void;

  /** `onFreed` is called with a network when a range on it becomes free. */
  constructor(onFreed: (networkUid: string) => void) {
    this.#onFreed = onFreed;
  }

  /**
   * Holds the range of a VPC on a network.
   *
   * @returns false if another VPC holds an overlapping range
   */
  claim(networkUid: string, vpcUid: string, range: Cidr): boolean {
    const { ok } = this.#pool(networkUid).claim(vpcUid, range);
    if (ok) this.#networksOf.set(vpcUid, (this.#networksOf.get(vpcUid) ?? new Set()).add(networkUid));
    return ok;
  }

  /** Releases the range of a VPC on all networks except `keep`. */
  release(vpcUid: string, keep?: string): void {
    const networks = this.#networksOf.get(vpcUid);
    for (const networkUid of [...(networks ?? [])]) {
      if (networkUid === keep) continue;
      networks?.delete(networkUid);
      this.#networks.get(networkUid)?.release(vpcUid);
    }
    if (networks?.size === 0) this.#networksOf.delete(vpcUid);
  }

  #pool(networkUid: string): CidrPool {
    const known = this.#networks.get(networkUid);
    if (known !== undefined) return known;
    const pool = new CidrPool({ parent: everything, blockPrefix: 32 });
    pool.onRelease(() => this.#onFreed(networkUid));
    this.#networks.set(networkUid, pool);
    return pool;
  }
}

/** The key under which VPCs wait for a range that another VPC holds on a network. */
export const routedRangeWaiters = (networkUid: string): string => `routed/${networkUid}`;
