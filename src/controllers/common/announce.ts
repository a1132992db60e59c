import { findCondition, type Condition, type ResourceType } from '../../api/index.ts';
import type { Logger } from '../../base/index.ts';
import type { EventSink, StatusWriter } from '../../reconcile/index.ts';
import type { Conditioned } from './converge.ts';

/** The operator in Events: what `reportingController` says. */
export const EVENT_CONTROLLER = 'network.plasmavmc.io/operator';

/**
 * A status writer that reports an Event, and a line of the log, when what it writes makes an object Ready, or makes it
 * not Ready for another reason than before. States that go on are not told again, and neither is what has not been
 * looked at yet (`Pending`). What is refused or was Ready before is a Warning; what waits for something is not: applied
 * all at once, objects wait for each other for a moment.
 */
export function announcing(
  writer: Pick<StatusWriter, 'write'>,
  events: EventSink,
  log: Logger,
): Pick<StatusWriter, 'write'> {
  return {
    write: async (type: ResourceType, object: Conditioned, status: Conditioned['status'] & object) => {
      const outcome = await writer.write(type, object, status);
      log.debug('status', { outcome });
      const before = findCondition(object.status?.conditions, 'Ready');
      const now = findCondition(status.conditions, 'Ready');
      if (outcome === 'written' && now !== undefined && isTransition(before, now)) {
        const isReady = now.status === 'True';
        log.info(isReady ? 'Ready' : 'not Ready', { reason: now.reason, note: now.message });
        events.record(object, {
          type: isReady || (before?.status !== 'True' && isWaiting(status.conditions)) ? 'Normal' : 'Warning',
          reason: now.reason,
          action: 'Reconciling',
          note: now.message,
        });
      }
      return outcome;
    },
  };
}

/** Whether nothing is wrong with the object, and OVN has refused nothing. */
function isWaiting(conditions: readonly Condition[] | undefined): boolean {
  const programmed = findCondition(conditions, 'Programmed');
  return (
    findCondition(conditions, 'Accepted')?.status === 'True' &&
    (programmed?.status === 'True' || programmed?.reason === 'Pending')
  );
}

function isTransition(before: Condition | undefined, now: Condition): boolean {
  if (now.status === 'True') return before?.status !== 'True';
  return now.reason !== 'Pending' && (before?.status === 'True' || before?.reason !== now.reason);
}
