import { findCondition, type Condition, type ResourceType } from '../../api/index.ts';
import type { Logger } from '../../base/index.ts';
import type { EventSink, StatusWriter } from '../../reconcile/index.ts';
import type { Conditioned } from './converge.ts';

/** The value of `reportingController` in the Events of the operator. */
export const EVENT_CONTROLLER = 'network.plasmavmc.io/operator';

/**
 * Wraps a status writer. The wrapper records an Event and a log line when a write makes an object Ready or not Ready,
 * or changes the reason for which the object is not Ready. A repeated state and the reason `Pending` create no Event.
 *
 * The type is Warning if the object was Ready before, is not valid, or OVN rejected its rows. If the object only
 * waits for another object, the type is Normal: objects that a user applies together wait for each other for a
 * moment.
 */
export function withReadyEvents(
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

/** Whether the object only waits: it is valid, and OVN rejected nothing. */
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
