/** Whether objects are as they should be, and belong to the rows that there are. */
import { findCondition, resources, type Condition } from '../api/index.ts';
import { describeOwner, type NorthboundFacts } from '../ovn/index.ts';
import { ApiError, type KubeClient, type KubeObject, type ResourceType } from '../reconcile/index.ts';
import { grantRemedy, ok, some, warning, type Finding } from './finding.ts';

/** An object with the part of its status that all kinds have. */
export interface Listed extends KubeObject {
  readonly status?: { readonly conditions?: readonly Condition[] };
}

/** All objects that a network is made of. */
export interface Listing {
  /** Of a kind, such as `VPC` or `Namespace`. */
  readonly of: (kind: string) => readonly Listed[];
  /** Kinds that this user may not list: nothing of them is in here. */
  readonly unseen: readonly string[];
}

const namespaces: ResourceType = {
  group: '',
  version: 'v1',
  kind: 'Namespace',
  plural: 'namespaces',
  namespaced: false,
};

/** Lists every kind, page by page. @throws ApiError, ConnectionError */
export async function listObjects(client: Pick<KubeClient, 'list'>): Promise<Listing> {
  const objects = new Map<string, readonly Listed[]>();
  const unseen: string[] = [];
  for (const type of [namespaces, ...Object.values(resources)]) {
    const all = await listAll(client, type);
    if (all === undefined) unseen.push(type.kind);
    else objects.set(type.kind, all);
  }
  return { of: (kind) => objects.get(kind) ?? [], unseen };
}

/** Undefined when this user may not. */
async function listAll(client: Pick<KubeClient, 'list'>, type: ResourceType): Promise<Listed[] | undefined> {
  const all: Listed[] = [];
  let continueToken: string | undefined;
  try {
    do {
      const page = await client.list<Listed>(type, { limit: 500, ...(continueToken && { continueToken }) });
      all.push(...page.items);
      continueToken = page.continueToken;
    } while (continueToken !== undefined);
  } catch (error) {
    if (!(error instanceof ApiError) || error.code !== 403) throw error;
    return undefined;
  }
  return all;
}

/** Kind and name, for a sentence. */
export const labelOf = ({ kind, metadata: { namespace = '', name } }: Listed): string =>
  `${kind} ${namespace === '' ? '' : `${namespace}/`}${name}`;

/** What objects say of themselves. */
export function judgeObjects({ of, unseen }: Listing): Finding[] {
  const objects = ours(of);
  const unready = objects.filter(
    ({ status }) => findCondition(status?.conditions, 'Ready')?.status !== 'True',
  );
  const summary =
    unready.length === 0
      ? ok('Objects', `All ${objects.length} are Ready.`)
      : warning(
          'Objects',
          `${unready.length} of ${objects.length} are not Ready: ${some(unready.map(labelOf))}.`,
          'Their conditions say why: `kubectl describe`; docs/reference/conditions.md says what to do.',
        );
  if (unseen.length === 0) return [summary];
  const found = `This user may not list ${some(unseen, 20)}: nothing is said of them.`;
  return [warning('Kinds left out', found, grantRemedy), summary];
}

/** Which rows have no object. Two looks at different moments: one that is being deleted counts as well. */
export function judgeOrphans({ of, unseen }: Listing, { owners }: NorthboundFacts): Finding {
  const check = 'Orphans';
  const uids = new Set(ours(of).map(({ metadata }) => metadata.uid));
  const orphans = owners.filter(({ kind, uid }) => !uids.has(uid) && !unseen.includes(kind));
  if (orphans.length === 0) return ok(check, 'Every row belongs to an object.');
  return warning(
    check,
    `${orphans.length} objects are gone and still have rows: ${some(orphans.map(describeOwner))}.`,
    'The operator removes them when it starts, unless they are a larger share than `sweepShareLimit`: its log says so.',
  );
}

/** All objects of this project's kinds. */
export const ours = (of: Listing['of']): readonly Listed[] =>
  Object.values(resources).flatMap(({ kind }) => of(kind));
