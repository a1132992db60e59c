import type { Address } from '../../api/index.ts';
import { AddressLink, type AddressPool } from '../../ipam/index.ts';
import { MacLink, type MacTable } from './mac-table.ts';

/** The addresses of a holder on its segment. */
interface SegmentMember {
  readonly addresses: AddressPool;
  readonly macs?: MacTable;
}

/** The address that prevents a holder from joining the other holders of a segment. */
export type SegmentConflict = { readonly ip: Address } | { readonly mac: string };

interface Use {
  /** UID of a Subnet → name of its ProviderNetwork. */
  readonly subnets: Map<string, string>;
  /** UIDs of ExternalNetworks. */
  readonly externalNetworks: Set<string>;
  /** Name of a ProviderNetwork → number of Subnets that hold the segment through it. */
  readonly networks: Map<string, number>;
  readonly addresses: AddressLink;
  readonly macs: MacLink;
}

/**
 * The Subnets and ExternalNetworks on each segment (by `segmentKey`), and the addresses that they use there. A holder
 * keeps a segment until no row connects the holder to the segment: an ExternalNetwork whose spec changed holds two
 * segments for a moment.
 */
export class SegmentPools {
  readonly #uses = new Map<string, Use>();
  /** UID of a holder → keys of its segments. */
  readonly #held = new Map<string, Set<string>>();
  readonly #onFreed: (key: string) => void;

  /** `onFreed` is called with the key of a segment when the segment or one of its addresses may be free. */
  constructor(onFreed: (key: string) => void) {
    this.#onFreed = onFreed;
  }

  holds(uid: string, key: string): boolean {
    return this.#held.get(uid)?.has(key) === true;
  }

  /** Whether the object holds any segment. */
  isHolder(uid: string): boolean {
    return this.#held.has(uid);
  }

  /** Whether an object other than `uid` holds the segment. */
  hasOthers(key: string, uid: string): boolean {
    const use = this.#uses.get(key);
    const count = (use?.subnets.size ?? 0) + (use?.externalNetworks.size ?? 0);
    return count > (this.holds(uid, key) ? 1 : 0);
  }

  /** Returns the UIDs of the Subnets that hold the segment. */
  subnets(key: string): readonly string[] {
    return [...(this.#uses.get(key)?.subnets.keys() ?? [])];
  }

  /** Returns the UIDs of the ExternalNetworks that hold the segment. */
  externalNetworks(key: string): readonly string[] {
    return [...(this.#uses.get(key)?.externalNetworks ?? [])];
  }

  /** Returns the names of the ProviderNetworks through which Subnets hold the segment. */
  networks(key: string): readonly string[] {
    return [...(this.#uses.get(key)?.networks.keys() ?? [])];
  }

  /** Makes a Subnet hold the segment through a ProviderNetwork. The caller decides whether it may. */
  holdAsSubnet(key: string, uid: string, network: string): void {
    const { subnets, networks } = this.#use(key);
    const before = subnets.get(uid);
    if (before === network) return;
    if (before !== undefined) countDown(networks, before);
    networks.set(network, (networks.get(network) ?? 0) + 1);
    subnets.set(uid, network);
    this.#record(key, uid);
  }

  /** Makes an ExternalNetwork hold the segment. The caller decides whether it may. */
  holdAsExternalNetwork(key: string, uid: string): void {
    this.#use(key).externalNetworks.add(uid);
    this.#record(key, uid);
  }

  /**
   * Releases the segments of an object except `keep`. No row may connect the object to the others, and its pools must
   * have left them.
   */
  release(uid: string, keep?: string): void {
    const held = this.#held.get(uid) ?? new Set();
    for (const key of [...held]) {
      if (key === keep) continue;
      held.delete(key);
      this.#forget(key, uid);
      this.#onFreed(key);
    }
    if (held.size === 0) this.#held.delete(uid);
  }

  /**
   * Returns what prevents the pools of a holder from joining the segment; undefined if nothing does, or if they have
   * joined. `fixed` are the MAC addresses of the holder itself.
   */
  conflictOn(
    key: string,
    { addresses, macs }: SegmentMember,
    fixed: readonly string[],
  ): SegmentConflict | undefined {
    const use = this.#use(key);
    if (addresses.link.isOn(use.addresses)) return undefined;
    const ip = addresses.link.conflictOn(use.addresses);
    if (ip !== undefined) return { ip: { family: addresses.cidr.family, value: ip } };
    const mac = macs?.conflictOn(use.macs, fixed);
    return mac === undefined ? undefined : { mac };
  }

  /** Makes the pools of a holder share the addresses of the segment. */
  join(key: string, { addresses, macs }: SegmentMember, fixed: readonly string[] = []): void {
    const use = this.#use(key);
    addresses.link.join(use.addresses);
    macs?.join(use.macs, fixed);
  }

  #record(key: string, uid: string): void {
    this.#held.set(uid, (this.#held.get(uid) ?? new Set()).add(key));
  }

  #forget(key: string, uid: string): void {
    const use = this.#uses.get(key);
    if (use === undefined) return;
    const network = use.subnets.get(uid);
    if (network !== undefined) countDown(use.networks, network);
    use.subnets.delete(uid);
    use.externalNetworks.delete(uid);
    if (use.subnets.size + use.externalNetworks.size === 0) this.#uses.delete(key);
  }

  #use(key: string): Use {
    const known = this.#uses.get(key);
    if (known !== undefined) return known;
    const onFreed = (): void => this.#onFreed(key);
    const use = {
      subnets: new Map<string, string>(),
      externalNetworks: new Set<string>(),
      networks: new Map<string, number>(),
      addresses: new AddressLink(onFreed),
      macs: new MacLink(onFreed),
    };
    this.#uses.set(key, use);
    return use;
  }
}

function countDown(counts: Map<string, number>, name: string): void {
  const left = (counts.get(name) ?? 1) - 1;
  if (left === 0) counts.delete(name);
  else counts.set(name, left);
}
