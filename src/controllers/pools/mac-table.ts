/**
 * The MAC addresses of one switch. Each is one Port's own, or shared by any number of Ports that take it in turns, as
 * those of VRRP are; never both, since what is sent to it is delivered to its owner. Ports are known by their UIDs.
 */
export class MacTable {
  readonly #freed: () => void;
  /** MAC → whose own it is, and the reverse. */
  readonly #owners = new Map<string, string>();
  readonly #own = new Map<string, string>();
  /** MAC → who shares it, and the reverse. */
  readonly #sharers = new Map<string, Set<string>>();
  readonly #shared = new Map<string, readonly string[]>();

  /** `freed` is told when somebody may find free what was taken. */
  constructor(freed: () => void) {
    this.#freed = freed;
  }

  /** Gives `mac` to `port` as its own in place of what it had; another's UID when that owns or shares it. */
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
   * Has `port` share these, in place of what it shared. Returns those that it cannot, since another owns them: MAC → its
   * UID.
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

  /** Frees all that the Port has. */
  release(port: string): void {
    this.#disown(port);
    this.share(port, []);
  }

  #disown(port: string): void {
    const mac = this.#own.get(port);
    if (mac === undefined) return;
    this.#own.delete(port);
    this.#owners.delete(mac);
    this.#freed();
  }

  #unshare(port: string, macs: readonly string[]): void {
    for (const mac of macs) {
      const sharers = this.#sharers.get(mac);
      sharers?.delete(port);
      if (sharers?.size === 0) this.#sharers.delete(mac);
    }
    if (macs.length > 0) this.#freed();
  }
}
