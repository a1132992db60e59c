import type { Env } from '../common/env.ts';

/** Enqueues ExternalNetworks soon, so that they count their addresses again. Ignores networks that no longer exist. */
export function recountAddresses(
  { stores, wakeSoon }: Pick<Env, 'stores' | 'wakeSoon'>,
  networkUids: Iterable<string>,
) {
  for (const uid of networkUids) {
    const network = stores.ExternalNetwork.byUid(uid);
    if (network !== undefined) wakeSoon('ExternalNetwork', network.metadata.name);
  }
}
