/**
 * Modules whose warnings do not concern the content of OVN's databases: `vif_plug_provider` warns because Debian's
 * ovn-controller finds no network cards that can plug ports; the others warn when the machine is busy.
 */
const ignoredModules = ['vif_plug_provider', 'timeval', 'ovs_rcu', 'reconnect'];

/** The warning of ovn-controller for each gateway that moves to another host: a gateway was never an interface. */
const GATEWAY_MOVED = '|if_status|WARN|Trying to release unknown interface cr-';

/** The warning of the second of two hosts that learn the same neighbour of a router at the same time. */
const LEARNT_TWICE = 'Transaction causes multiple rows in \\"MAC_Binding\\" table to have identical values';

/** The warnings and errors in a log of an OVN program that concern its input (vlog's format: ovs-appctl(8)). */
export function ovnWarnings(log: string): readonly string[] {
  return log.split('\n').filter((line) => {
    const [, module = ''] = /\|([^|]+)\|(?:WARN|ERR|EMER)\|/.exec(line) ?? [];
    return (
      module !== '' &&
      !line.includes(GATEWAY_MOVED) &&
      !line.includes(LEARNT_TWICE) &&
      !ignoredModules.some((each) => module.startsWith(each))
    );
  });
}
