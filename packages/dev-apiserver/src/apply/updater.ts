/**
 * The ownership of fields across writes, and the merge of an applied configuration.
 * Source: sigs.k8s.io/structured-merge-diff/merge (Updater).
 */
import type { JsonObject } from '../schema/json.ts';
import { isObject } from '../schema/json.ts';
import { FieldSet } from './field-set.ts';
import { ownerKey, type Owner, type Owners } from './managers.ts';
import { fieldElement, type PathElement } from './path-element.ts';
import type { Shape } from './shape.ts';
import { compare, merge, removeFields, toFieldSet, type Comparison } from './typed.ts';

/** A field that an owner would lose to an applier that does not force the apply. */
export interface Conflict {
  readonly owner: Owner;
  readonly path: readonly PathElement[];
}

/** The fields that a write through an endpoint cannot change, and therefore cannot own. */
export type ResetFields = FieldSet;

const path = (...names: string[]): PathElement[] => names.map(fieldElement);

/** Fields that the server never records: the identity of an object and the fields that the server sets. */
const strippedFields = FieldSet.of(
  path('apiVersion'),
  path('kind'),
  path('metadata'),
  ...[
    'name',
    'namespace',
    'creationTimestamp',
    'selfLink',
    'uid',
    'clusterName',
    'generation',
    'managedFields',
    'resourceVersion',
  ].map((name) => path('metadata', name)),
);

/** Returns the fields that the server resets on writes to an endpoint of a kind with a status subresource. */
export function resetFields(subresource: string, hasStatus: boolean): ResetFields {
  if (subresource === 'status') return FieldSet.of(path('metadata'), path('spec'));
  return hasStatus && subresource === '' ? FieldSet.of(path('status')) : new FieldSet();
}

/** Removes changed fields from the other owners in place. Returns the fields that the owners would lose. */
function takeOver(owners: Owners, self: string, change: Comparison): Conflict[] {
  const taken = change.modified.union(change.added);
  const conflicts: Conflict[] = [];
  for (const [key, owner] of owners) {
    if (key === self) continue;
    const lost = owner.fields.intersection(taken);
    for (const lostPath of lost.paths()) conflicts.push({ owner, path: lostPath });
    owners.set(key, { ...owner, fields: owner.fields.difference(lost).difference(change.removed) });
  }
  return conflicts;
}

function dropEmpty(owners: Owners): void {
  for (const [key, owner] of owners) if (owner.fields.empty) owners.delete(key);
}

const filtered = ({ added, modified, removed }: Comparison, reset: ResetFields): Comparison => ({
  added: added.without(reset),
  modified: modified.without(reset),
  removed: removed.without(reset),
});

/** Records an update in place: the updater owns the fields that it changed. Removed fields have no owner. */
export function recordUpdate(
  before: JsonObject,
  after: JsonObject,
  updater: Owner,
  owners: Owners,
  shape: Shape,
  reset: ResetFields,
): void {
  const change = compare(before, after, shape);
  const key = ownerKey(updater);
  // Treats the earlier fields of the updater like those of another owner, so that the updater keeps the
  // fields that it did not change.
  takeOver(owners, '', filtered(change, reset));
  dropEmpty(owners);
  const own = change.modified.union(change.added).without(reset).difference(strippedFields);
  if (own.empty) return;
  owners.set(key, { ...updater, fields: own.union(owners.get(key)?.fields ?? new FieldSet()) });
}

/** The result of an apply: the merged object, its owners, and the conflicts. */
export interface Applied {
  readonly object: JsonObject;
  readonly owners: Owners;
  readonly conflicts: readonly Conflict[];
}

/**
 * Merges a configuration into the live object, and removes the fields that only this applier owned and no
 * longer applies.
 */
export function applyConfiguration(
  live: JsonObject,
  configuration: JsonObject,
  applier: Owner,
  owners: Owners,
  shape: Shape,
  reset: ResetFields,
): Applied {
  const key = ownerKey(applier);
  const last = owners.get(key)?.fields;
  const after: Owners = new Map(owners);
  after.set(key, { ...applier, fields: toFieldSet(configuration, shape).without(reset) });
  const merged = asObject(merge(live, configuration, shape));
  const object = last === undefined || last.empty ? merged : prune(merged, last, after, shape);
  const change = filtered(compare(live, object, shape), reset);
  const conflicts = takeOver(after, key, change);
  const own = after.get(key);
  if (own !== undefined) after.set(key, { ...own, fields: own.fields.difference(strippedFields) });
  dropEmpty(after);
  return { object, owners: after, conflicts };
}

/**
 * Removes the fields of the last apply, but keeps the fields that any manager owns now and the fields that
 * the applier never owned.
 */
function prune(merged: JsonObject, last: FieldSet, owners: Owners, shape: Shape): JsonObject {
  const lastNamed = last.withNamedFields(shape);
  const removed = removeFields(merged, lastNamed, shape);
  let owned = new FieldSet();
  for (const owner of owners.values()) owned = owned.union(owner.fields);

  const mergedSet = toFieldSet(merged, shape).withNamedFields(shape);
  const keep = toFieldSet(removed, shape).withNamedFields(shape).union(owned.withNamedFields(shape));
  const withOwned = removeFields(merged, mergedSet.difference(keep), shape);

  const kept = toFieldSet(withOwned, shape).withNamedFields(shape);
  return asObject(removeFields(merged, mergedSet.difference(kept).intersection(lastNamed), shape));
}

const asObject = (value: unknown): JsonObject => (isObject(value) ? value : {});
