import { condition, type DesiredCondition, type NatRule } from '../../api/index.ts';

/**
 * Returns the condition that reports the pause of a distributed floating IP while its VM moves to another host. The
 * network learns from an announcement that the address has moved, and OVN sends the announcement a second after the
 * binding. A centralized floating IP stays on the host of the gateway, so it has no such condition.
 */
export function movesWithoutPause({ type, mode }: NatRule['spec']): readonly DesiredCondition[] {
  if (type !== 'FloatingIP' || mode !== 'Distributed') return [];
  const message =
    'When the VM moves to another host, connections from outside pause for about two seconds; ' +
    'set spec.mode to Centralized if they must not pause.';
  return [condition('MovesWithoutPause', 'False', 'AnnouncedLate', message)];
}
