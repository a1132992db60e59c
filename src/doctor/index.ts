/** Looks at an installation, and says what to do about what is not as it should be. */
import {
  inspectNorthbound,
  inspectSouthbound,
  measureLag,
  type InspectOptions,
  type NorthboundFacts,
  type SouthboundFacts,
} from '../ovn/index.ts';
import { realClock } from '../base/index.ts';
import type { RestClient } from '../reconcile/index.ts';
import { checkDrift, type Rehearse } from './drift.ts';
import { problem, reasonOf, type Finding } from './finding.ts';
import { judgeGateways } from './gateways.ts';
import { checkApiServer, checkDefinitions, checkPermissions } from './kubernetes.ts';
import { judgeLeader, watchLease, type LeaseRef } from './leader.ts';
import { judgeObjects, judgeOrphans, listObjects } from './objects.ts';
import { judgeLag, judgeNorthbound, judgeSouthbound } from './ovn.ts';
import { judgeRouterMacs } from './router-macs.ts';
import type { Definition } from './schemas.ts';

export { CRD_FOLDER, readCrds, type CustomResourceDefinition } from './crds.ts';
export type { Finding } from './finding.ts';
export type { Definition } from './schemas.ts';
export { describePermission, neededPermissions, type Permission } from './permissions.ts';

/** What to look at. */
export interface Installation {
  readonly client: RestClient;
  /** The CustomResourceDefinitions of this version. */
  readonly definitions: readonly Definition[];
  /** With which leaders are elected; undefined when they are not. */
  readonly lease: LeaseRef | undefined;
  readonly cluster: string;
  /** With the operator's settings. */
  readonly rehearse: Rehearse;
  readonly northbound: InspectOptions;
  readonly southbound: InspectOptions;
  /**
   * How long ovn-northd and the hosts have to say that they follow, in ms. Undefined: they are not asked. To ask is the
   * one thing here that writes.
   */
  readonly syncMs: number | undefined;
}

/** Runs all checks that make sense: of a server that does not answer nothing more is asked. Never rejects. */
export async function examine(installation: Installation): Promise<Finding[]> {
  const { cluster, syncMs } = installation;
  const lag = syncMs === undefined ? [] : await examineLag(installation, syncMs);
  const [kubernetes, northbound, southbound] = await Promise.all([
    examineKubernetes(installation),
    attempt('Northbound database', 'ovnNbEndpoint', () =>
      inspectNorthbound(cluster, installation.northbound),
    ),
    attempt('Southbound database', 'ovnSbEndpoint', () => inspectSouthbound(installation.southbound)),
  ]);
  const facts = { northbound: northbound.facts, southbound: southbound.facts };
  return [
    ...kubernetes.findings,
    ...kubernetes.judgeLeader(facts.northbound?.epoch),
    ...northbound.failed,
    ...(facts.northbound === undefined ? [] : judgeNorthbound(facts.northbound)),
    ...southbound.failed,
    ...(facts.southbound === undefined ? [] : judgeSouthbound(facts.southbound, facts.northbound)),
    ...lag,
    ...(kubernetes.canList ? await examineObjects(installation, facts) : []),
  ];
}

async function examineKubernetes({ client, definitions, lease }: Installation): Promise<{
  readonly findings: readonly Finding[];
  readonly canList: boolean;
  /** Takes the epoch in the Northbound database, where it is known. */
  readonly judgeLeader: (epoch: string | undefined) => readonly Finding[];
}> {
  const server = await checkApiServer(client);
  if (server.outcome !== 'ok') return { findings: [server], canList: false, judgeLeader: () => [] };
  const [kinds, rights, leadership] = await Promise.all([
    attempt('Custom resources', 'kubeconfig', () => checkDefinitions(client, definitions)),
    attempt('Permissions', 'kubeconfig', () => checkPermissions(client, lease?.namespace)),
    attempt('Leader', 'kubeconfig', () => watchLease(client, lease, realClock)),
  ]);
  const found: readonly Finding[] = kinds.facts ?? kinds.failed;
  return {
    findings: [server, ...found, ...(rights.facts === undefined ? rights.failed : [rights.facts])],
    canList: found.every(({ outcome }) => outcome !== 'problem'),
    judgeLeader: (epoch) =>
      leadership.facts === undefined ? leadership.failed : [judgeLeader(leadership.facts, epoch)],
  };
}

async function examineLag(
  { northbound, southbound }: Installation,
  patienceMs: number,
): Promise<readonly Finding[]> {
  const lag = await attempt('Lag', 'ovnNbEndpoint', () => measureLag(northbound, southbound, patienceMs));
  return lag.facts === undefined ? lag.failed : [judgeLag(lag.facts, patienceMs)];
}

async function examineObjects(
  { client, rehearse }: Installation,
  {
    northbound,
    southbound,
  }: { northbound: NorthboundFacts | undefined; southbound: SouthboundFacts | undefined },
): Promise<readonly Finding[]> {
  const { facts: listing, failed } = await attempt('Objects', 'kubeconfig', () => listObjects(client));
  if (listing === undefined) return failed;
  const findings = [...judgeObjects(listing)];
  if (northbound !== undefined) {
    const drift = await attempt('Drift', 'ovnNbEndpoint', () =>
      checkDrift(listing, rehearse, northbound, southbound),
    );
    findings.push(...(drift.facts === undefined ? drift.failed : [drift.facts]));
    findings.push(judgeOrphans(listing, northbound));
  }
  if (southbound !== undefined)
    findings.push(...judgeGateways(listing, southbound), ...judgeRouterMacs(listing, southbound));
  return findings;
}

/** What a look found; or, where it could not be had, the finding that says so. */
type Attempt<T> =
  | { readonly facts: T; readonly failed: readonly [] }
  | { readonly facts: undefined; readonly failed: readonly [Finding] };

async function attempt<T>(check: string, setting: string, look: () => Promise<T>): Promise<Attempt<T>> {
  try {
    return { facts: await look(), failed: [] };
  } catch (error) {
    const remedy = `See that it runs, that the setting \`${setting}\` leads there, and that nothing in between refuses the way or the certificates.`;
    return {
      facts: undefined,
      failed: [problem(check, `It could not be looked at: ${reasonOf(error)}.`, remedy)],
    };
  }
}
