import type { Env } from '../common/env.ts';

/** Has ExternalNetworks count their addresses anew, soon. Of those that are gone there is nothing to count. */
export function countAnew(
  { stores, wakeSoon }: Pick<Env, 'stores' | 'wakeSoon'>,
  networkUids: Iterable<string>,
) {
  for (const uid of networkUids) {
    const network = stores.ExternalNetwork.byUid(uid);
    if (network !== undefined) wakeSoon('ExternalNetwork', network.metadata.name);
  }
}
