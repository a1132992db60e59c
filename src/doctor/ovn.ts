import { findCondition, resources, type Condition } from '../api/index.ts';
import { describeOwner, type NorthboundFacts } from '../ovn/index.ts';
import { ApiError, type KubeClient, type KubeObject } from '../reconcile/index.ts';
import { grantRemedy, ok, problem, some, warning, type Finding } from './finding.ts';

interface Programmed extends KubeObject {
  readonly status?: { readonly conditions?: readonly Condition[] };
}

/** Kinds that have rows of their own whenever they are programmed. */
const withRows = ['VPC', 'Subnet', 'Port', 'SecurityGroup'] as const;

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

/**
 * Whether rows and objects belong together. Two looks at different moments: what is under way counts as well. Kinds
 * that this user may not list are left out, and named.
 */
export async function checkObjects(client: KubeClient, { owners }: NorthboundFacts): Promise<Finding[]> {
  const rowsOf = new Set(owners.map(({ uid }) => uid));
  const uids = new Set<string>();
  const without: string[] = [];
  const unready: string[] = [];
  const unseen: string[] = [];
  for (const type of Object.values(resources)) {
    for await (const object of every<Programmed>(client, type, () => unseen.push(type.kind))) {
      const { uid, namespace = '', name } = object.metadata;
      uids.add(uid);
      const holds = (condition: 'Ready' | 'Programmed'): boolean =>
        findCondition(object.status?.conditions, condition)?.status === 'True';
      const label = `${type.kind} ${namespace === '' ? '' : `${namespace}/`}${name}`;
      if (!holds('Ready')) unready.push(label);
      if ((withRows as readonly string[]).includes(type.kind) && holds('Programmed') && !rowsOf.has(uid))
        without.push(label);
    }
  }
  const orphans = owners
    .filter(({ kind, uid }) => !uids.has(uid) && !unseen.includes(kind))
    .map(describeOwner);
  const seen =
    unseen.length === 0
      ? []
      : [
          warning(
            'Kinds left out',
            `This user may not list ${some(unseen, 20)}: nothing is said of them.`,
            grantRemedy,
          ),
        ];
  return [
    ...seen,
    unready.length === 0
      ? ok('Objects', `All ${uids.size} are Ready.`)
      : warning(
          'Objects',
          `${unready.length} of ${uids.size} are not Ready: ${some(unready)}.`,
          'Their conditions say why: `kubectl describe`; docs/reference/conditions.md says what to do.',
        ),
    without.length === 0
      ? ok('Drift', 'Every object that counts as programmed has rows.')
      : problem(
          'Drift',
          `${without.length} objects count as programmed and have no rows: ${some(without)}.`,
          'See that an operator leads and reaches this database; it writes them again when it starts.',
        ),
    orphans.length === 0
      ? ok('Orphans', 'Every row belongs to an object.')
      : warning(
          'Orphans',
          `${orphans.length} objects are gone and still have rows: ${some(orphans)}.`,
          'The operator removes them when it starts, unless they are a larger share than `sweepShareLimit`: its log says so.',
        ),
  ];
}

/** All objects of a kind, page by page; `refused` is called when this user may not list them. */
async function* every<T extends KubeObject>(
  client: KubeClient,
  type: (typeof resources)[keyof typeof resources],
  refused: () => void,
): AsyncGenerator<T> {
  let continueToken: string | undefined;
  try {
    do {
      const page = await client.list<T>(type, { limit: 500, ...(continueToken && { continueToken }) });
      yield* page.items;
      continueToken = page.continueToken;
    } while (continueToken !== undefined);
  } catch (error) {
    if (!(error instanceof ApiError) || error.code !== 403) throw error;
    refused();
  }
}
