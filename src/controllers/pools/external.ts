import { formatAddress, type Address, type Cidr } from '../../api/index.ts';
import {
  ExternalPool,
  type AddressRefusal,
  type CapacityRefusal,
  type Holder,
  type ReadAddresses,
} from './external-pool.ts';
import type { PoolSettings } from './pool-settings.ts';
import type { SegmentPools } from './segments.ts';
import type { QuotaLimits, Tenant, Usage } from './usage.ts';

/**
 * Returns the verb of the message `ADDRESS … the ExternalNetwork`. The message does not name the holder, which may
 * belong to another tenant.
 */
export function refusalText(refused: AddressRefusal): string {
  if (typeof refused === 'object') return 'is already used in';
  switch (refused) {
    case 'outside':
      return 'is outside the allocation pools of';
    case 'gateway':
      return 'is the gateway address of';
    case 'reserved':
      return 'is reserved in';
    default:
      return `is the ${refused} address of`;
  }
}

/** An address of an ExternalNetwork. */
export interface ExternalAddress {
  readonly networkUid: string;
  readonly address: Address;
}

/** A hold that NatRules of a namespace share; its key is `networkUid/holder`. */
interface Share extends ExternalAddress {
  /** The name of the hold; it is not a UID of an object. */
  readonly holder: string;
}

/**
 * The addresses of ExternalNetworks. A VPC (for its gateway) and a FloatingIP hold one address each, under their
 * UIDs. The NatRules of a namespace share holds: on the addresses that their specs name, and on every address that
 * their rows contain or may contain, even if a FloatingIP or a gateway holds it. So an address that its holder
 * releases stays taken until no row translates it. No other object gets the address until then (invariant 8).
 */
export class ExternalPools {
  /** By the UID of the ExternalNetwork. */
  readonly #networks = new Map<string, ExternalPool>();
  /** UID of the NatRule → its shares. */
  readonly #shares = new Map<string, Map<string, Share>>();
  /** Key of the share → number of NatRules that have it. */
  readonly #sharers = new Map<string, number>();
  readonly #usage: Usage;
  readonly #onFreed: (networkUid: string, address: Address | undefined) => void;

  /**
   * `onFreed` is called with a network and an address that became free; without an address, after a change of the
   * ranges.
   */
  constructor(usage: Usage, onFreed: (networkUid: string, address: Address | undefined) => void) {
    this.#usage = usage;
    this.#onFreed = onFreed;
  }

  /** Returns the addresses of a network; undefined while its range is unknown. */
  network(networkUid: string): ReadAddresses | undefined {
    return this.#networks.get(networkUid)?.addresses;
  }

  /**
   * Creates the pool of a network, or changes its ranges and limits.
   *
   * @returns whether the pool is new
   */
  configure(networkUid: string, cidr: Cidr, ranges: PoolSettings): boolean {
    const known = this.#networks.get(networkUid);
    if (known !== undefined) {
      known.configure(ranges);
      return false;
    }
    const onFreed = (address: Address | undefined) => this.#onFreed(networkUid, address);
    this.#networks.set(networkUid, new ExternalPool(cidr, ranges, this.#usage, onFreed));
    return true;
  }

  /** Makes the pool of a network share the addresses of its segment. */
  join(networkUid: string, segments: SegmentPools, key: string): void {
    const addresses = this.#networks.get(networkUid)?.addresses;
    if (addresses !== undefined) segments.join(key, { addresses });
  }

  /** Removes the pool of a deleted network. */
  remove(networkUid: string): void {
    const network = this.#networks.get(networkUid);
    network?.addresses.link.leave();
    network?.close();
    this.#networks.delete(networkUid);
  }

  /** Returns the UIDs of the networks in which `holder` has an address. */
  networksOf(holder: string): readonly string[] {
    return [...this.#networks].filter(([, { addresses }]) => addresses.heldBy(holder)).map(([uid]) => uid);
  }

  /**
   * Returns the address that the holder has, otherwise allocates one. The network must have a pool.
   *
   * @param limits the quotas of the project for external addresses
   */
  allocate(networkUid: string, holder: Holder, limits: QuotaLimits = {}): Address | CapacityRefusal {
    return this.#networks.get(networkUid)?.allocate(holder, limits) ?? 'exhausted';
  }

  /**
   * Holds exactly this address. Unlike in a Subnet, the address must be inside the allocation pools, because machines
   * outside OVN use the other addresses.
   */
  claim(
    networkUid: string,
    holder: Holder,
    address: Address,
    limits: QuotaLimits = {},
  ): AddressRefusal | CapacityRefusal | undefined {
    const network = this.#networks.get(networkUid);
    return network === undefined ? 'outside' : network.claim(holder, address, limits);
  }

  /**
   * Records during a rebuild that the holder uses the address, whatever the limits are.
   *
   * @returns false if another object holds the address
   */
  adopt(networkUid: string, holder: Holder, address: Address): boolean {
    return this.#networks.get(networkUid)?.adopt(holder, address) ?? true;
  }

  /** Releases the addresses of `holder` in all networks except `keep`. */
  release(holder: string, keep: readonly string[] = []): void {
    for (const [uid, network] of this.#networks) if (!keep.includes(uid)) network.release(holder);
  }

  /** Whether `holder` holds the address. */
  holds(networkUid: string, holder: string, address: Address): boolean {
    return this.network(networkUid)?.holder(address) === holder;
  }

  /**
   * Adds the share of a NatRule in an address that its spec names. The rule keeps its earlier shares until
   * `keepShares`.
   */
  share(
    networkUid: string,
    tenant: Tenant,
    ruleUid: string,
    address: Address,
    limits: QuotaLimits = {},
  ): AddressRefusal | CapacityRefusal | undefined {
    const share = { networkUid, address, holder: holderOf(tenant.namespace, address) };
    const refused = this.claim(networkUid, { uid: share.holder, tenant }, address, limits);
    if (refused === undefined) this.#addShare(ruleUid, share);
    return refused;
  }

  /**
   * Adds the share of a NatRule in an address that its rows contain or are about to contain.
   *
   * @returns false if another object holds the address, for example the FloatingIP of the rule; the address passes to
   *   the NatRules of the namespace when that object releases it
   */
  adoptShare(networkUid: string, tenant: Tenant, ruleUid: string, address: Address): boolean {
    const share = { networkUid, address, holder: holderOf(tenant.namespace, address) };
    this.#addShare(ruleUid, share);
    return this.adopt(networkUid, { uid: share.holder, tenant }, address);
  }

  /** Returns the addresses that a NatRule shares. */
  sharesOf(ruleUid: string): readonly ExternalAddress[] {
    return [...(this.#shares.get(ruleUid)?.values() ?? [])];
  }

  /**
   * Removes all shares of a NatRule except `keep`. Its rows must contain no other address.
   *
   * @returns the UIDs of the networks in which the rule was the last one to share an address
   */
  keepShares(ruleUid: string, keep: readonly ExternalAddress[] = []): readonly string[] {
    const shares = this.#shares.get(ruleUid) ?? new Map<string, Share>();
    const ended: Share[] = [];
    for (const [key, share] of shares) {
      if (keep.some((each) => isSame(each, share))) continue;
      shares.delete(key);
      const others = (this.#sharers.get(key) ?? 1) - 1;
      if (others > 0) this.#sharers.set(key, others);
      else if (this.#sharers.delete(key)) ended.push(share);
    }
    if (shares.size === 0) this.#shares.delete(ruleUid);
    for (const { networkUid, holder } of ended) this.#networks.get(networkUid)?.release(holder);
    return ended.map(({ networkUid }) => networkUid);
  }

  #addShare(ruleUid: string, share: Share): void {
    const shares = this.#shares.get(ruleUid) ?? new Map<string, Share>();
    const key = `${share.networkUid}/${share.holder}`;
    if (shares.has(key)) return;
    this.#shares.set(ruleUid, shares.set(key, share));
    this.#sharers.set(key, (this.#sharers.get(key) ?? 0) + 1);
  }
}

/** Whether the refusal is about the number of addresses, and not about a specific address. */
export const isCapacity = (result: Address | AddressRefusal | CapacityRefusal): result is CapacityRefusal =>
  result === 'exhausted' || (typeof result === 'object' && 'limit' in result);

function isSame(a: ExternalAddress, b: ExternalAddress): boolean {
  return a.networkUid === b.networkUid && a.address.value === b.address.value;
}

function holderOf(namespace: string, address: Address): string {
  return `${namespace}/${formatAddress(address)}`;
}
