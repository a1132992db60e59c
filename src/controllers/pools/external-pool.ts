import { inRange, type Address, type Cidr } from '../../api/index.ts';
import { AddressPool, type Unusable } from '../../ipam/index.ts';
import type { PoolSettings } from './pool-settings.ts';
import type { Excess, QuotaLimits, Tenant, Usage } from './usage.ts';

/** Without a limit in the spec, a namespace can always hold this number of addresses, even if the network is small. */
const MIN_PER_NAMESPACE = 8;

/**
 * Why a pool refuses an address: no object can have the address, or another object holds it. The holder is undefined if
 * it is in another network on the segment.
 */
export type AddressRefusal = Unusable | { readonly holder: string | undefined };

/**
 * Why a network gives no address to a project: its addresses are used up, or a limit would be exceeded. `network`: the
 * limit is that of the ExternalNetwork; otherwise it is a quota of the project.
 */
export type CapacityRefusal = 'exhausted' | (Excess & { readonly network?: true });

/** An object that takes an address. */
export interface Holder {
  readonly uid: string;
  readonly tenant: Tenant;
  /**
   * Whether the address is that of a VPC's gateway. Each namespace has one gateway, so no limit counts its address, and
   * the addresses that the network reserves for gateways are for it.
   */
  readonly isGateway?: boolean;
}

/** The questions about the addresses of a network. */
export type ReadAddresses = Pick<AddressPool, 'cidr' | 'counts' | 'heldBy' | 'holder'>;

/**
 * The addresses of one ExternalNetwork. A namespace can hold a limited number of addresses, and some addresses are
 * reserved for the gateways of VPCs. So no tenant can take all addresses, or prevent the gateways of others. The pool
 * counts the held addresses when they change hands, so each check costs O(1).
 */
export class ExternalPool {
  readonly addresses: AddressPool;
  readonly #usage: Usage;
  #ranges: PoolSettings;
  /** Holders that are not gateways → their namespaces. */
  readonly #namespaces = new Map<string, string>();
  /** Address → the namespace for which it is counted. */
  readonly #counted = new Map<bigint, string>();
  /** Namespace → number of counted addresses. */
  readonly #perNamespace = new Map<string, number>();

  constructor(
    cidr: Cidr,
    ranges: PoolSettings,
    usage: Usage,
    onFreed: (address: Address | undefined) => void,
  ) {
    this.addresses = new AddressPool(cidr, ranges);
    this.#ranges = ranges;
    this.#usage = usage;
    this.addresses.onRelease(onFreed);
  }

  /** Changes the ranges and limits. Holders keep their addresses. */
  configure(ranges: PoolSettings): void {
    if (this.#ranges.text === ranges.text) return;
    this.#ranges = ranges;
    this.addresses.reconfigure(ranges);
  }

  /** Ends the count of all addresses, because the network no longer exists. */
  close(): void {
    for (const namespace of this.#counted.values()) this.#usage.add('externalAddresses', namespace, -1);
    this.#counted.clear();
  }

  allocate(holder: Holder, limits: QuotaLimits): Address | CapacityRefusal {
    const held = this.addresses.heldBy(holder.uid);
    if (held !== undefined) return held;
    const refused = this.#capacity(holder, limits);
    return refused ?? this.#changing(holder, () => this.addresses.allocate(holder.uid));
  }

  claim(holder: Holder, address: Address, limits: QuotaLimits): AddressRefusal | CapacityRefusal | undefined {
    const held = this.addresses.heldBy(holder.uid);
    if (held?.value === address.value) return undefined;
    if (held !== undefined) return { holder: holder.uid };
    const unusable = this.addresses.unusable(address);
    if (unusable !== undefined) return unusable;
    const { allocationPools = [] } = this.#ranges;
    if (allocationPools.length > 0 && !allocationPools.some((range) => inRange(range, address)))
      return 'outside';
    const other = this.addresses.holder(address);
    if (other !== undefined) return { holder: other };
    const refused = this.#capacity(holder, limits);
    if (refused !== undefined) return refused;
    const claim = this.#changing(holder, () => this.addresses.claim(holder.uid, address));
    if (claim.ok) return undefined;
    if (claim.refused === 'taken-on-link') return { holder: undefined };
    return 'holder' in claim ? { holder: claim.holder } : { holder: holder.uid };
  }

  adopt(holder: Holder, address: Address): boolean {
    return this.#changing(holder, () => this.addresses.adopt(holder.uid, address)).ok;
  }

  release(uid: string): void {
    const held = this.addresses.heldBy(uid);
    this.addresses.release(uid);
    this.#namespaces.delete(uid);
    if (held !== undefined) this.#count(held);
  }

  /** Returns why a holder gets no further address of the network. */
  #capacity({ tenant, isGateway = false }: Holder, limits: QuotaLimits): CapacityRefusal | undefined {
    if (isGateway) return undefined;
    const { total } = this.addresses.counts();
    const limit = this.#ranges.perNamespace ?? Math.max(MIN_PER_NAMESPACE, Math.ceil(total / 2));
    const used = this.#perNamespace.get(tenant.namespace) ?? 0;
    if (used >= limit) return { scope: 'namespace', used, limit, network: true };
    const forGateways = this.#ranges.forGateways ?? Math.floor(total / 4);
    if (this.#counted.size >= total - forGateways) return 'exhausted';
    return this.#usage.excess('externalAddresses', tenant, 1, limits);
  }

  /** Changes the holds of `holder`, and counts the addresses whose holder the change may have changed. */
  #changing<T>({ uid, tenant, isGateway = false }: Holder, change: () => T): T {
    this.#usage.place(tenant);
    if (!isGateway) this.#namespaces.set(uid, tenant.namespace);
    const before = this.addresses.heldBy(uid);
    const result = change();
    const after = this.addresses.heldBy(uid);
    if (before !== undefined) this.#count(before);
    if (after !== undefined) this.#count(after);
    return result;
  }

  /** Counts the address for the namespace of its holder, and no longer for that of an earlier holder. */
  #count(address: Address): void {
    const before = this.#counted.get(address.value);
    const after = this.#namespaces.get(this.addresses.holder(address) ?? '');
    if (before === after) return;
    if (before !== undefined) this.#add(before, -1);
    if (after === undefined) this.#counted.delete(address.value);
    else this.#counted.set(address.value, after);
    if (after !== undefined) this.#add(after, 1);
  }

  #add(namespace: string, amount: number): void {
    const count = (this.#perNamespace.get(namespace) ?? 0) + amount;
    if (count === 0) this.#perNamespace.delete(namespace);
    else this.#perNamespace.set(namespace, count);
    this.#usage.add('externalAddresses', namespace, amount);
  }
}
