/**
 * Server-side apply and the bookkeeping of field managers. Pure: the clock is an argument.
 *
 * Source: Kubernetes documentation, "Server-Side Apply"; k8s.io/apimachinery/pkg/util/managedfields.
 * Not done: turning ownership of a whole list into ownership of its items when a CRD's list type changes
 * from atomic to set or map (an applier's next application does so).
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

/** One entry of `Status.details.causes` of a conflict. */
export interface ApplyCause {
  readonly reason: 'FieldManagerConflict';
  readonly message: string;
  readonly field: string;
}

/** Others own what the configuration would change. Answer 409 `Conflict` with this message and these causes. */
export class ApplyConflict extends Error {
  readonly code = 'APPLY_CONFLICT';
  readonly causes: readonly ApplyCause[];

  constructor(message: string, causes: readonly ApplyCause[]) {
    super(message);
    this.causes = causes;
  }
}

/** The configuration does not fit the kind's schema. The real server answers 500 with this message. */
export class ApplyTypeError extends Error {
  readonly code = 'APPLY_TYPE';
}

/** The request is none that could be applied. Answer 400 `BadRequest`. */
export class ApplyBadRequest extends Error {
  readonly code = 'APPLY_BAD_REQUEST';
}

interface WriteContext {
  /** '' stands for the object itself. */
  readonly subresource?: string;
  /** The root of the kind's schema; undefined for a built-in kind: maps are merged then, lists replaced. */
  readonly schema?: SchemaNode | undefined;
  /** The kind has a status subresource (its fields are not owned by writers of the object). Default: true. */
  readonly hasStatus?: boolean;
  readonly apiVersion: string;
  readonly now: Date;
}

export interface ApplyRequest extends WriteContext {
  /** The stored object; undefined when there is none yet. */
  readonly live: object | undefined;
  readonly applied: object;
  /** `fieldManager` of the request. */
  readonly manager: string;
  readonly force: boolean;
}

/**
 * The live object with a configuration applied, its managedFields up to date. Defaults are not filled in,
 * and nothing is validated beyond what merging needs.
 * @returns a new object; when nothing changed, one equal to the live object, with its managedFields and times
 * @throws ApplyConflict when others own changed fields and it is not forced
 * @throws ApplyTypeError when the configuration cannot be merged into the kind's type
 * @throws ApplyBadRequest when it brings managedFields
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
  const conflicts = request.force ? [] : refused(applied.conflicts, request.manager, bare, shape);
  if (conflicts.length > 0) throw conflictError(conflicts);

  const object = tidyMetadata(applied.object);
  if (request.manager === 'kubectl') refreshLastApplied(object, configuration);
  const entries = encodeOwners(applied.owners);
  return { object: withManagedFields(object, steady(entries, before, deepEqual(object, bare))) };
}

/** Conflicts that stand: kubectl may take over what it applied from the client's side before. */
function refused(
  conflicts: readonly Conflict[],
  manager: string,
  live: JsonObject,
  shape: Shape,
): readonly Conflict[] {
  if (conflicts.length === 0 || manager !== 'kubectl') return conflicts;
  const allowed = allowedByLastApplied(live, shape);
  return conflicts.filter(({ path }) => !FieldSet.of(path).difference(allowed).empty);
}

/** Before the first application, what is there belongs to whoever put it there. */
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
  /** The stored object; undefined when it is created. */
  readonly before: object | undefined;
  /** The object that will be stored; its managedFields, if it has any, are the writer's wish for them. */
  readonly after: object;
  readonly manager: string;
  readonly operation: 'Update';
}

/** The managedFields of an object that is written other than by server-side apply; empty: there are none. */
export function updateManagedFields(request: UpdateRequest): ManagedFieldsEntry[] {
  const before = (request.before ?? {}) as JsonObject;
  const after = request.after as JsonObject;
  const stored = metadataOf(before)['managedFields'];
  const owners = wishedOwners(stored, metadataOf(after)['managedFields'], request.subresource ?? '');
  // Whoever has reset the bookkeeping of an object does not want it back with the next update.
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
    // An object with items that have no key is refused by its schema; that is not for the bookkeeping to say.
    if (error instanceof ListItemError) return encodeOwners(owners);
    throw error;
  }
  capUpdaters(owners);
  return steady(encodeOwners(owners), stored, deepEqual(from, to));
}

/** Which bookkeeping an update starts from: what the writer sent when it makes sense, else the stored one. */
function wishedOwners(stored: Json | undefined, sent: Json | undefined, subresource: string): Owners {
  const live = decodeOwners(stored) ?? new Map<string, Owner>();
  if (subresource !== '' || sent === undefined || sent === null) return live;
  const isReset = Array.isArray(sent) && (sent.length === 0 || (sent.length === 1 && deepEqual(sent[0], {})));
  if (isReset) return new Map();
  const wished = decodeOwners(sent);
  return wished === undefined || wished.size === 0 ? live : wished;
}

/** A write that changes nothing but times changes nothing. */
function steady(
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

/** Metadata has types of its own: what is left without members is not there. */
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
