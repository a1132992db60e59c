/** Checks the conditions of objects, and whether each row in OVN has an object. */
import { findCondition, resources, type Condition } from '../api/index.ts';
import { describeOwner, type NorthboundFacts } from '../ovn/index.ts';
import {
  ApiError,
  namespaceType,
  type KubeClient,
  type KubeObject,
  type ResourceType,
} from '../reconcile/index.ts';
import { grantRemedy, listNames, ok, warning, type Finding } from './finding.ts';

/** An object with the part of the status that all kinds have. */
export interface Listed extends KubeObject {
  readonly status?: { readonly conditions?: readonly Condition[] };
}

/** The objects of the cluster that affect networks. */
export interface Listing {
  /** Returns the objects of a kind, such as `VPC` or `Namespace`. */
  readonly of: (kind: string) => readonly Listed[];
  /** Kinds that this user may not list. The listing has no objects of these kinds. */
  readonly forbidden: readonly string[];
}

/**
 * Lists the objects of every kind, in pages.
 *
 * @throws ApiError when the API server refuses a request, except with 403
 * @throws ConnectionError when the API server does not answer
 */
export async function listObjects(client: Pick<KubeClient, 'list'>): Promise<Listing> {
  const objects = new Map<string, readonly Listed[]>();
  const forbidden: string[] = [];
  for (const type of [namespaceType, ...Object.values(resources)]) {
    const all = await listAll(client, type);
    if (all === undefined) forbidden.push(type.kind);
    else objects.set(type.kind, all);
  }
  return { of: (kind) => objects.get(kind) ?? [], forbidden };
}

/** Returns undefined when this user may not list the kind. */
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

/** Returns the kind and the name of an object for a sentence. */
export const labelOf = ({ kind, metadata: { namespace = '', name } }: Listed): string =>
  `${kind} ${namespace === '' ? '' : `${namespace}/`}${name}`;

/** Counts the objects that are not Ready. */
export function evaluateObjects({ of, forbidden }: Listing): Finding[] {
  const objects = ownObjects(of);
  const unready = objects.filter(
    ({ status }) => findCondition(status?.conditions, 'Ready')?.status !== 'True',
  );
  const summary =
    unready.length === 0
      ? ok('Objects', `All ${objects.length} objects are Ready.`)
      : warning(
          'Objects',
          `${unready.length} of ${objects.length} objects are not Ready: ${listNames(unready.map(labelOf))}.`,
          'Read the conditions of the objects with `kubectl describe`; docs/reference/conditions.md explains the reasons and the remedies.',
        );
  if (forbidden.length === 0) return [summary];
  const found = `This user may not list ${listNames(forbidden, 20)}; doctor did not check these kinds.`;
  return [warning('Skipped kinds', found, grantRemedy), summary];
}

/** Finds rows without an object. Objects and rows are read at different times, so an object in deletion can count. */
export function evaluateOrphans({ of, forbidden }: Listing, { owners }: NorthboundFacts): Finding {
  const check = 'Orphans';
  const uids = new Set(ownObjects(of).map(({ metadata }) => metadata.uid));
  const orphans = owners.filter(({ kind, uid }) => !uids.has(uid) && !forbidden.includes(kind));
  if (orphans.length === 0) return ok(check, 'Every row in OVN belongs to an object.');
  return warning(
    check,
    `${orphans.length} deleted objects still have rows in OVN: ${listNames(orphans.map(describeOwner))}.`,
    'Restart the operator: it removes these rows when it starts. It keeps the rows when their share exceeds `sweepShareLimit`; the log reports this.',
  );
}

/** Returns all objects of the project's kinds. */
export const ownObjects = (of: Listing['of']): readonly Listed[] =>
  Object.values(resources).flatMap(({ kind }) => of(kind));
