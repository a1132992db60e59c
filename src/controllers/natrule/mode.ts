import type { NatRule } from '../../api/index.ts';
import type { Problem } from '../common/problem.ts';
import { forwarderOf, type RuleStakes } from './conflicts.ts';
import type { Sources } from './external.ts';
import type { Internal } from './internal.ts';

const CENTRALIZED = 'The operator applies mode: Centralized; set the same in the NatRule';

/**
 * Returns a problem if OVN cannot translate a distributed floating IP on the host of the Port. The rule is then
 * centralized.
 *
 * - In a Subnet on a physical network, the router works at the gateway chassis, so packets on another host would not be
 *   translated.
 * - The answers of a forwarded port must pass the gateway chassis, which knows the connection. With a distributed
 *   floating IP, they would leave from the host of the Port.
 */
export function modeProblem(
  sources: Pick<Sources, 'pools' | 'stores'>,
  rule: NatRule,
  { isProvider = false }: Internal,
  stakes: RuleStakes | undefined,
): Problem | undefined {
  if (rule.spec.mode !== 'Distributed') return undefined;
  if (isProvider) {
    const message =
      'The Port is in a Subnet on a physical network, and OVN translates the addresses of such a Port only on the ' +
      `gateway chassis. ${CENTRALIZED}.`;
    return { reason: 'ModeNotSupported', message };
  }
  const forwarder = stakes && forwarderOf(sources, rule, stakes);
  if (forwarder === undefined) return undefined;
  const message =
    `OVN translates the connections of forwarded ports only on the gateway chassis, and ${forwarder} of type DNAT ` +
    `forwards to the same Port. ${CENTRALIZED}, or delete the DNAT rules of the Port.`;
  return { reason: 'ModeNotSupported', message };
}
