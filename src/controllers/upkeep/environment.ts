import type { Env } from '../common/env.ts';
import { Policies, policyWaiters } from '../common/policies.ts';
import { tenantOf } from '../common/tenant.ts';
import { claimNamed } from './claims.ts';
import { usersOf } from './users.ts';

/** Returns the environment of the controllers: `parts`, and functions that use the registry of kinds. */
export function createEnv(parts: Omit<Env, 'usersOf' | 'claimNamed' | 'policies'>): Env {
  const env: Env = {
    ...parts,
    policies: new Policies(parts.stores, {
      onNamespace: (namespace) => {
        env.pools.usage.place(tenantOf(env.stores, namespace));
        env.pools.waiting.wake(policyWaiters(namespace));
      },
      onCount: (policy) => env.wakeSoon('ProjectPolicy', policy),
    }),
    usersOf: (kind, keys) => usersOf(env.stores, kind, keys),
    claimNamed: (parent) => claimNamed(env, parent),
  };
  return env;
}
