import type { Port } from '../../api/index.ts';
import { textAt, UID_MARK } from '../../ovn/index.ts';
import { keyOf } from '../../reconcile/index.ts';
import type { Env } from '../common/env.ts';
import { groupsOfPort } from '../rows/group-members.ts';

const none: ReadonlySet<string> = new Set();

/**
 * Lets SecurityGroups and TrafficPolicies count their Ports again when a Port joins or leaves them in OVN, since its last
 * reconcile or during the present one. The rows of a Port can disappear before its reconcile, for example with the
 * switch of its Subnet, so the memberships of the last reconcile are kept here. After a restart all groups count their
 * Ports in any case.
 */
export class Recount {
  readonly #env: Pick<Env, 'stores' | 'writer' | 'wakeSoon'>;
  /** UID of a Port → the port groups (UUIDs) that contained the Port. */
  readonly #groups = new Map<string, ReadonlySet<string>>();

  constructor(env: Pick<Env, 'stores' | 'writer' | 'wakeSoon'>) {
    this.#env = env;
  }

  /** Returns the function to call at the end of the reconcile of a Port. */
  during({ metadata: { uid } }: Port): () => void {
    const [last, present] = [this.#groups.get(uid) ?? none, groupsOfPort(this.#env.writer, uid)];
    return () => {
      const after = groupsOfPort(this.#env.writer, uid);
      if (after.size === 0) this.#groups.delete(uid);
      else this.#groups.set(uid, after);
      const isStable = (group: string): boolean => last.has(group) && present.has(group) && after.has(group);
      for (const group of new Set([...last, ...present, ...after])) if (!isStable(group)) this.#wake(group);
    };
  }

  #wake(group: string): void {
    const { stores, writer, wakeSoon } = this.#env;
    const owner = textAt(writer.get('Port_Group', group)?.['external_ids'], UID_MARK) ?? '';
    const counting = stores.SecurityGroup.byUid(owner) ?? stores.TrafficPolicy.byUid(owner);
    if (counting !== undefined) wakeSoon(counting.kind, keyOf(counting));
  }
}
