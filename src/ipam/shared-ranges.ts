import { firstAddress, formatCidr, lastAddress, networkOf, type Address, type Cidr } from '../api/cidr.ts';
import { normalise, type Interval } from './intervals.ts';

/**
 * Networks that several owners share. Networks are nested or disjoint, so each look-up costs one step for each prefix
 * length in use, and the memory grows with the number of networks and not with their size.
 */
export class SharedRanges {
  /** Network → its owners. */
  readonly #owners = new Map<string, { readonly cidr: Cidr; readonly owners: Set<string> }>();
  readonly #shared = new Map<string, Map<string, Cidr>>();
  /** Prefix length → number of networks. */
  readonly #lengths = new Map<number, number>();
  #union: readonly Interval[] | undefined;

  /** The owners of exactly this network. */
  ownersOf(cidr: Cidr): ReadonlySet<string> {
    return this.#owners.get(formatCidr(cidr))?.owners ?? noOwners;
  }

  /** The networks of an owner. */
  sharedBy(owner: string): readonly Cidr[] {
    return [...(this.#shared.get(owner)?.values() ?? [])];
  }

  /** All owners. */
  owners(): Iterable<string> {
    return this.#shared.keys();
  }

  /** Returns a network with the address that an owner other than `owner` shares, and one of its owners. */
  other(owner: string, address: Address): { readonly cidr: Cidr; readonly owner: string } | undefined {
    for (const prefix of this.#lengths.keys()) {
      const found = this.#owners.get(formatCidr(networkOf(address, prefix)));
      for (const each of found?.owners ?? [])
        if (each !== owner) return { cidr: found?.cidr ?? networkOf(address, prefix), owner: each };
    }
    return undefined;
  }

  add(owner: string, cidr: Cidr): void {
    const text = formatCidr(cidr);
    let found = this.#owners.get(text);
    if (found === undefined) {
      this.#owners.set(text, (found = { cidr, owners: new Set() }));
      this.#lengths.set(cidr.prefix, (this.#lengths.get(cidr.prefix) ?? 0) + 1);
      this.#union = undefined;
    }
    found.owners.add(owner);
    let shared = this.#shared.get(owner);
    if (shared === undefined) this.#shared.set(owner, (shared = new Map<string, Cidr>()));
    shared.set(text, cidr);
  }

  /** @returns whether no owner shares the network any more */
  remove(owner: string, cidr: Cidr): boolean {
    const text = formatCidr(cidr);
    const shared = this.#shared.get(owner);
    shared?.delete(text);
    if (shared?.size === 0) this.#shared.delete(owner);
    const found = this.#owners.get(text);
    found?.owners.delete(owner);
    if (found === undefined || found.owners.size > 0) return false;
    this.#owners.delete(text);
    const left = (this.#lengths.get(cidr.prefix) ?? 1) - 1;
    if (left === 0) this.#lengths.delete(cidr.prefix);
    else this.#lengths.set(cidr.prefix, left);
    this.#union = undefined;
    return true;
  }

  /** All shared addresses, normalised. The cost is linear in the number of networks after a change. */
  union(): readonly Interval[] {
    this.#union ??= normalise(
      [...this.#owners.values()].map(({ cidr }) => ({
        start: firstAddress(cidr).value,
        end: lastAddress(cidr).value,
      })),
    );
    return this.#union;
  }
}

const noOwners: ReadonlySet<string> = new Set();
