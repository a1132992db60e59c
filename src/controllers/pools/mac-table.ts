/**
 * The MAC addresses of one switch. A MAC address belongs to one Port, or any number of Ports share it (for example a
 * virtual MAC address of VRRP). It is never both, because the switch delivers frames to the owner only. Ports are
 * identified by their UIDs.
 */
export class MacTable {
  readonly #onFreed: (mac: string) => void;
  /** MAC address → UID of its owner, and the reverse. */
  readonly #owners = new Map<string, string>();
  readonly #own = new Map<string, string>();
  /** MAC address → UIDs of the Ports that share it, and the reverse. */
  readonly #sharers = new Map<string, Set<string>>();
  readonly #shared = new Map<string, readonly string[]>();

  /** `onFreed` is called with a MAC address that may have become free. */
  constructor(onFreed: (mac: string) => void) {
    this.#onFreed = onFreed;
  }

  /**
   * Makes `port` the owner of `mac`, and releases the MAC address that it owned before. Fails with the UID of a Port
   * that owns or shares `mac`.
   */
  claim(port: string, mac: string): { readonly ok: true } | { readonly ok: false; readonly holder: string } {
    const owner = this.#owners.get(mac);
    if (owner === port) return { ok: true };
    const holder = owner ?? [...(this.#sharers.get(mac) ?? [])].find((sharer) => sharer !== port);
    if (holder !== undefined) return { ok: false, holder };
    this.#disown(port);
    this.#owners.set(mac, port);
    this.#own.set(port, mac);
    return { ok: true };
  }

  /**
   * Makes `port` share these MAC addresses, and no others.
   *
   * @returns the refused MAC addresses, which other Ports own → the UID of the owner
   */
  share(port: string, macs: readonly string[]): ReadonlyMap<string, string> {
    const refused = new Map<string, string>();
    for (const mac of macs) {
      const owner = this.#owners.get(mac);
      if (owner !== undefined && owner !== port) refused.set(mac, owner);
    }
    const granted = macs.filter((mac) => !refused.has(mac));
    const before = this.#shared.get(port) ?? [];
    if (granted.length === 0) this.#shared.delete(port);
    else this.#shared.set(port, granted);
    for (const mac of granted) this.#sharers.set(mac, (this.#sharers.get(mac) ?? new Set()).add(port));
    this.#unshare(
      port,
      before.filter((mac) => !granted.includes(mac)),
    );
    return refused;
  }

  /** Releases all MAC addresses of the Port. */
  release(port: string): void {
    this.#disown(port);
    this.share(port, []);
  }

  #disown(port: string): void {
    const mac = this.#own.get(port);
    if (mac === undefined) return;
    this.#own.delete(port);
    this.#owners.delete(mac);
    this.#onFreed(mac);
  }

  #unshare(port: string, macs: readonly string[]): void {
    for (const mac of macs) {
      const sharers = this.#sharers.get(mac);
      sharers?.delete(port);
      if (sharers?.size === 0) this.#sharers.delete(mac);
    }
    for (const mac of macs) this.#onFreed(mac);
  }
}
