import {
  ApiError,
  badRequest,
  expired,
  forbiddenValue,
  invalid,
  resourceVersionTooLarge,
  unsupportedValue,
} from '../model/errors.ts';
import type { StatusCause } from '../model/errors.ts';
import { isObject } from '../model/objects.ts';
import type { Resource } from '../storage/resource.ts';
import type { Selection } from './selection.ts';
import type { Entry } from '../storage/collection.ts';

/** A page of a list. */
export interface Page {
  readonly entries: readonly Entry[];
  /** The revision of the state that the list shows. */
  readonly revision: number;
  /** The token for the next page. '' on the last page. */
  readonly continue: string;
  readonly remaining: number | undefined;
}

interface ContinueToken {
  /**
   * The revision of the first page. -1 continues with the newest state, which is inconsistent with earlier
   * pages.
   */
  readonly rv: number;
  readonly start: string;
}

/**
 * Lists a resource according to the query: limit and continue, resourceVersion and resourceVersionMatch
 * (Kubernetes API concepts, "Resource versions" and "Retrieving large results sets in chunks"). All pages of
 * a list show the same revision.
 *
 * @throws ApiError 400, 410, 422 or 504
 */
export function listPage(resource: Resource, selection: Selection, query: URLSearchParams): Page {
  const limit = integer(query, 'limit') ?? 0;
  integer(query, 'timeoutSeconds');
  const token = query.get('continue') ?? '';
  const { collection } = resource;
  const asked = resourceVersion(query);
  checkMatch(query, token !== '');
  if (token !== '') {
    const { rv, start } = parseToken(token);
    const revision = rv === -1 ? collection.revision : rv;
    const entries = collection.listAt(revision, selection.namespace);
    if (entries === undefined) throw tokenTooOld(start);
    return cut(entries, selection, limit, revision, start);
  }
  if (asked !== undefined && asked > collection.revision)
    throw resourceVersionTooLarge(asked, collection.revision);
  if (query.get('resourceVersionMatch') === 'Exact' && asked !== undefined) {
    const entries = collection.listAt(asked, selection.namespace);
    if (entries === undefined) throw expired('The resourceVersion for the provided list is too old.');
    return cut(entries, selection, limit, asked, '');
  }
  // Like the watch cache of a real server, ignores the limit when the client accepts any version
  // (resourceVersion=0).
  return cut(
    collection.list(selection.namespace),
    selection,
    asked === 0 ? 0 : limit,
    collection.revision,
    '',
  );
}

function cut(
  entries: readonly Entry[],
  selection: Selection,
  limit: number,
  revision: number,
  start: string,
): Page {
  let from = 0;
  if (start !== '') {
    from = entries.findIndex((entry) => entry.key >= start);
    if (from === -1) from = entries.length;
  }
  if (!selection.filtered) {
    const end = limit > 0 ? Math.min(from + limit, entries.length) : entries.length;
    const page = from === 0 && end === entries.length ? entries : entries.slice(from, end);
    const left = entries.length - end;
    const last = entries[end - 1];
    if (left === 0 || last === undefined)
      return { entries: page, revision, continue: '', remaining: undefined };
    return { entries: page, revision, continue: makeToken(revision, last.key), remaining: left };
  }
  const page: Entry[] = [];
  for (let i = from; i < entries.length; i += 1) {
    const entry = entries[i];
    if (entry === undefined || !selection.matches(entry.object)) continue;
    if (limit > 0 && page.length === limit) {
      return {
        entries: page,
        revision,
        continue: makeToken(revision, page.at(-1)?.key ?? ''),
        remaining: undefined,
      };
    }
    page.push(entry);
  }
  return { entries: page, revision, continue: '', remaining: undefined };
}

/** Creates a token in the format of a real server. The first key after a key is the key followed by NUL. */
function makeToken(revision: number, lastKey: string): string {
  const token = { v: 'meta.k8s.io/v1', rv: revision, start: `/${lastKey}\0` };
  return Buffer.from(JSON.stringify(token)).toString('base64url');
}

function parseToken(text: string): ContinueToken {
  let token: unknown;
  try {
    token = JSON.parse(Buffer.from(text, 'base64url').toString('utf8'));
  } catch (error) {
    throw badRequest(
      `invalid continue token: continue key is not valid: ${error instanceof Error ? error.message : ''}`,
    );
  }
  if (
    !isObject(token) ||
    typeof token['rv'] !== 'number' ||
    typeof token['start'] !== 'string' ||
    token['v'] !== 'meta.k8s.io/v1'
  ) {
    throw badRequest(
      'invalid continue token: continue key is not valid: server does not recognize this encoded version',
    );
  }
  return { rv: token['rv'], start: token['start'].replace(/^\//, '') };
}

function tokenTooOld(start: string): ApiError {
  const error = expired(
    'The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter, or use the continue token in this response to retrieve the remainder of the results. Continuing with the provided token results in an inconsistent list - objects that were created, modified, or deleted between the time the first chunk was returned and now may show up in the list.',
  );
  return new ListExpired(
    error,
    Buffer.from(JSON.stringify({ v: 'meta.k8s.io/v1', rv: -1, start: `/${start}` })).toString('base64url'),
  );
}

/** A 410 whose Status has a token for the remaining pages in metadata.continue. */
export class ListExpired extends ApiError {
  readonly continueToken: string;

  constructor(error: ApiError, continueToken: string) {
    super(error.code, error.reason, error.message);
    this.continueToken = continueToken;
  }
}

/**
 * Returns an integer of the query.
 *
 * @throws ApiError 400
 */
export function integer(query: URLSearchParams, name: string): number | undefined {
  const text = query.get(name);
  if (text === null || text === '') return undefined;
  if (!/^[+-]?\d+$/.test(text))
    throw badRequest(`strconv.ParseInt: parsing ${JSON.stringify(text)}: invalid syntax`);
  return Number(text);
}

/**
 * Returns the resourceVersion of the query, or undefined if the query has none.
 *
 * @throws ApiError 400
 */
export function resourceVersion(query: URLSearchParams): number | undefined {
  const text = query.get('resourceVersion') ?? '';
  if (text === '') return undefined;
  if (!/^\d+$/.test(text)) {
    throw badRequest(
      `invalid resource version: resourceVersion: Invalid value: ${JSON.stringify(text)}: strconv.ParseUint: parsing ${JSON.stringify(text)}: invalid syntax`,
    );
  }
  return Number(text);
}

function checkMatch(query: URLSearchParams, continued: boolean): void {
  const match = query.get('resourceVersionMatch') ?? '';
  if (match === '') return;
  const version = query.get('resourceVersion') ?? '';
  const causes: StatusCause[] = [];
  if (continued)
    causes.push(
      forbiddenValue('resourceVersionMatch', 'resourceVersionMatch is forbidden when continue is provided'),
    );
  if (version === '')
    causes.push(
      forbiddenValue(
        'resourceVersionMatch',
        'resourceVersionMatch is forbidden unless resourceVersion is provided',
      ),
    );
  if (match !== 'Exact' && match !== 'NotOlderThan')
    causes.push(unsupportedValue('resourceVersionMatch', match, ['Exact', 'NotOlderThan', '']));
  if (match === 'Exact' && version === '0')
    causes.push(
      forbiddenValue(
        'resourceVersionMatch',
        'resourceVersionMatch "exact" is forbidden for resourceVersion "0"',
      ),
    );
  if (causes.length > 0) throw invalid({ group: 'meta.k8s.io', kind: 'ListOptions', name: '' }, causes);
}
