import {
  and,
  inport,
  is,
  member,
  number,
  or,
  printMatch,
  row,
  rowUuid,
  type DesiredState,
  type Match,
} from '../../ovn/index.ts';
import type { HostLimits } from '../settings.ts';
import { switchRouterPortName, switchUuid } from './names.ts';

/**
 * The priorities of the limits. They are higher than the limits of Ports (`qos`), so that no Port avoids a limit by a
 * higher limit of its own. OVN applies only the rule with the highest priority to a packet.
 */
const priority = { dhcp: 3001, flooded: 3000 } as const;

/** The size of a usual DHCP request, in kilobits: a rule of the table QoS counts bits and not packets. */
const DHCP_REQUEST_KBITS = 2.8;

/**
 * Returns the rules that limit the work that a Subnet's switch causes on a host: broadcasts and multicasts, because the
 * switch sends each of them to all hosts of the Subnet, and DHCP requests, which ovn-controller answers. Open vSwitch
 * 3.1.0 (Debian 12) ignores the meters of the control-plane protection for DHCP, so the rule for DHCP exists beside them.
 */
export function switchLimits(subnetUid: string, limits: HostLimits): DesiredState {
  const dhcpRequest = and(number('udp.src', 68), number('udp.dst', 67));
  const rules = [
    ...rule('dhcp', dhcpRequest, Math.ceil(limits.dhcpPerSecond * DHCP_REQUEST_KBITS)),
    ...rule('flooded', is('eth.mcast'), limits.broadcastKbps),
  ];
  return {
    rows: rules,
    memberships: rules.map(({ uuid }) => member('Logical_Switch', switchUuid(subnetUid), 'qos_rules', uuid)),
  };

  function rule(name: keyof typeof priority, match: Match, rate: number) {
    if (rate === 0) return [];
    return [
      row('QoS', rowUuid(subnetUid, `limit/${name}`), {
        priority: priority[name],
        direction: 'from-lport',
        match: printMatch(ofSwitch(subnetUid, match)),
        bandwidth: { rate, burst: 2 * rate },
      }),
    ];
  }
}

/**
 * Makes a match unique for a switch without a change of its meaning. ovn-northd joins equal flows of several switches
 * into one flow, and ovn-controller has one meter for each flow. Without the name of a port, all Subnets on a host would
 * share one meter.
 */
function ofSwitch(subnetUid: string, match: Match): Match {
  return or(match, and(match, inport({ name: switchRouterPortName(subnetUid) })));
}
