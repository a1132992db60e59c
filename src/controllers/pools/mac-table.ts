/** The MAC addresses of one switch, each of at most one owner, one each. */
export class MacTable {
  readonly #owners = new Map<string, string>();
  readonly #macs = new Map<string, string>();

  /** Gives `mac` to `owner` in place of what it had; the other holder's UID when somebody else has it. */
  claim(owner: string, mac: string): { readonly ok: true } | { readonly ok: false; readonly holder: string } {
    const holder = this.#owners.get(mac);
    if (holder === owner) return { ok: true };
    if (holder !== undefined) return { ok: false, holder };
    this.release(owner);
    this.#owners.set(mac, owner);
    this.#macs.set(owner, mac);
    return { ok: true };
  }

  release(owner: string): void {
    const mac = this.#macs.get(owner);
    if (mac === undefined) return;
    this.#macs.delete(owner);
    this.#owners.delete(mac);
  }
}
