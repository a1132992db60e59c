import { inRange, formatAddress, type Address, type Cidr } from '../../api/index.ts';
import { AddressPool, type AddressRanges, type Unusable } from '../../ipam/index.ts';
import type { SegmentPools } from './segments.ts';

/**
 * The allocation settings of an ExternalNetwork. `text` identifies the settings: two texts are equal exactly when the
 * settings are equal.
 */
export interface ExternalRanges extends AddressRanges {
  readonly text: string;
}

/**
 * Why a pool refuses an address: no object can have the address, or another object holds it. The holder is undefined if
 * it is in another network on the segment.
 */
type Refusal = Unusable | { readonly holder: string | undefined };

/**
 * Returns the verb of the message `ADDRESS … the ExternalNetwork`. The message does not name the holder, which may
 * belong to another tenant.
 */
export function refusalText(refused: Refusal): string {
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

interface Network {
  readonly addresses: AddressPool;
  ranges: ExternalRanges;
}

/**
 * The addresses of ExternalNetworks. A VPC (for its gateway) and a FloatingIP hold one address each, under their
 * UIDs. The NatRules of a namespace share holds: on the addresses that their specs name, and on every address that
 * their rows contain or may contain, even if a FloatingIP or a gateway holds it. So an address that its holder
 * releases stays taken until no row translates it. No other object gets the address until then (invariant 8).
 */
export class ExternalPools {
  /** By the UID of the ExternalNetwork. */
  readonly #networks = new Map<string, Network>();
  /** UID of the NatRule → its shares. */
  readonly #shares = new Map<string, Map<string, Share>>();
  /** Key of the share → number of NatRules that have it. */
  readonly #sharers = new Map<string, number>();
  readonly #onFreed: (networkUid: string, address: Address | undefined) => void;

  /**
   * `onFreed` is called with a network and an address that became free; without an address, after a change of the
   * ranges.
   */
  constructor(onFreed: (networkUid: string, address: Address | undefined) => void) {
    this.#onFreed = onFreed;
  }

  /** Returns the addresses of a network; undefined while its range is unknown. */
  network(networkUid: string): AddressPool | undefined {
    return this.#networks.get(networkUid)?.addresses;
  }

  /**
   * Creates the pool of a network, or changes its ranges.
   *
   * @returns whether the pool is new
   */
  configure(networkUid: string, cidr: Cidr, ranges: ExternalRanges): boolean {
    const known = this.#networks.get(networkUid);
    if (known !== undefined) {
      if (known.ranges.text === ranges.text) return false;
      known.ranges = ranges;
      known.addresses.reconfigure(ranges);
      return false;
    }
    const addresses = new AddressPool(cidr, ranges);
    addresses.onRelease((address) => this.#onFreed(networkUid, address));
    this.#networks.set(networkUid, { addresses, ranges });
    return true;
  }

  /** Makes the pool of a network share the addresses of its segment. */
  join(networkUid: string, segments: SegmentPools, key: string): void {
    const addresses = this.network(networkUid);
    if (addresses !== undefined) segments.join(key, { addresses });
  }

  /** Removes the pool of a deleted network. */
  remove(networkUid: string): void {
    this.network(networkUid)?.link.leave();
    this.#networks.delete(networkUid);
  }

  /** Returns the UIDs of the networks in which `holder` has an address. */
  networksOf(holder: string): readonly string[] {
    return [...this.#networks].filter(([, { addresses }]) => addresses.heldBy(holder)).map(([uid]) => uid);
  }

  /**
   * Holds exactly this address. Unlike in a Subnet, the address must be inside the allocation pools, because machines
   * outside OVN use the other addresses.
   */
  claim(networkUid: string, holder: string, address: Address): Refusal | undefined {
    const network = this.#networks.get(networkUid);
    if (network === undefined) return 'outside';
    const held = network.addresses.heldBy(holder);
    if (held?.value === address.value) return undefined;
    const { allocationPools = [] } = network.ranges;
    if (allocationPools.length > 0 && !allocationPools.some((range) => inRange(range, address))) {
      return network.addresses.unusable(address) ?? 'outside';
    }
    const claim = network.addresses.claim(holder, address);
    if (claim.ok) return undefined;
    if (claim.refused === 'taken' || claim.refused === 'shared') return { holder: claim.holder };
    if (claim.refused === 'taken-on-link') return { holder: undefined };
    return claim.refused === 'holds-another' ? { holder } : claim.refused;
  }

  /** Releases the addresses of `holder` in all networks except `keep`. */
  release(holder: string, keep: readonly string[] = []): void {
    for (const [uid, { addresses }] of this.#networks) if (!keep.includes(uid)) addresses.release(holder);
  }

  /** Whether `holder` holds the address. */
  holds(networkUid: string, holder: string, address: Address): boolean {
    return this.network(networkUid)?.holder(address) === holder;
  }

  /**
   * Adds the share of a NatRule in an address that its spec names. The rule keeps its earlier shares until
   * `keepShares`.
   */
  share(networkUid: string, namespace: string, ruleUid: string, address: Address): Refusal | undefined {
    const share = { networkUid, address, holder: holderOf(namespace, address) };
    const refused = this.claim(networkUid, share.holder, address);
    if (refused === undefined) this.#addShare(ruleUid, share);
    return refused;
  }

  /**
   * Adds the share of a NatRule in an address that its rows contain or are about to contain.
   *
   * @returns false if another object holds the address, for example the FloatingIP of the rule; the address passes to
   *   the NatRules of the namespace when that object releases it
   */
  adoptShare(networkUid: string, namespace: string, ruleUid: string, address: Address): boolean {
    const share = { networkUid, address, holder: holderOf(namespace, address) };
    this.#addShare(ruleUid, share);
    return this.network(networkUid)?.adopt(share.holder, address).ok ?? true;
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
    for (const { networkUid, holder } of ended) this.network(networkUid)?.release(holder);
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

function isSame(a: ExternalAddress, b: ExternalAddress): boolean {
  return a.networkUid === b.networkUid && a.address.value === b.address.value;
}

function holderOf(namespace: string, address: Address): string {
  return `${namespace}/${formatAddress(address)}`;
}
