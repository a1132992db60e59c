import type { Env } from '../common/env.ts';
import { claimNamed } from './claims.ts';
import { usersOf } from './users.ts';

/** The environment of the controllers: `parts`, and what the registry of kinds answers. */
export function createEnv(parts: Omit<Env, 'usersOf' | 'claimNamed'>): Env {
  const env: Env = {
    ...parts,
    usersOf: (kind, keys) => usersOf(env.stores, kind, keys),
    claimNamed: (parent) => claimNamed(env, parent),
  };
  return env;
}
