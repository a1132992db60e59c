/**
 * Ownership of fields across writes, and the merge of an applied configuration.
 * Source: sigs.k8s.io/structured-merge-diff/merge (Updater).
 */
import type { JsonObject } from '../schema/json.ts';
import { isObject } from '../schema/json.ts';
import { FieldSet } from './field-set.ts';
import { ownerKey, type Owner, type Owners } from './managers.ts';
import { fieldElement, type PathElement } from './path-element.ts';
import type { Shape } from './shape.ts';
import { compare, merge, removeFields, toFieldSet, type Comparison } from './typed.ts';

/** A field that an owner would lose to someone who does not force it. */
export interface Conflict {
  readonly owner: Owner;
  readonly path: readonly PathElement[];
}

/** Fields that a write through this endpoint cannot change, so that it cannot come to own them. */
export type ResetFields = FieldSet;

const path = (...names: string[]): PathElement[] => names.map(fieldElement);

/** Never recorded: identity, and what the server sets. */
const STRIPPED = FieldSet.of(
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

/** The fields that are reset on writes of an object with a status subresource, by endpoint. */
export function resetFields(subresource: string, hasStatus: boolean): ResetFields {
  if (subresource === 'status') return FieldSet.of(path('metadata'), path('spec'));
  return hasStatus && subresource === '' ? FieldSet.of(path('status')) : new FieldSet();
}

/** Takes from the other owners what a change took from them, in place; returns what they would lose. */
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

/** Records an update: who made it owns what it changed, and nobody what it removed. In place. */
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
  // The updater's own earlier fields are treated as another's, so that it keeps what it does not touch.
  takeOver(owners, '', filtered(change, reset));
  dropEmpty(owners);
  const own = change.modified.union(change.added).without(reset).difference(STRIPPED);
  if (own.empty) return;
  owners.set(key, { ...updater, fields: own.union(owners.get(key)?.fields ?? new FieldSet()) });
}

/** The result of an application: the merged object, who owns what then, and what it would take from whom. */
export interface Applied {
  readonly object: JsonObject;
  readonly owners: Owners;
  readonly conflicts: readonly Conflict[];
}

/** Merges a configuration over the live object, and removes what only its applier had and no longer wants. */
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
  if (own !== undefined) after.set(key, { ...own, fields: own.fields.difference(STRIPPED) });
  dropEmpty(after);
  return { object, owners: after, conflicts };
}

/** Without what was applied last time, but with all that anyone owns now and with what was never the applier's. */
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
