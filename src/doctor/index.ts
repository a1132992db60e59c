/** Looks at an installation, changes nothing, and says what to do about what is not as it should be. */
import { inspectNorthbound, inspectSouthbound, type InspectOptions } from '../ovn/index.ts';
import type { RestClient } from '../reconcile/index.ts';
import { problem, reasonOf, type Finding } from './finding.ts';
import { checkApiServer, checkDefinitions, checkPermissions, type Definition } from './kubernetes.ts';
import { checkObjects, judgeNorthbound, judgeProgress } from './ovn.ts';

export type { Finding } from './finding.ts';
export type { Definition } from './kubernetes.ts';
export { describePermission, neededPermissions, type Permission } from './permissions.ts';

/** What to look at. */
export interface Installation {
  readonly client: RestClient;
  /** The CustomResourceDefinitions of this version. */
  readonly definitions: readonly Definition[];
  /** Where leaders are elected; undefined when they are not. */
  readonly leaseNamespace: string | undefined;
  readonly cluster: string;
  readonly northbound: InspectOptions;
  readonly southbound: InspectOptions;
}

/** Runs all checks that make sense: of a server that does not answer nothing more is asked. Never rejects. */
export async function examine(installation: Installation): Promise<Finding[]> {
  const [kubernetes, northbound, southbound] = await Promise.all([
    examineKubernetes(installation),
    attempt('Northbound database', 'ovnNbEndpoint', () =>
      inspectNorthbound(installation.cluster, installation.northbound),
    ),
    attempt('Southbound database', 'ovnSbEndpoint', () => inspectSouthbound(installation.southbound)),
  ]);
  const findings = [...kubernetes.findings];
  if ('facts' in northbound) findings.push(...judgeNorthbound(northbound.facts));
  else findings.push(northbound.finding);
  if ('finding' in southbound) findings.push(southbound.finding);
  else if ('facts' in northbound) findings.push(...judgeProgress(northbound.facts, southbound.facts));
  if (kubernetes.canList && 'facts' in northbound) {
    const { facts } = northbound;
    const objects = await attempt('Objects', 'kubeconfig', () => checkObjects(installation.client, facts));
    findings.push(...('facts' in objects ? objects.facts : [objects.finding]));
  }
  return findings;
}

async function examineKubernetes({
  client,
  definitions,
  leaseNamespace,
}: Installation): Promise<{ readonly findings: Finding[]; readonly canList: boolean }> {
  const server = await checkApiServer(client);
  if (server.outcome !== 'ok') return { findings: [server], canList: false };
  const kinds = await attempt('Custom resources', 'kubeconfig', () => checkDefinitions(client, definitions));
  const rights = await attempt('Permissions', 'kubeconfig', () => checkPermissions(client, leaseNamespace));
  const found = 'facts' in kinds ? kinds.facts : [kinds.finding];
  return {
    findings: [server, ...found, 'facts' in rights ? rights.facts : rights.finding],
    canList: found.every(({ outcome }) => outcome !== 'problem'),
  };
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
