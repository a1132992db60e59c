/**
 * The values that several users have on one link, for example the MAC addresses in several switches that are
 * connected to the same VLAN. A value has more than one user only after conflicting adoptions.
 */
export class SharedValues<Value, User extends object> {
  /** A Set only for a value with several users, because Sets for single users need too much memory. */
  readonly #users = new Map<Value, User | Set<User>>();

  add(user: User, value: Value): void {
    const users = this.#users.get(value);
    if (users === undefined) this.#users.set(value, user);
    else if (users instanceof Set) users.add(user);
    else if (users !== user) this.#users.set(value, new Set([users, user]));
  }

  remove(user: User, value: Value): void {
    const users = this.#users.get(value);
    if (users === user) this.#users.delete(value);
    else if (users instanceof Set && users.delete(user) && users.size === 0) this.#users.delete(value);
  }

  /** Whether a user other than `user` has the value. */
  isElsewhere(user: User, value: Value): boolean {
    const users = this.#users.get(value);
    if (users instanceof Set) return users.size > (users.has(user) ? 1 : 0);
    return users !== undefined && users !== user;
  }

  /** The values that users other than `user` have. */
  *elsewhere(user: User): Iterable<Value> {
    for (const value of this.#users.keys()) if (this.isElsewhere(user, value)) yield value;
  }
}
