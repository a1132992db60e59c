/** Checks an installation and reports problems with their remedies. */
import {
  inspectNorthbound,
  inspectSouthbound,
  measureLag,
  type InspectOptions,
  type NorthboundFacts,
  type SouthboundFacts,
} from '../ovn/index.ts';
import { realClock } from '../base/index.ts';
import { readClusterUid, type RestClient } from '../reconcile/index.ts';
import { checkDrift, type Rehearse } from './drift.ts';
import { problem, reasonOf, type Finding } from './finding.ts';
import { evaluateGateways } from './gateways.ts';
import { evaluateHome } from './home.ts';
import { checkApiServer, checkDefinitions, checkPermissions } from './kubernetes.ts';
import { evaluateLeader, watchLease, type LeaseRef } from './leader.ts';
import { evaluateObjects, evaluateOrphans, listObjects } from './objects.ts';
import { evaluateLag, evaluateNorthbound, evaluateSouthbound } from './ovn.ts';
import { evaluateProviderNetworks } from './provider-networks.ts';
import { evaluateRouterMacs } from './router-macs.ts';
import type { Definition } from './schemas.ts';

export { CRD_FOLDER, readCrds, type CustomResourceDefinition } from './crds.ts';
export type { Finding } from './finding.ts';
export { neededPermissions, type Permission } from './permissions.ts';

/** The installation to check. */
interface Installation {
  readonly client: RestClient;
  /** The CustomResourceDefinitions of this version. */
  readonly definitions: readonly Definition[];
  /** The Lease of the leader election; undefined when leader election is disabled. */
  readonly lease: LeaseRef | undefined;
  /** The mark of the rows (`clusterName`). */
  readonly cluster: string;
  /** Whether the operator asks the API server who may read the metrics. */
  readonly reviewsTokens: boolean;
  /** The setting `adopt`. */
  readonly adopt: string | undefined;
  /** Computes the rows with the operator's settings. */
  readonly rehearse: Rehearse;
  readonly northbound: InspectOptions;
  readonly southbound: InspectOptions;
  /**
   * Timeout of the lag measurement in ms; undefined skips the measurement. The measurement is the only check that
   * writes to a database.
   */
  readonly syncMs: number | undefined;
}

/** Runs all checks. When a server does not answer, the checks that need the server are skipped. Never rejects. */
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
  const home = kubernetes.evaluateHome(facts.northbound);
  // The rows of another cluster match no object of this cluster.
  const isElsewhere = home.some(({ outcome }) => outcome === 'problem');
  const comparable = isElsewhere ? { ...facts, northbound: undefined } : facts;
  return [
    ...kubernetes.findings,
    ...kubernetes.evaluateLeader(facts.northbound?.epoch),
    ...northbound.failed,
    ...(facts.northbound === undefined ? [] : evaluateNorthbound(facts.northbound)),
    ...home,
    ...southbound.failed,
    ...(facts.southbound === undefined ? [] : evaluateSouthbound(facts.southbound, facts.northbound)),
    ...lag,
    ...(kubernetes.canList ? await examineObjects(installation, comparable) : []),
  ];
}

async function examineKubernetes({
  client,
  definitions,
  lease,
  cluster,
  adopt,
  reviewsTokens,
}: Installation): Promise<{
  readonly findings: readonly Finding[];
  readonly canList: boolean;
  /** `epoch`: the epoch in the Northbound database; undefined when the epoch is unknown. */
  readonly evaluateLeader: (epoch: string | undefined) => readonly Finding[];
  /** `northbound`: undefined when the database is not available. */
  readonly evaluateHome: (northbound: NorthboundFacts | undefined) => readonly Finding[];
}> {
  const server = await checkApiServer(client);
  if (server.outcome !== 'ok')
    return { findings: [server], canList: false, evaluateLeader: () => [], evaluateHome: () => [] };
  const [kinds, rights, leadership, home] = await Promise.all([
    attempt('Custom resources', 'kubeconfig', () => checkDefinitions(client, definitions)),
    attempt('Permissions', 'kubeconfig', () =>
      checkPermissions(client, { leaseNamespace: lease?.namespace, reviewsTokens }),
    ),
    attempt('Leader', 'kubeconfig', () => watchLease(client, lease, realClock)),
    attempt('Kubernetes cluster', 'kubeconfig', () => readClusterUid(client)),
  ]);
  const found: readonly Finding[] = kinds.facts ?? kinds.failed;
  return {
    findings: [server, ...found, ...(rights.facts === undefined ? rights.failed : [rights.facts])],
    canList: found.every(({ outcome }) => outcome !== 'problem'),
    evaluateLeader: (epoch) =>
      leadership.facts === undefined ? leadership.failed : [evaluateLeader(leadership.facts, epoch)],
    evaluateHome: (northbound) => {
      if (home.facts === undefined) return home.failed;
      return northbound === undefined ? [] : [evaluateHome(home.facts, northbound, { cluster, adopt })];
    },
  };
}

async function examineLag(
  { northbound, southbound }: Installation,
  timeoutMs: number,
): Promise<readonly Finding[]> {
  const lag = await attempt('Lag', 'ovnNbEndpoint', () => measureLag(northbound, southbound, timeoutMs));
  return lag.facts === undefined ? lag.failed : [evaluateLag(lag.facts, timeoutMs)];
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
  const findings = [...evaluateObjects(listing)];
  if (northbound !== undefined) {
    const drift = await attempt('Drift', 'ovnNbEndpoint', () =>
      checkDrift(listing, rehearse, northbound, southbound),
    );
    findings.push(...(drift.facts === undefined ? drift.failed : [drift.facts]));
    findings.push(evaluateOrphans(listing, northbound));
  }
  if (southbound !== undefined)
    findings.push(
      ...evaluateGateways(listing, southbound),
      ...evaluateProviderNetworks(listing, southbound),
      ...evaluateRouterMacs(listing, southbound),
    );
  return findings;
}

/** The facts that an inspection returned, or the finding that describes its failure. */
type Attempt<T> =
  | { readonly facts: T; readonly failed: readonly [] }
  | { readonly facts: undefined; readonly failed: readonly [Finding] };

async function attempt<T>(check: string, setting: string, inspect: () => Promise<T>): Promise<Attempt<T>> {
  try {
    return { facts: await inspect(), failed: [] };
  } catch (error) {
    const remedy = `Check that the server runs, that the setting \`${setting}\` is correct, and that the network and the certificates allow the connection.`;
    return {
      facts: undefined,
      failed: [problem(check, `The check failed: ${reasonOf(error)}.`, remedy)],
    };
  }
}
