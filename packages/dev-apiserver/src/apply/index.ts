/**
 * Server-side apply and the management of field managers. The functions are pure: the clock is an argument.
 *
 * Source: Kubernetes documentation, "Server-Side Apply"; k8s.io/apimachinery/pkg/util/managedfields.
 * Not implemented: the conversion of the ownership of a list into the ownership of its items when the list
 * type of a CRD changes from atomic to set or map. The next apply of an applier has that effect.
 */
import { clone, deepEqual, isObject, type Json, type JsonObject } from '../schema/json.ts';
import type { SchemaNode } from '../schema/structural.ts';
import { checkConfiguration } from './configuration.ts';
import { allowedByLastApplied, refreshLastApplied } from './last-applied.ts';
import {
  capUpdaters,
  decodeOwners,
  encodeOwners,
  printOwner,
  type ManagedFieldsEntry,
  type Owner,
  type Owners,
} from './managers.ts';
import { FieldSet } from './field-set.ts';
import { ListItemError } from './list-item.ts';
import { printElement } from './path-element.ts';
import { objectShape, type Shape } from './shape.ts';
import { applyConfiguration, recordUpdate, resetFields, type Conflict } from './updater.ts';

export type { ManagedFieldsEntry } from './managers.ts';

/** An entry of `Status.details.causes` of a conflict. */
export interface ApplyCause {
  readonly reason: 'FieldManagerConflict';
  readonly message: string;
  readonly field: string;
}

/**
 * Other managers own fields that the configuration would change. The answer is 409 `Conflict` with this
 * message and these causes.
 */
export class ApplyConflict extends Error {
  readonly code = 'APPLY_CONFLICT';
  readonly causes: readonly ApplyCause[];

  constructor(message: string, causes: readonly ApplyCause[]) {
    super(message);
    this.causes = causes;
  }
}

/** The configuration does not fit the schema of the kind. A real server answers 500 with this message. */
export class ApplyTypeError extends Error {
  readonly code = 'APPLY_TYPE';
}

/** The request cannot be applied. The answer is 400 `BadRequest`. */
export class ApplyBadRequest extends Error {
  readonly code = 'APPLY_BAD_REQUEST';
}

interface WriteContext {
  /** '' addresses the object itself. */
  readonly subresource?: string;
  /** The root of the schema of the kind. Without a schema, maps are merged and lists are replaced. */
  readonly schema?: SchemaNode | undefined;
  /**
   * The kind has a status subresource. Writers of the object do not own the fields of the status. The default
   * is true.
   */
  readonly hasStatus?: boolean;
  readonly apiVersion: string;
  readonly now: Date;
}

export interface ApplyRequest extends WriteContext {
  /** The stored object. Undefined when the object does not exist. */
  readonly live: object | undefined;
  readonly applied: object;
  /** The `fieldManager` of the request. */
  readonly manager: string;
  readonly force: boolean;
}

/**
 * Returns the live object with a configuration applied and managedFields updated. Does not apply defaults,
 * and validates only what merging requires.
 *
 * @returns a new object. If nothing changed, it equals the live object, including the times in managedFields
 * @throws ApplyConflict when other managers own changed fields and `force` is false
 * @throws ApplyTypeError when the configuration does not fit the schema of the kind
 * @throws ApplyBadRequest when the configuration contains managedFields
 */
export function serverSideApply(request: ApplyRequest): { object: JsonObject } {
  const configuration = clone(request.applied as JsonObject);
  const { apiVersion, kind } = configuration;
  if (metadataOf(configuration)['managedFields'] !== undefined) {
    throw new ApplyBadRequest('metadata.managedFields must be nil');
  }
  const shape = objectShape(request.schema);
  const live: JsonObject =
    request.live === undefined
      ? { apiVersion: apiVersion ?? null, kind: kind ?? null }
      : clone(request.live as JsonObject);
  const before = metadataOf(live)['managedFields'];
  const owners = decodeOwners(before);
  if (owners === undefined) throw new ApplyTypeError('failed to decode managed fields');
  const bare = withManagedFields(live, []);
  if (owners.size === 0 && request.live !== undefined) adoptUnowned(bare, owners, request, shape);

  const problems = checkConfiguration(configuration, shape);
  if (problems.length > 0) throw new ApplyTypeError(typeErrorMessage(configuration, problems));

  const reset = resetFields(request.subresource ?? '', request.hasStatus ?? true);
  const applier = owner(request, 'Apply', request.manager);
  const applied = applyConfiguration(bare, configuration, applier, owners, shape, reset);
  const conflicts = request.force ? [] : conflictsToReport(applied.conflicts, request.manager, bare, shape);
  if (conflicts.length > 0) throw conflictError(conflicts);

  const object = tidyMetadata(applied.object);
  if (request.manager === 'kubectl') refreshLastApplied(object, configuration);
  const entries = encodeOwners(applied.owners);
  return { object: withManagedFields(object, keepTimes(entries, before, deepEqual(object, bare))) };
}

/**
 * Returns the conflicts to report. kubectl may take over the fields that it applied from the client side
 * before.
 */
function conflictsToReport(
  conflicts: readonly Conflict[],
  manager: string,
  live: JsonObject,
  shape: Shape,
): readonly Conflict[] {
  if (conflicts.length === 0 || manager !== 'kubectl') return conflicts;
  const allowed = allowedByLastApplied(live, shape);
  return conflicts.filter(({ path }) => !FieldSet.of(path).difference(allowed).empty);
}

/**
 * Records the fields of an object without managedFields under a manager of its own, so that the first apply
 * does not own them.
 */
function adoptUnowned(live: JsonObject, owners: Owners, request: ApplyRequest, shape: Shape): void {
  const empty: JsonObject = { apiVersion: live['apiVersion'] ?? null, kind: live['kind'] ?? null };
  const unknown = owner(request, 'Update', 'before-first-apply');
  recordUpdate(
    empty,
    live,
    unknown,
    owners,
    shape,
    resetFields(request.subresource ?? '', request.hasStatus ?? true),
  );
}

export interface UpdateRequest extends WriteContext {
  /** The stored object. Undefined for a create. */
  readonly before: object | undefined;
  /** The object to store. Its managedFields are those that the client sent. */
  readonly after: object;
  readonly manager: string;
  readonly operation: 'Update';
}

/**
 * Returns the managedFields of an object after a write other than server-side apply. An empty list means that
 * the object has none.
 */
export function updateManagedFields(request: UpdateRequest): ManagedFieldsEntry[] {
  const before = (request.before ?? {}) as JsonObject;
  const after = request.after as JsonObject;
  const stored = metadataOf(before)['managedFields'];
  const owners = ownersToUpdate(stored, metadataOf(after)['managedFields'], request.subresource ?? '');
  // A client that has reset the managedFields does not want the next update to record them again.
  if (owners.size === 0 && request.before !== undefined) return [];
  const { apiVersion, kind } = after;
  const shape = objectShape(request.schema);
  const from =
    request.before === undefined
      ? { apiVersion: apiVersion ?? null, kind: kind ?? null }
      : withManagedFields(before, []);
  const to = withManagedFields(after, []);
  const reset = resetFields(request.subresource ?? '', request.hasStatus ?? true);
  try {
    recordUpdate(from, to, owner(request, 'Update', request.manager), owners, shape, reset);
  } catch (error) {
    // The schema rejects an object with list items that have no key. This function leaves the error to the
    // schema.
    if (error instanceof ListItemError) return encodeOwners(owners);
    throw error;
  }
  capUpdaters(owners);
  return keepTimes(encodeOwners(owners), stored, deepEqual(from, to));
}

/**
 * Returns the owners that an update starts from: the managedFields that the client sent if they are valid,
 * else the stored ones.
 */
function ownersToUpdate(stored: Json | undefined, sent: Json | undefined, subresource: string): Owners {
  const live = decodeOwners(stored) ?? new Map<string, Owner>();
  if (subresource !== '' || sent === undefined || sent === null) return live;
  const isReset = Array.isArray(sent) && (sent.length === 0 || (sent.length === 1 && deepEqual(sent[0], {})));
  if (isReset) return new Map();
  const wished = decodeOwners(sent);
  return wished === undefined || wished.size === 0 ? live : wished;
}

/** Keeps the old times when a write changes nothing but the times. */
function keepTimes(
  entries: ManagedFieldsEntry[],
  stored: Json | undefined,
  unchanged: boolean,
): ManagedFieldsEntry[] {
  if (!unchanged || !Array.isArray(stored)) return entries;
  const timeless = (list: readonly unknown[]): Json =>
    list.map((entry) => ({ ...(entry as JsonObject), time: null }));
  return deepEqual(timeless(entries), timeless(stored))
    ? (stored as unknown as ManagedFieldsEntry[])
    : entries;
}

function owner(context: WriteContext, operation: Owner['operation'], manager: string): Owner {
  return {
    manager: manager === '' ? 'unknown' : manager,
    operation,
    subresource: context.subresource ?? '',
    apiVersion: context.apiVersion,
    time: context.now.toISOString().replace(/\.\d+Z$/, 'Z'),
    fields: new FieldSet(),
  };
}

const metadataOf = (object: JsonObject): JsonObject =>
  isObject(object['metadata']) ? object['metadata'] : {};

/** Removes empty members of metadata, as the Go types do. */
function tidyMetadata(object: JsonObject): JsonObject {
  const entries = Object.entries(metadataOf(object)).filter(([, value]) => value !== null);
  return { ...object, metadata: Object.fromEntries(entries) };
}

function withManagedFields(object: JsonObject, entries: readonly ManagedFieldsEntry[]): JsonObject {
  if (!isObject(object['metadata'])) return object;
  const { managedFields: _, ...metadata } = object['metadata'];
  return {
    ...object,
    metadata: entries.length === 0 ? metadata : { ...metadata, managedFields: entries as unknown as Json },
  };
}

function conflictError(conflicts: readonly Conflict[]): ApplyConflict {
  const print = ({ path }: Conflict): string => path.map(printElement).join('');
  const causes = conflicts.map((conflict): ApplyCause => ({
    reason: 'FieldManagerConflict',
    message: `conflict with ${printOwner(conflict.owner)}`,
    field: print(conflict),
  }));
  const [only] = causes;
  if (causes.length === 1 && only !== undefined) {
    return new ApplyConflict(`Apply failed with 1 conflict: ${only.message}: ${only.field}`, causes);
  }
  const byOwner = Map.groupBy(conflicts, (conflict) => printOwner(conflict.owner));
  const lines = [...byOwner]
    .sort()
    .flatMap(([name, lost]) => [
      `conflicts with ${name}:`,
      ...lost.map((conflict) => `- ${print(conflict)}`),
    ]);
  return new ApplyConflict(`Apply failed with ${causes.length} conflicts: ${lines.join('\n')}`, causes);
}

function typeErrorMessage(configuration: JsonObject, problems: readonly string[]): string {
  const { name = '', namespace = '' } = metadataOf(configuration);
  const apiVersion = configuration['apiVersion'] as string;
  const groupVersion = apiVersion.includes('/') ? apiVersion : `/${apiVersion}`;
  const which = `${namespace as string}/${name as string}; ${groupVersion}, Kind=${configuration['kind'] as string}`;
  const what =
    problems.length === 1
      ? problems.join('')
      : ['errors:', ...problems.map((text) => `  ${text}`)].join('\n');
  return `failed to create typed patch object (${which}): ${what}`;
}
