import { mustParseCidr, type Cidr } from '../../api/index.ts';
import { CidrPool } from '../../ipam/index.ts';

/** Link-local (RFC 3927): no machine is given such an address, and no router forwards it. */
const LINKS = mustParseCidr('169.254.0.0/16');

/** Two addresses, one for each router. */
export const LINK_PREFIX = 30;

/** The first block; and that of the metadata service's address, which machines of any Subnet may ask. */
const reserved = ['169.254.0.0/30', '169.254.169.252/30'].map((text) => mustParseCidr(text));

/**
 * The networks between the routers of peered VPCs: a /30 for each pair of VPCPeerings. Either side may ask first;
 * both get the same, and it is free when neither uses it.
 */
export class LinkPool {
  readonly #blocks = new CidrPool({ parent: LINKS, blockPrefix: LINK_PREFIX });
  /** VPCPeering's UID → the pair whose link it uses. */
  readonly #uses = new Map<string, string>();

  constructor() {
    for (const [index, block] of reserved.entries()) this.#blocks.claim(`reserved-${index}`, block);
  }

  /** The link of the peering `uid` with `peerUid`. */
  allocate(uid: string, peerUid: string): Cidr | 'exhausted' {
    const pair = pairOf(uid, peerUid);
    if (this.#uses.get(uid) !== pair) this.release(uid);
    const block = this.#blocks.allocate(pair);
    if (block !== 'exhausted') this.#uses.set(uid, pair);
    return block;
  }

  /** Rebuilds: the peering uses this link, as its rows or its status say. */
  adopt(uid: string, peerUid: string, link: Cidr): boolean {
    const pair = pairOf(uid, peerUid);
    this.#uses.set(uid, pair);
    return this.#blocks.adopt(pair, link).ok;
  }

  /** The peering uses no link any more; its rows are gone. */
  release(uid: string): void {
    const pair = this.#uses.get(uid);
    if (pair === undefined) return;
    this.#uses.delete(uid);
    if (![...this.#uses.values()].includes(pair)) this.#blocks.release(pair);
  }
}

/** The same for both sides. */
const pairOf = (a: string, b: string): string => (a < b ? `${a}/${b}` : `${b}/${a}`);
