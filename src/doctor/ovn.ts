/** What both databases of OVN say of themselves and of who follows them. */
import type { Lag, NorthboundFacts, SouthboundFacts } from '../ovn/index.ts';
import { ok, problem, some, warning, type Finding } from './finding.ts';

const northdRemedy =
  'See that ovn-northd runs (`ovn-appctl -t ovn-northd status` says active, standby or paused) and is connected to both databases (`nb-connection-status`, `sb-connection-status`; after a cluster was restored from a backup, `nb-cluster-state-reset`); if so, wait and look again.';
const hostRemedy =
  'See that ovn-controller runs there (`ovn-appctl -t ovn-controller connection-status`); delete the Chassis of a host that is gone with `ovn-sbctl chassis-del`.';

/** What the Northbound database says of itself. */
export function judgeNorthbound({ schemaVersion, rows, owners, epoch }: NorthboundFacts): Finding[] {
  const reached = ok(
    'Northbound database',
    `Its leader answers; schema ${schemaVersion}; ${rows} rows of this cluster, of ${owners.length} objects.`,
  );
  const taken =
    epoch === undefined
      ? warning(
          'Epoch',
          'No operator of this cluster has ever taken over this database.',
          'Start one; if one runs, compare its `clusterName` and `ovnNbEndpoint` with those given here.',
        )
      : ok(
          'Epoch',
          `${epoch.split('/').slice(1).join('/')} was the last to take over, as number ${epoch.split('/', 1)[0] ?? ''}.`,
        );
  return [reached, taken];
}

/** What the Southbound database says of itself, and whether northd and the hosts follow as far as both show it. */
export function judgeSouthbound(
  southbound: SouthboundFacts,
  northbound: NorthboundFacts | undefined,
): Finding[] {
  return [
    ok('Southbound database', `Its leader answers; schema ${southbound.schemaVersion}.`),
    ...(northbound === undefined ? [] : [judgeNorthd(northbound, southbound)]),
    judgeHosts(southbound),
  ];
}

function judgeNorthd(
  { progress: { asked, northd }, ports }: NorthboundFacts,
  { hasNorthd, ports: translated }: SouthboundFacts,
): Finding {
  const check = 'ovn-northd';
  const missing = [...ports].filter((name) => !translated.has(name));
  if (hasNorthd && northd >= asked && missing.length === 0)
    return ok(check, `One is active, and all ${ports.size} logical switch ports are translated.`);
  const state = hasNorthd ? 'It is behind' : 'None is active (nobody holds its lock)';
  return problem(
    check,
    `${state}: ${missing.length} ports are not translated, and ${northd} of ${asked} requests to report are done.`,
    northdRemedy,
  );
}

function judgeHosts({ hosts }: SouthboundFacts): Finding {
  const check = 'Hosts';
  if (hosts.length === 0) {
    return warning(
      check,
      'There are none: no virtual machine can be plugged in.',
      'Run ovn-controller on the hypervisors, with `external_ids:ovn-remote` leading to the Southbound database.',
    );
  }
  const late = hosts.filter(({ isCurrent }) => !isCurrent).map(({ name }) => name);
  if (late.length > 0)
    return warning(check, `${late.length} of ${hosts.length} are behind: ${some(late)}.`, hostRemedy);
  return ok(check, `All ${hosts.length} have done what they were last asked to; \`--sync\` asks anew.`);
}

/** How fast they follow, when asked. */
export function judgeLag({ northdMs, hosts }: Lag, patienceMs: number): Finding {
  const check = 'Lag';
  const within = `within ${patienceMs / 1000} s`;
  if (northdMs === undefined)
    return problem(check, `ovn-northd did not follow ${within}, so no host could.`, northdRemedy);
  const northd = `ovn-northd followed in ${Math.round(northdMs)} ms`;
  const silent = hosts.filter(({ ms }) => ms === undefined).map(({ name }) => name);
  const [slowest] = hosts.toSorted((a, b) => (b.ms ?? 0) - (a.ms ?? 0));
  const slow =
    slowest?.ms === undefined ? '' : `; the slowest host, ${slowest.name}, in ${Math.round(slowest.ms)} ms`;
  if (silent.length === 0) return ok(check, `${northd}${slow}.`);
  return warning(
    check,
    `${northd}${slow}; ${silent.length} of ${hosts.length} hosts did not ${within}: ${some(silent)}.`,
    hostRemedy,
  );
}
