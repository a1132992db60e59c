import { withDefaults, type PortPowers, type ProjectPolicy } from '../../api/index.ts';
import type { Change, KubeObject } from '../../reconcile/index.ts';
import type { Stores } from './env.ts';
import { matchesLabels } from './labels.ts';
import { isOlder } from './oldest.ts';

/** The alias of every ProjectPolicy, for references of objects that any of them can affect. */
export const anyPolicy = '*';

/** The key under which objects of a namespace wait for a change of the policy or labels of the namespace. */
export const policyWaiters = (namespace: string): string => `policy/${namespace}`;

/** What tenants may do where no ProjectPolicy applies: the defaults of the schema. */
const { powers: defaultPowers, providerPowers: defaultProviderPowers } = withDefaults({
  kind: 'ProjectPolicy',
  spec: { namespaceSelector: {} },
} as ProjectPolicy).spec;

/** The powers of Ports in a namespace whose policy is not known yet. */
export const noPowers: PortPowers = {
  trafficFilteringDisabled: 'Forbidden',
  spoofingProtectionDisabled: 'Forbidden',
  spoofingProtectionMACOnly: 'Forbidden',
  allowedAddresses: 'None',
  minAllowedPrefixLength: 0,
};

interface PoliciesOptions {
  /** Called after the labels of a namespace, or the policy that applies to it, changed. */
  readonly onNamespace: (namespace: string) => void;
  /** Called with the name of a policy that applies to a different number of namespaces. */
  readonly onCount: (policy: string) => void;
}

/**
 * The ProjectPolicy of each namespace. One policy applies to a namespace: of those that select the namespace, the one
 * with the highest priority, and of several such policies the oldest. The result for every namespace is kept up to
 * date, so that a look-up costs O(1). It starts with the first look-up.
 */
export class Policies {
  readonly #stores: Pick<Stores, 'Namespace' | 'ProjectPolicy'>;
  readonly #options: PoliciesOptions;
  /** Namespace → name of its policy. */
  #applied: Map<string, string> | undefined;
  /** Name of the policy → number of namespaces. */
  readonly #counts = new Map<string, number>();

  constructor(stores: Pick<Stores, 'Namespace' | 'ProjectPolicy'>, options: PoliciesOptions) {
    this.#stores = stores;
    this.#options = options;
  }

  /** Returns the policy of a namespace; undefined: the defaults apply. */
  of(namespace: string): ProjectPolicy | undefined {
    const name = this.#all().get(namespace);
    return name === undefined ? undefined : this.#stores.ProjectPolicy.get(name);
  }

  /**
   * Whether the policy of the namespace is known. Events of namespaces can arrive later than those of its objects.
   * Without any policy, the defaults apply to all namespaces.
   */
  isKnown(namespace: string): boolean {
    return this.#stores.ProjectPolicy.size === 0 || this.#stores.Namespace.get(namespace) !== undefined;
  }

  /** Returns what the Ports of a namespace may do, in a Subnet on a provider network or in another Subnet. */
  powers(namespace: string, isProvider: boolean): PortPowers {
    const spec = this.of(namespace)?.spec;
    return isProvider ? (spec?.providerPowers ?? defaultProviderPowers) : (spec?.powers ?? defaultPowers);
  }

  /** Returns the number of namespaces to which the policy applies. */
  count(policy: string): number {
    this.#all();
    return this.#counts.get(policy) ?? 0;
  }

  #all(): Map<string, string> {
    if (this.#applied !== undefined) return this.#applied;
    this.#applied = new Map();
    for (const { metadata } of this.#stores.Namespace.values()) this.#update(metadata.name);
    this.#stores.Namespace.subscribe(({ key }) => {
      this.#update(key);
      this.#options.onNamespace(key);
    });
    this.#stores.ProjectPolicy.subscribe((change) => this.#onPolicy(change));
    return this.#applied;
  }

  #onPolicy(change: Change<ProjectPolicy>): void {
    const isSame = change.type === 'updated' && generationOf(change.old) === generationOf(change.object);
    if (isSame) return;
    for (const { metadata } of this.#stores.Namespace.values()) {
      const before = this.#applied?.get(metadata.name);
      this.#update(metadata.name);
      const after = this.#applied?.get(metadata.name);
      if (before !== after || after === change.key) this.#options.onNamespace(metadata.name);
    }
  }

  #update(namespace: string): void {
    const applied = this.#all();
    const before = applied.get(namespace);
    const home = this.#stores.Namespace.get(namespace);
    const after = home && this.#select(home)?.metadata.name;
    if (before === after) return;
    if (after === undefined) applied.delete(namespace);
    else applied.set(namespace, after);
    if (before !== undefined) this.#add(before, -1);
    if (after !== undefined) this.#add(after, 1);
  }

  #add(policy: string, amount: number): void {
    this.#counts.set(policy, (this.#counts.get(policy) ?? 0) + amount);
    this.#options.onCount(policy);
  }

  #select({ metadata: { labels } }: KubeObject): ProjectPolicy | undefined {
    let first: ProjectPolicy | undefined;
    for (const policy of this.#stores.ProjectPolicy.values())
      if (
        matchesLabels(policy.spec.namespaceSelector, labels) &&
        (first === undefined || precedes(policy, first))
      )
        first = policy;
    return first;
  }
}

/** Whether `a` applies, and not `b`, to a namespace that both select. */
function precedes(a: ProjectPolicy, b: ProjectPolicy): boolean {
  return a.spec.priority === b.spec.priority ? isOlder(a, b) : a.spec.priority > b.spec.priority;
}

const generationOf = ({ metadata }: KubeObject): number => metadata.generation ?? 0;
