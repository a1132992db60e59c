/** Checks whether the rows in OVN belong to this Kubernetes cluster. */
import { IDENTITY_NAMESPACE } from '../reconcile/index.ts';
import { ok, problem, warning, type Finding } from './finding.ts';

const check = 'Kubernetes cluster';

/** What the Northbound database says about the rows with this clusterName. */
interface RecordedHome {
  /** The UID of the recorded cluster. */
  readonly home: string | undefined;
  readonly epoch: string | undefined;
}

/** The settings that decide whose rows the operator writes. */
interface HomeSettings {
  readonly cluster: string;
  readonly adopt: string | undefined;
}

/** Compares this Kubernetes cluster with the cluster that the Northbound database records. */
export function evaluateHome(
  uid: string,
  { home, epoch }: RecordedHome,
  { cluster, adopt }: HomeSettings,
): Finding {
  const own = `this cluster (${uid}, the UID of the namespace ${IDENTITY_NAMESPACE})`;
  if (home === uid)
    return adopt === undefined
      ? ok(check, `The rows with clusterName "${cluster}" belong to ${own}.`)
      : warning(
          check,
          `The rows with clusterName "${cluster}" belong to ${own}, and \`adopt\` is still set.`,
          'Remove the setting `adopt`.',
        );
  if (home !== undefined)
    return problem(
      check,
      `The rows with clusterName "${cluster}" belong to the Kubernetes cluster ${home}, and not to ${own}. The operator of this cluster does not lead.`,
      `If both clusters exist, give this cluster another \`clusterName\`. If this cluster replaces the other one, stop the other operator and set \`adopt: ${home}\`. If doctor uses the wrong database or kubeconfig, correct its settings.`,
    );
  if (epoch === undefined)
    return ok(check, `No Kubernetes cluster uses the clusterName "${cluster}" in this database yet.`);
  return warning(
    check,
    `The database does not record the Kubernetes cluster of the rows with clusterName "${cluster}".`,
    'The operator records it when it takes the database over. If it refuses, its log (`OTHER_CLUSTER`) says what to do.',
  );
}
