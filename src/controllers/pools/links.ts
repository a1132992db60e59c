import { containsCidr, mustParseCidr, overlaps, type Cidr } from '../../api/index.ts';
import { CidrPool } from '../../ipam/index.ts';

/** Link-local addresses (RFC 3927). No VM has such an address, and no router forwards it. */
export const linkRange = mustParseCidr('169.254.0.0/16');

/** The prefix length of a link network: two host addresses, one for each router. */
export const LINK_PREFIX = 30;

/** The first block, and the block with the address of the metadata service, which VMs of any Subnet may use. */
const reserved = ['169.254.0.0/30', '169.254.169.252/30'].map((text) => mustParseCidr(text));

/**
 * The networks between the routers of peered VPCs: a /30 for each pair of VPCPeerings. Either side can allocate
 * first, and both sides get the same network. The network is free when neither side uses it.
 */
export class LinkPool {
  readonly #blocks = new CidrPool({ parent: linkRange, blockPrefix: LINK_PREFIX });
  /** UID of the VPCPeering → the pair whose link it uses. */
  readonly #uses = new Map<string, string>();
  /** Pair → the VPCPeerings that use its link: one or two. */
  readonly #users = new Map<string, Set<string>>();
  readonly #onFreed: () => void;

  /** `onFreed` is called after a link became free. */
  constructor(onFreed: () => void = () => undefined) {
    this.#onFreed = onFreed;
    for (const [index, block] of reserved.entries()) this.#blocks.claim(`reserved-${index}`, block);
  }

  /** Returns the link between the peerings `uid` and `peerUid`, and allocates it if necessary. */
  allocate(uid: string, peerUid: string): Cidr | 'exhausted' {
    const pair = pairOf(uid, peerUid);
    if (this.#uses.get(uid) !== pair) this.release(uid);
    const block = this.#blocks.allocate(pair);
    if (block !== 'exhausted') this.#use(uid, pair);
    return block;
  }

  /**
   * Restores the link that a peering uses according to its rows or its status.
   *
   * @returns false if another pair holds the link, or if no link can be there: a tenant may have edited the status
   */
  adopt(uid: string, peerUid: string, link: Cidr): boolean {
    if (!containsCidr(linkRange, link) || reserved.some((block) => overlaps(block, link))) return false;
    const pair = pairOf(uid, peerUid);
    this.#use(uid, pair);
    return this.#blocks.adopt(pair, link).ok;
  }

  /** Releases the link of a peering whose rows were removed. */
  release(uid: string): void {
    const pair = this.#uses.get(uid);
    if (pair === undefined) return;
    this.#uses.delete(uid);
    const users = this.#users.get(pair);
    users?.delete(uid);
    if (users === undefined || users.size > 0) return;
    this.#users.delete(pair);
    this.#blocks.release(pair);
    this.#onFreed();
  }

  #use(uid: string, pair: string): void {
    if (this.#uses.get(uid) !== pair) this.release(uid);
    this.#uses.set(uid, pair);
    const users = this.#users.get(pair);
    if (users === undefined) this.#users.set(pair, new Set([uid]));
    else users.add(uid);
  }
}

/** Returns the key of a pair, which is the same for both sides. */
const pairOf = (a: string, b: string): string => (a < b ? `${a}/${b}` : `${b}/${a}`);
