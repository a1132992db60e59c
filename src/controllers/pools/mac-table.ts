import { SharedValues } from '../../ipam/index.ts';

/** The MAC addresses on one link with several switches. */
export class MacLink {
  readonly #macs = new SharedValues<string, MacTable>();
  readonly #tables = new Set<MacTable>();
  readonly #onFreed: () => void;

  /** `onFreed` is called when a MAC address may have become free. */
  constructor(onFreed: () => void) {
    this.#onFreed = onFreed;
  }

  add(table: MacTable, mac: string): void {
    this.#tables.add(table);
    this.#macs.add(table, mac);
  }

  remove(table: MacTable, mac: string): void {
    this.#macs.remove(table, mac);
    for (const other of this.#tables) if (other !== table) other.freed(mac);
    this.#onFreed();
  }

  /** Removes a table that has no MAC address on the link any more. */
  leave(table: MacTable): void {
    this.#tables.delete(table);
  }

  /** Whether another table of the link has the MAC address. */
  isElsewhere(table: MacTable, mac: string): boolean {
    return this.#macs.isElsewhere(table, mac);
  }
}

/**
 * The MAC addresses of one switch. A MAC address belongs to one Port, or any number of Ports share it (for example a
 * virtual MAC address of VRRP). It is never both, because the switch delivers frames to the owner only. Ports are
 * identified by their UIDs. On a link with several switches, a MAC address belongs to one switch.
 */
export class MacTable {
  readonly #onFreed: (mac: string) => void;
  /** MAC address → UID of its owner, and the reverse. */
  readonly #owners = new Map<string, string>();
  readonly #own = new Map<string, string>();
  /** MAC address → UIDs of the Ports that share it, and the reverse. */
  readonly #sharers = new Map<string, Set<string>>();
  readonly #shared = new Map<string, readonly string[]>();
  /** The MAC addresses of the switch itself, on a link. */
  #fixed: readonly string[] = [];
  #link: MacLink | undefined;

  /** `onFreed` is called with a MAC address that may have become free. */
  constructor(onFreed: (mac: string) => void) {
    this.#onFreed = onFreed;
  }

  /**
   * Makes `port` the owner of `mac`, and releases the MAC address that it owned before. Fails with the UID of a Port
   * that owns or shares `mac`; undefined: another switch of the link has `mac`.
   */
  claim(
    port: string,
    mac: string,
  ): { readonly ok: true } | { readonly ok: false; readonly holder: string | undefined } {
    const owner = this.#owners.get(mac);
    if (owner === port) return { ok: true };
    const holder = owner ?? [...(this.#sharers.get(mac) ?? [])].find((sharer) => sharer !== port);
    if (holder !== undefined || this.#isOnLink(mac)) return { ok: false, holder };
    this.#disown(port);
    this.#owners.set(mac, port);
    this.#own.set(port, mac);
    this.#link?.add(this, mac);
    return { ok: true };
  }

  /**
   * Makes `port` share these MAC addresses, and no others.
   *
   * @returns the refused MAC addresses, which other Ports own → the UID of the owner; undefined: another switch of the
   *   link has the MAC address
   */
  share(port: string, macs: readonly string[]): ReadonlyMap<string, string | undefined> {
    const refused = new Map<string, string | undefined>();
    for (const mac of macs) {
      const owner = this.#owners.get(mac);
      if (owner === port) continue;
      if (owner !== undefined || this.#isOnLink(mac)) refused.set(mac, owner);
    }
    const granted = macs.filter((mac) => !refused.has(mac));
    const before = this.#shared.get(port) ?? [];
    if (granted.length === 0) this.#shared.delete(port);
    else this.#shared.set(port, granted);
    for (const mac of granted) {
      this.#sharers.set(mac, (this.#sharers.get(mac) ?? new Set()).add(port));
      this.#link?.add(this, mac);
    }
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

  /**
   * Returns a MAC address of this switch, or of `fixed`, that another switch of `link` has; undefined if this switch
   * can join the link.
   */
  conflictOn(link: MacLink, fixed: readonly string[]): string | undefined {
    for (const mac of [...fixed, ...this.#used()]) if (link.isElsewhere(this, mac)) return mac;
    return undefined;
  }

  /** Joins a link, and leaves the previous one. `fixed` are the MAC addresses of the switch itself. */
  join(link: MacLink, fixed: readonly string[]): void {
    if (this.#link === link) return;
    this.leave();
    this.#link = link;
    this.#fixed = fixed;
    for (const mac of this.#used()) link.add(this, mac);
  }

  /** Leaves the link. The machines of the switch must no longer be on the link. */
  leave(): void {
    const link = this.#link;
    if (link === undefined) return;
    for (const mac of this.#used()) link.remove(this, mac);
    link.leave(this);
    this.#link = undefined;
    this.#fixed = [];
  }

  /** Called by the link when another switch no longer has a MAC address. */
  freed(mac: string): void {
    this.#onFreed(mac);
  }

  *#used(): Iterable<string> {
    yield* this.#fixed;
    yield* this.#owners.keys();
    yield* this.#sharers.keys();
  }

  #isOnLink(mac: string): boolean {
    return this.#link?.isElsewhere(this, mac) === true;
  }

  #unlink(mac: string): void {
    if (!this.#owners.has(mac) && !this.#sharers.has(mac) && !this.#fixed.includes(mac))
      this.#link?.remove(this, mac);
  }

  #disown(port: string): void {
    const mac = this.#own.get(port);
    if (mac === undefined) return;
    this.#own.delete(port);
    this.#owners.delete(mac);
    this.#unlink(mac);
    this.#onFreed(mac);
  }

  #unshare(port: string, macs: readonly string[]): void {
    for (const mac of macs) {
      const sharers = this.#sharers.get(mac);
      sharers?.delete(port);
      if (sharers?.size === 0) this.#sharers.delete(mac);
      this.#unlink(mac);
    }
    for (const mac of macs) this.#onFreed(mac);
  }
}
