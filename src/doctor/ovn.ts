/** Checks both OVN databases, ovn-northd and the hosts. */
import type { Lag, NorthboundFacts, SouthboundFacts } from '../ovn/index.ts';
import { listNames, ok, problem, warning, type Finding } from './finding.ts';

const northdRemedy =
  'Check that ovn-northd runs (`ovn-appctl -t ovn-northd status` prints active, standby or paused) and is connected to both databases (`nb-connection-status`, `sb-connection-status`). After a restore of the cluster from a backup, run `nb-cluster-state-reset`. If ovn-northd runs and is connected, wait and run doctor again.';
const hostRemedy =
  'Check that ovn-controller runs on these hosts (`ovn-appctl -t ovn-controller connection-status`). Delete the Chassis of a removed host with `ovn-sbctl chassis-del`.';

/** Returns the findings about the Northbound database and its epoch. */
export function evaluateNorthbound({ schemaVersion, rows, owners, epoch }: NorthboundFacts): Finding[] {
  const reached = ok(
    'Northbound database',
    `The leader of the database answers; schema ${schemaVersion}; ${rows} rows of this cluster for ${owners.length} objects.`,
  );
  const taken =
    epoch === undefined
      ? warning(
          'Epoch',
          'No operator of this cluster has taken over this database yet.',
          'Start an operator. If an operator runs, compare its `clusterName` and `ovnNbEndpoint` with the settings of doctor.',
        )
      : ok(
          'Epoch',
          `${epoch.split('/').slice(1).join('/')} took over this database last, with epoch ${epoch.split('/', 1)[0] ?? ''}.`,
        );
  return [reached, taken];
}

/** Returns the findings about the Southbound database, ovn-northd and the hosts. */
export function evaluateSouthbound(
  southbound: SouthboundFacts,
  northbound: NorthboundFacts | undefined,
): Finding[] {
  return [
    ok(
      'Southbound database',
      `${southbound.hasNorthd === undefined ? 'A relay' : 'The leader'} of the database answers; schema ${southbound.schemaVersion}.`,
    ),
    ...(northbound === undefined ? [] : [evaluateNorthd(northbound, southbound)]),
    evaluateHosts(southbound),
  ];
}

function evaluateNorthd(
  { progress: { asked, northd }, ports }: NorthboundFacts,
  { hasNorthd, ports: translated }: SouthboundFacts,
): Finding {
  const check = 'ovn-northd';
  const missing = [...ports].filter((name) => !translated.has(name));
  const isCurrent = northd >= asked && missing.length === 0;
  if (hasNorthd === undefined && isCurrent)
    return ok(
      check,
      `ovn-northd has translated all ${ports.size} logical switch ports. Relays do not show whether an ovn-northd is active.`,
    );
  if (hasNorthd === true && isCurrent)
    return ok(check, `An ovn-northd is active and has translated all ${ports.size} logical switch ports.`);
  const state =
    hasNorthd === false ? 'No ovn-northd is active (its lock has no holder)' : 'ovn-northd is behind';
  return problem(
    check,
    `${state}: ${missing.length} logical switch ports are not translated; nb_cfg is ${asked} and ovn-northd has reached ${northd}.`,
    northdRemedy,
  );
}

function evaluateHosts({ hosts }: SouthboundFacts): Finding {
  const check = 'Hosts';
  if (hosts.length === 0) {
    return warning(
      check,
      'OVN has no hosts, so VMs cannot connect to their Ports.',
      'Run ovn-controller on the hypervisors, and set `external_ids:ovn-remote` in Open vSwitch to the Southbound database.',
    );
  }
  const late = hosts.filter(({ isCurrent }) => !isCurrent).map(({ name }) => name);
  if (late.length > 0)
    return warning(
      check,
      `${late.length} of ${hosts.length} hosts are behind: ${listNames(late)}.`,
      hostRemedy,
    );
  return ok(
    check,
    `All ${hosts.length} hosts have applied the last synchronization request; \`--sync\` sends a new request.`,
  );
}

/** Returns the finding about the time until ovn-northd and the hosts applied a change. */
export function evaluateLag({ northdMs, hosts }: Lag, timeoutMs: number): Finding {
  const check = 'Lag';
  const within = `within ${timeoutMs / 1000} s`;
  if (northdMs === undefined)
    return problem(
      check,
      `ovn-northd did not apply the change ${within}, so the hosts could not apply it either.`,
      northdRemedy,
    );
  const northd = `ovn-northd applied the change in ${Math.round(northdMs)} ms`;
  const silent = hosts.filter(({ ms }) => ms === undefined).map(({ name }) => name);
  const [slowest] = hosts.toSorted((a, b) => (b.ms ?? 0) - (a.ms ?? 0));
  const slow =
    slowest?.ms === undefined ? '' : `, the slowest host (${slowest.name}) in ${Math.round(slowest.ms)} ms`;
  if (silent.length === 0) return ok(check, `${northd}${slow}.`);
  return warning(
    check,
    `${northd}${slow}; ${silent.length} of ${hosts.length} hosts did not apply it ${within}: ${listNames(silent)}.`,
    hostRemedy,
  );
}
