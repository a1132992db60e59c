import type { KubeObject } from '../../reconcile/index.ts';
import { keyOf } from '../../reconcile/index.ts';
import { quotaWaiters, type Excess, type QuotaLimits, type QuotaResource } from '../pools/usage.ts';
import type { Env } from './env.ts';
import { policyWaiters } from './policies.ts';
import type { Problem } from './problem.ts';
import { tenantOf } from './tenant.ts';

type QuotaEnv = Pick<Env, 'stores' | 'pools' | 'policies'>;

const names: Readonly<Record<QuotaResource, string>> = {
  vpcAddresses: 'addresses of VPC ranges',
  externalAddresses: 'addresses of ExternalNetworks',
  natRules: 'NatRules',
  securityRules: 'rules of SecurityGroups and TrafficPolicies',
};

/** The resources of which an object holds one unit. */
const inUnits: ReadonlySet<QuotaResource> = new Set(['externalAddresses', 'natRules']);

/** Returns the limits of the namespace's ProjectPolicy for a resource. */
export function quotaLimits(
  { policies }: Pick<Env, 'policies'>,
  namespace: string,
  resource: QuotaResource,
): QuotaLimits {
  const { quota, organizationQuota } = policies.of(namespace)?.spec ?? {};
  return { namespace: quota?.[resource], organization: organizationQuota?.[resource] };
}

/**
 * Makes the object hold this amount of a resource. If the amount exceeds a quota, the object keeps what it holds, and
 * waits: it is reconciled again when a part becomes free, or the policy or the labels of the namespace change.
 */
export function holdQuota(
  env: QuotaEnv,
  object: KubeObject,
  resource: QuotaResource,
  amount: number,
): Problem | undefined {
  const { namespace = '', uid } = object.metadata;
  const unknown = unknownNamespace(env, object);
  if (unknown !== undefined) return unknown;
  const tenant = tenantOf(env.stores, namespace);
  const excess = env.pools.usage.hold(resource, uid, tenant, amount, quotaLimits(env, namespace, resource));
  return excess === undefined ? undefined : waitForQuota(env, object, resource, excess);
}

/** Lets an object wait for a part of a resource that exceeds a quota, and returns the problem. */
export function waitForQuota(
  { stores, pools }: QuotaEnv,
  object: KubeObject,
  resource: QuotaResource,
  { scope, used, limit }: Excess,
): Problem {
  const { namespace = '' } = object.metadata;
  const waiters = quotaWaiters(resource, tenantOf(stores, namespace), scope);
  // Objects that need one unit wait in a line: if the first one does not get it, the others do not get it either.
  const line = inUnits.has(resource) ? `${resource} for ${namespace}` : undefined;
  for (const pool of [waiters, policyWaiters(namespace)])
    pools.waiting.add(pool, object.kind, keyOf(object), line);
  const field = scope === 'namespace' ? 'quota' : 'organizationQuota';
  const message =
    `The ${scope} holds ${used} ${names[resource]}, and the limit is ${limit} (${field}.${resource} of its ` +
    'ProjectPolicy); delete unused objects, or ask an administrator for a higher limit.';
  return { reason: 'QuotaExceeded', message };
}

/** Returns a problem while policies exist, and it is not known which of them applies to the object's namespace. */
export function unknownNamespace(
  { pools, policies }: Pick<Env, 'pools' | 'policies'>,
  object: KubeObject,
): Problem | undefined {
  const { namespace = '' } = object.metadata;
  if (policies.isKnown(namespace)) return undefined;
  pools.waiting.add(policyWaiters(namespace), object.kind, keyOf(object));
  const message =
    'The operator has not read the namespace of the object yet, so it does not know which ProjectPolicy applies; ' +
    'wait; if the condition does not change, check that the operator may list namespaces.';
  return { reason: 'NamespaceNotRead', message };
}
