/** The resources of which administrators can limit the use. */
export type QuotaResource = 'vpcAddresses' | 'externalAddresses' | 'natRules' | 'securityRules';

/** A namespace and the key of its organization. */
export interface Tenant {
  readonly namespace: string;
  readonly organization: string;
}

/** The limits of a resource; undefined: no limit. */
export interface QuotaLimits {
  /** For the namespace. */
  readonly namespace?: number | undefined;
  /** For all namespaces of the organization together. */
  readonly organization?: number | undefined;
}

/** A limit that a request exceeds. */
export interface Excess {
  readonly scope: 'namespace' | 'organization';
  /** The amount that is held now. */
  readonly used: number;
  readonly limit: number;
}

interface Hold {
  readonly resource: QuotaResource;
  readonly namespace: string;
  readonly amount: number;
}

type Amounts = Map<QuotaResource, number>;

/**
 * The amounts that namespaces and organizations hold. The amounts are counted when an object takes or releases
 * something, so each question costs O(1). What an object holds stays held when a limit shrinks: a limit only refuses
 * more. Objects are identified by their UIDs.
 */
export class Usage {
  readonly #organizationOf = new Map<string, string>();
  readonly #namespaces = new Map<string, Amounts>();
  readonly #organizations = new Map<string, Amounts>();
  /** By the UID of the object. */
  readonly #holds = new Map<string, Hold>();
  readonly #onFreed: (waiters: string) => void;

  /** `onFreed` is called with a key of {@link quotaWaiters} when a part of the resource became free. */
  constructor(onFreed: (waiters: string) => void) {
    this.#onFreed = onFreed;
  }

  /** Records the organization of a namespace. What the namespace holds moves to its present organization. */
  place({ namespace, organization }: Tenant): void {
    const before = this.#organizationOf.get(namespace);
    if (before === organization) return;
    this.#organizationOf.set(namespace, organization);
    for (const [resource, amount] of this.#namespaces.get(namespace) ?? []) {
      if (before !== undefined) {
        addTo(this.#organizations, before, resource, -amount);
        this.#onFreed(quotaWaiters(resource, { namespace, organization: before }, 'organization'));
      }
      addTo(this.#organizations, organization, resource, amount);
    }
  }

  /** Returns the limit that `more` of the resource would exceed; undefined if `more` fits. */
  excess(resource: QuotaResource, tenant: Tenant, more: number, limits: QuotaLimits): Excess | undefined {
    this.place(tenant);
    for (const scope of ['namespace', 'organization'] as const) {
      const limit = limits[scope];
      const used = this.used(resource, tenant, scope);
      if (limit !== undefined && used + more > limit) return { scope, used, limit };
    }
    return undefined;
  }

  /** Returns the amount that the namespace, or its organization, holds. */
  used(resource: QuotaResource, { namespace, organization }: Tenant, scope: Excess['scope']): number {
    const amounts =
      scope === 'namespace' ? this.#namespaces.get(namespace) : this.#organizations.get(organization);
    return amounts?.get(resource) ?? 0;
  }

  /** Adds to what a placed namespace holds, whatever the limits are. A negative amount makes a part free. */
  add(resource: QuotaResource, namespace: string, amount: number): void {
    const organization = this.#organizationOf.get(namespace) ?? '';
    addTo(this.#namespaces, namespace, resource, amount);
    addTo(this.#organizations, organization, resource, amount);
    if (amount >= 0) return;
    this.#onFreed(quotaWaiters(resource, { namespace, organization }, 'namespace'));
    this.#onFreed(quotaWaiters(resource, { namespace, organization }, 'organization'));
  }

  /**
   * Changes the amount that an object holds. A larger amount must fit into the limits; otherwise the object keeps the
   * amount that it holds.
   *
   * @returns the limit that the larger amount exceeds
   */
  hold(
    resource: QuotaResource,
    uid: string,
    tenant: Tenant,
    amount: number,
    limits: QuotaLimits = {},
  ): Excess | undefined {
    this.place(tenant);
    const before = this.#holds.get(uid)?.amount ?? 0;
    const excess = amount > before ? this.excess(resource, tenant, amount - before, limits) : undefined;
    if (excess !== undefined || amount === before) return excess;
    this.#holds.set(uid, { resource, namespace: tenant.namespace, amount });
    this.add(resource, tenant.namespace, amount - before);
    return undefined;
  }

  /** Releases everything that an object holds. */
  release(uid: string): void {
    const held = this.#holds.get(uid);
    if (held === undefined) return;
    this.#holds.delete(uid);
    this.add(held.resource, held.namespace, -held.amount);
  }
}

/** The key under which objects wait for a part of a resource that a namespace or organization holds. */
export const quotaWaiters = (resource: QuotaResource, tenant: Tenant, scope: Excess['scope']): string =>
  `quota/${resource}/${scope}/${tenant[scope]}`;

function addTo(all: Map<string, Amounts>, key: string, resource: QuotaResource, amount: number): void {
  const amounts = all.get(key) ?? new Map<QuotaResource, number>();
  const sum = (amounts.get(resource) ?? 0) + amount;
  if (sum === 0) amounts.delete(resource);
  else amounts.set(resource, sum);
  if (amounts.size === 0) all.delete(key);
  else all.set(key, amounts);
}
