import { realClock, type Clock } from '../../base/index.ts';
import type { Applier } from '../apply/applier.ts';
import type { Southbound } from './southbound.ts';

/** Waits until hosts have applied the content of the Northbound database. */
export interface HostProgress {
  /**
   * Resolves when the host has applied everything that the database contains now. Also resolves after a deadline,
   * because a host that does not answer must not block a change, and when OVN cannot be asked.
   */
  caughtUp(host: string): Promise<void>;
}

/** A host of a small OVN answers within 0.2 s. The connections of the change wait no longer than this time. */
const DEADLINE_MS = 2_000;

/** Returns the progress of the hosts that write to this Southbound database. */
export function hostProgress(
  applier: () => Pick<Applier, 'requestProgress'>,
  southbound: Pick<Southbound, 'progressOf' | 'onProgress'>,
  clock: Clock = realClock,
): HostProgress {
  return {
    caughtUp: async (host) => {
      let requested = Infinity;
      const finished = Promise.withResolvers<undefined>();
      const finish = (): void => finished.resolve(undefined);
      const check = (): void => {
        if ((southbound.progressOf(host) ?? 0) >= requested) finish();
      };
      const unsubscribe = southbound.onProgress(check);
      const deadline = clock.setTimer(DEADLINE_MS, finish);
      applier()
        .requestProgress()
        .then((number) => {
          requested = number;
          check();
        }, finish);
      await finished.promise;
      deadline.cancel();
      unsubscribe();
    },
  };
}
