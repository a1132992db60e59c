/**
 * Modules whose warnings are no complaint about what OVN was given: Debian's ovn-controller looks for network cards
 * that can plug machines in by themselves, and there are none; the others tell of a machine that is busy.
 */
const elsewhere = ['vif_plug_provider', 'timeval', 'ovs_rcu', 'reconnect'];

/** What ovn-controller says of each gateway that goes to another host: it never took it up as an interface. */
const moved = '|if_status|WARN|Trying to release unknown interface cr-';

/** Of the log of one of OVN's programs, the warnings and errors about what it was given (vlog's format: ovs-appctl(8)). */
export function ovnComplaints(log: string): readonly string[] {
  return log.split('\n').filter((line) => {
    const [, module = ''] = /\|([^|]+)\|(?:WARN|ERR|EMER)\|/.exec(line) ?? [];
    return module !== '' && !line.includes(moved) && !elsewhere.some((each) => module.startsWith(each));
  });
}
