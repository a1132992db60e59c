import type { Env } from '../common/env.ts';
import { claimNamed } from './claims.ts';
import { usersOf } from './users.ts';

/** Returns the environment of the controllers: `parts`, and functions that use the registry of kinds. */
export function createEnv(parts: Omit<Env, 'usersOf' | 'claimNamed'>): Env {
  const env: Env = {
    ...parts,
    usersOf: (kind, keys) => usersOf(env.stores, kind, keys),
    claimNamed: (parent) => claimNamed(env, parent),
  };
  return env;
}
