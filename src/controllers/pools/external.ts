import { inRange, formatAddress, type Address, type Cidr } from '../../api/index.ts';
import { AddressPool, type AddressRanges, type Unusable } from '../../ipam/index.ts';

/** What of an ExternalNetwork decides which addresses are given out; two texts are equal exactly when the ranges are. */
export interface ExternalRanges extends AddressRanges {
  readonly text: string;
}

/** Why an address cannot be had: nobody can have it, or somebody has it. */
export type Refusal = Unusable | { readonly holder: string };

/** Completes `ADDRESS … the network`. The holder stays unnamed: it may belong to another tenant. */
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

/** A hold that NatRules of a namespace have together; under `networkUid/holder`. */
interface Share extends ExternalAddress {
  /** Not the UID of anything. */
  readonly holder: string;
}

interface Network {
  readonly addresses: AddressPool;
  ranges: ExternalRanges;
}

/**
 * The addresses of ExternalNetworks. A VPC (its gateway) and a FloatingIP hold one each, under their UIDs. NatRules
 * share the holds of their namespace: on the addresses that they name themselves, and on every address that their rows
 * have or may have, also where it is a FloatingIP's or a gateway's. So one that its holder gives up stays taken until
 * no row translates it any more, and is nobody else's before (invariant 8).
 */
export class ExternalPools {
  /** By ExternalNetwork's UID. */
  readonly #networks = new Map<string, Network>();
  /** NatRule's UID → what it shares. */
  readonly #shares = new Map<string, Map<string, Share>>();
  /** How many NatRules have each share. */
  readonly #sharers = new Map<string, number>();
  readonly #freed: (networkUid: string) => void;

  /** `freed` is told of a network of which an address came free. */
  constructor(freed: (networkUid: string) => void) {
    this.#freed = freed;
  }

  /** The addresses of a network; undefined when its range is not known. */
  network(networkUid: string): AddressPool | undefined {
    return this.#networks.get(networkUid)?.addresses;
  }

  /** Makes the pool of a network, or gives it other ranges. True when it is new. */
  configure(networkUid: string, cidr: Cidr, ranges: ExternalRanges): boolean {
    const known = this.#networks.get(networkUid);
    if (known !== undefined) {
      if (known.ranges.text === ranges.text) return false;
      known.ranges = ranges;
      known.addresses.reconfigure(ranges);
      return false;
    }
    const addresses = new AddressPool(cidr, ranges);
    addresses.onRelease(() => this.#freed(networkUid));
    this.#networks.set(networkUid, { addresses, ranges });
    return true;
  }

  /** Forgets a network that is gone. */
  remove(networkUid: string): void {
    this.#networks.delete(networkUid);
  }

  /** The UIDs of the networks of which `holder` has an address. */
  networksOf(holder: string): readonly string[] {
    return [...this.#networks].filter(([, { addresses }]) => addresses.heldBy(holder)).map(([uid]) => uid);
  }

  /**
   * Holds exactly this address. Unlike a Subnet's, it must lie in the allocation pools: what is outside belongs to
   * machines that OVN does not know.
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
    if (claim.refused === 'taken') return { holder: claim.holder };
    return claim.refused === 'holds-another' ? { holder } : claim.refused;
  }

  /** Frees what `holder` has, in all networks but `keep`. */
  release(holder: string, keep: readonly string[] = []): void {
    for (const [uid, { addresses }] of this.#networks) if (!keep.includes(uid)) addresses.release(holder);
  }

  /** Whether it is `holder` that has the address. */
  holds(networkUid: string, holder: string, address: Address): boolean {
    return this.network(networkUid)?.holder(address) === holder;
  }

  /**
   * Has a NatRule share an address that it names itself with others of its namespace. What it had before it keeps: see
   * `keepShares`.
   */
  share(networkUid: string, namespace: string, ruleUid: string, address: Address): Refusal | undefined {
    const share = { networkUid, address, holder: holderOf(namespace, address) };
    const refused = this.claim(networkUid, share.holder, address);
    if (refused === undefined) this.#addShare(ruleUid, share);
    return refused;
  }

  /**
   * A NatRule has rows with the address, or is about to. False when it is somebody else's, such as the FloatingIP's that
   * the rule is for; then it passes to the namespace's NatRules when that one gives it up.
   */
  adoptShare(networkUid: string, namespace: string, ruleUid: string, address: Address): boolean {
    const share = { networkUid, address, holder: holderOf(namespace, address) };
    this.#addShare(ruleUid, share);
    return this.network(networkUid)?.adopt(share.holder, address).ok ?? true;
  }

  /**
   * Ends all of a NatRule's shares but these; its rows have no other address any more. Returns the UIDs of the networks
   * in which it was the last to share.
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
