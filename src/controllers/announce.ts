import { findCondition, type Condition, type ResourceType } from '../api/index.ts';
import type { EventSink, StatusWriter } from '../reconcile/index.ts';
import type { Conditioned } from './converge.ts';

/** The operator in Events: what `reportingController` says. */
export const EVENT_CONTROLLER = 'network.plasmavmc.io/operator';

/**
 * A status writer that reports an Event when what it writes makes an object Ready, or makes it not Ready for another
 * reason than before. States that go on are not told again, and neither is what has not been looked at yet (`Pending`).
 */
export function announcing(
  writer: Pick<StatusWriter, 'write'>,
  events: EventSink,
): Pick<StatusWriter, 'write'> {
  return {
    write: async (type: ResourceType, object: Conditioned, status: Conditioned['status'] & object) => {
      const outcome = await writer.write(type, object, status);
      const before = findCondition(object.status?.conditions, 'Ready');
      const now = findCondition(status.conditions, 'Ready');
      if (outcome === 'written' && now !== undefined && isTransition(before, now)) {
        events.record(object, {
          type: now.status === 'True' ? 'Normal' : 'Warning',
          reason: now.reason,
          action: 'Reconciling',
          note: now.message,
        });
      }
      return outcome;
    },
  };
}

function isTransition(before: Condition | undefined, now: Condition): boolean {
  if (now.status === 'True') return before?.status !== 'True';
  return now.reason !== 'Pending' && (before?.status === 'True' || before?.reason !== now.reason);
}
