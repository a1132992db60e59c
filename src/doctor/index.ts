/** Looks at an installation, and says what to do about what is not as it should be. */
import { inspectNorthbound, inspectSouthbound, measureLag, type InspectOptions } from '../ovn/index.ts';
import { realClock, type RestClient } from '../reconcile/index.ts';
import { problem, reasonOf, type Finding } from './finding.ts';
import { checkApiServer, checkDefinitions, checkPermissions } from './kubernetes.ts';
import { judgeLeader, watchLease, type LeaseRef } from './leader.ts';
import { checkObjects, judgeNorthbound } from './ovn.ts';
import { judgeLag, judgeProgress } from './progress.ts';
import type { Definition } from './schemas.ts';

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
  const lag = installation.syncMs === undefined ? [] : [await examineLag(installation, installation.syncMs)];
  const [kubernetes, northbound, southbound] = await Promise.all([
    examineKubernetes(installation),
    attempt('Northbound database', 'ovnNbEndpoint', () =>
      inspectNorthbound(installation.cluster, installation.northbound),
    ),
    attempt('Southbound database', 'ovnSbEndpoint', () => inspectSouthbound(installation.southbound)),
  ]);
  const findings = [...kubernetes.findings];
  if (kubernetes.leader !== undefined)
    findings.push(kubernetes.leader('facts' in northbound ? northbound.facts.epoch : undefined));
  if ('facts' in northbound) findings.push(...judgeNorthbound(northbound.facts));
  else findings.push(northbound.finding);
  if ('finding' in southbound) findings.push(southbound.finding);
  else if ('facts' in northbound) findings.push(...judgeProgress(northbound.facts, southbound.facts));
  findings.push(...lag);
  if (kubernetes.canList && 'facts' in northbound) {
    const { facts } = northbound;
    const objects = await attempt('Objects', 'kubeconfig', () => checkObjects(installation.client, facts));
    findings.push(...('facts' in objects ? objects.facts : [objects.finding]));
  }
  return findings;
}

async function examineKubernetes({ client, definitions, lease }: Installation): Promise<{
  readonly findings: Finding[];
  readonly canList: boolean;
  /** Takes the epoch in the Northbound database, where it is known. */
  readonly leader?: (epoch: string | undefined) => Finding;
}> {
  const server = await checkApiServer(client);
  if (server.outcome !== 'ok') return { findings: [server], canList: false };
  const [kinds, rights, leadership] = await Promise.all([
    attempt('Custom resources', 'kubeconfig', () => checkDefinitions(client, definitions)),
    attempt('Permissions', 'kubeconfig', () => checkPermissions(client, lease?.namespace)),
    attempt('Leader', 'kubeconfig', () => watchLease(client, lease, realClock)),
  ]);
  const found = 'facts' in kinds ? kinds.facts : [kinds.finding];
  return {
    findings: [server, ...found, 'facts' in rights ? rights.facts : rights.finding],
    canList: found.every(({ outcome }) => outcome !== 'problem'),
    leader: (epoch) => ('facts' in leadership ? judgeLeader(leadership.facts, epoch) : leadership.finding),
  };
}

async function examineLag({ northbound, southbound }: Installation, patienceMs: number): Promise<Finding> {
  const lag = await attempt('Lag', 'ovnNbEndpoint', () => measureLag(northbound, southbound, patienceMs));
  return 'facts' in lag ? judgeLag(lag.facts, patienceMs) : lag.finding;
}

async function attempt<T>(
  check: string,
  setting: string,
  look: () => Promise<T>,
): Promise<{ readonly facts: T } | { readonly finding: Finding }> {
  try {
    return { facts: await look() };
  } catch (error) {
    const remedy = `See that it runs, that the setting \`${setting}\` leads there, and that nothing in between refuses the way or the certificates.`;
    return { finding: problem(check, `It could not be looked at: ${reasonOf(error)}.`, remedy) };
  }
}
