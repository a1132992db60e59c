import { inRange, formatAddress, type Address, type Cidr } from '../../api/index.ts';
import { AddressPool, type AddressRanges, type Unusable } from '../../ipam/index.ts';

/** What of an ExternalNetwork decides which addresses are given out; two texts are equal exactly when the ranges are. */
export interface ExternalRanges extends AddressRanges {
  readonly text: string;
}

/** Why an address cannot be had: nobody can have it, or somebody has it. */
export type Refusal = Unusable | { readonly holder: string };

/** What a NatRule that names an external address shares with others of its namespace. */
export interface Share {
  readonly networkUid: string;
  readonly address: string;
}

interface Network {
  readonly addresses: AddressPool;
  ranges: ExternalRanges;
}

/**
 * The addresses of ExternalNetworks. A VPC (its gateway) and a FloatingIP hold one each, under their UIDs. NatRules
 * that name an address themselves share the hold of their namespace, which ends with the last of them.
 */
export class ExternalPools {
  /** By ExternalNetwork's UID. */
  readonly #networks = new Map<string, Network>();
  /** NatRule's UID → what it shares. */
  readonly #shares = new Map<string, Share & { readonly holder: string }>();
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

  /** Has a NatRule use an address that it names itself, together with others of its namespace. */
  share(networkUid: string, namespace: string, ruleUid: string, address: Address): Refusal | undefined {
    const holder = sharedHold(namespace, address);
    const refused = this.claim(networkUid, holder, address);
    const before = this.#shares.get(ruleUid);
    if (before?.networkUid === networkUid && before.holder === holder) return refused;
    this.unshare(ruleUid);
    if (refused === undefined)
      this.#shares.set(ruleUid, { networkUid, holder, address: formatAddress(address) });
    return refused;
  }

  /** What the NatRule shares. */
  shareOf(ruleUid: string): Share | undefined {
    return this.#shares.get(ruleUid);
  }

  /** Rebuilds: a NatRule uses the address, as its rows say. False when somebody else has it. */
  adoptShare(networkUid: string, namespace: string, ruleUid: string, address: Address): boolean {
    const holder = sharedHold(namespace, address);
    this.#shares.set(ruleUid, { networkUid, holder, address: formatAddress(address) });
    return this.network(networkUid)?.adopt(holder, address).ok ?? true;
  }

  /** The NatRule uses none any more; its rows are gone. Returns the UID of the network of what came free by that. */
  unshare(ruleUid: string): string | undefined {
    const share = this.#shares.get(ruleUid);
    if (share === undefined) return undefined;
    this.#shares.delete(ruleUid);
    const others = [...this.#shares.values()].some(
      ({ networkUid, holder }) => networkUid === share.networkUid && holder === share.holder,
    );
    if (others) return undefined;
    this.network(share.networkUid)?.release(share.holder);
    return share.networkUid;
  }
}

/** Not the UID of anything. */
const sharedHold = (namespace: string, address: Address): string => `${namespace}/${formatAddress(address)}`;
