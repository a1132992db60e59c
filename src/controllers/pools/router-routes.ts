import { formatCidr, overlaps, type Cidr } from '../../api/index.ts';

/** A network to which an object routes, or which is directly connected. */
export interface HeldNetwork {
  readonly network: Cidr;
  /** Conflicts only with the same network, because a route to a larger or smaller network may exist beside it. */
  readonly exact?: true;
}

/**
 * The networks to which the rows of a project's router lead, by object: the VPC itself, and each of its VPCPeerings.
 * An object holds a network before it writes the route and until the route is removed. So the router never has two
 * routes to the same addresses, whatever the order of the transactions. A namespace has one router with peerings.
 */
export class RouterRoutes {
  /** Namespace → UID → networks. */
  readonly #held = new Map<string, Map<string, readonly HeldNetwork[]>>();
  /** UID → namespace. */
  readonly #homes = new Map<string, string>();
  readonly #onFreed: (namespace: string) => void;

  /** `onFreed` is called with the namespace after an object stopped holding a network. */
  constructor(onFreed: (namespace: string) => void) {
    this.#onFreed = onFreed;
  }

  /** Returns the networks that the object holds. */
  heldBy(uid: string): readonly HeldNetwork[] {
    return this.#held.get(this.#homes.get(uid) ?? '')?.get(uid) ?? [];
  }

  /** Returns the UIDs of the other objects of the namespace that hold a network which conflicts with `wanted`. */
  othersAt(namespace: string, uid: string, wanted: HeldNetwork): readonly string[] {
    return [...(this.#held.get(namespace) ?? [])].flatMap(([holder, networks]) =>
      holder !== uid && networks.some((held) => conflict(held, wanted)) ? [holder] : [],
    );
  }

  /** Adds networks to those that the object holds, before the object writes its routes. */
  add(namespace: string, uid: string, networks: readonly HeldNetwork[]): void {
    this.#set(namespace, uid, [...this.heldBy(uid), ...networks]);
  }

  /** Replaces the networks that the object holds, after its rows contain exactly these routes. */
  keep(namespace: string, uid: string, networks: readonly HeldNetwork[]): void {
    const kept = new Set(networks.map(textOf));
    const isFreed = this.heldBy(uid).some((held) => !kept.has(textOf(held)));
    this.#set(namespace, uid, networks);
    if (isFreed) this.#onFreed(namespace);
  }

  /** Releases all networks of an object whose rows were removed. */
  release(uid: string): void {
    const namespace = this.#homes.get(uid);
    if (namespace !== undefined) this.keep(namespace, uid, []);
  }

  #set(namespace: string, uid: string, networks: readonly HeldNetwork[]): void {
    let home = this.#held.get(namespace);
    if (networks.length === 0) {
      home?.delete(uid);
      this.#homes.delete(uid);
      if (home?.size === 0) this.#held.delete(namespace);
      return;
    }
    if (home === undefined) {
      home = new Map<string, readonly HeldNetwork[]>();
      this.#held.set(namespace, home);
    }
    home.set(uid, [...new Map(networks.map((held) => [textOf(held), held])).values()]);
    this.#homes.set(uid, namespace);
  }
}

const textOf = ({ network, exact }: HeldNetwork): string =>
  exact === true ? `= ${formatCidr(network)}` : formatCidr(network);

function conflict(a: HeldNetwork, b: HeldNetwork): boolean {
  if (a.exact === true || b.exact === true)
    return a.network.base === b.network.base && a.network.prefix === b.network.prefix;
  return overlaps(a.network, b.network);
}
