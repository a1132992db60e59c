/**
 * Field managers and the fields that they own, as `metadata.managedFields` records them.
 * Source: k8s.io/apimachinery/pkg/util/managedfields/internal.
 */
import { isObject, type JsonObject } from '../schema/json.ts';
import { FieldSet } from './field-set.ts';

/** An entry of `metadata.managedFields`. */
export interface ManagedFieldsEntry {
  manager: string;
  operation: 'Apply' | 'Update';
  apiVersion: string;
  time?: string;
  fieldsType: 'FieldsV1';
  fieldsV1: JsonObject;
  subresource?: string;
}

/** A manager and the fields that it owns. */
export interface Owner {
  readonly manager: string;
  readonly operation: 'Apply' | 'Update';
  readonly subresource: string;
  readonly apiVersion: string;
  readonly time: string | undefined;
  readonly fields: FieldSet;
}

/** The owners of an object by `ownerKey`. */
export type Owners = Map<string, Owner>;

/**
 * Returns the identity of an owner. An applier has the same identity in all API versions, an updater has one
 * per API version.
 */
export function ownerKey(owner: Pick<Owner, 'manager' | 'operation' | 'subresource' | 'apiVersion'>): string {
  const apiVersion = owner.operation === 'Apply' ? '' : owner.apiVersion;
  return JSON.stringify([owner.manager, owner.operation, apiVersion, owner.subresource]);
}

/** Parses `metadata.managedFields`. Returns undefined when the value is malformed. */
export function decodeOwners(entries: unknown): Owners | undefined {
  const owners: Owners = new Map();
  for (const entry of Array.isArray(entries) ? (entries as unknown[]) : []) {
    const owner = isObject(entry) ? decode(entry) : undefined;
    if (owner === undefined) return undefined;
    owners.set(ownerKey(owner), owner);
  }
  return owners;
}

function decode(entry: JsonObject): Owner | undefined {
  const { manager = '', operation, apiVersion, time, fieldsType, fieldsV1 = {}, subresource = '' } = entry;
  if (operation !== 'Apply' && operation !== 'Update') return undefined;
  if (typeof manager !== 'string' || typeof apiVersion !== 'string' || apiVersion === '') return undefined;
  if (fieldsType !== 'FieldsV1' || !isObject(fieldsV1) || typeof subresource !== 'string') return undefined;
  try {
    const fields = FieldSet.fromFieldsV1(fieldsV1);
    return {
      manager,
      operation,
      subresource,
      apiVersion,
      time: typeof time === 'string' ? time : undefined,
      fields,
    };
  } catch {
    return undefined;
  }
}

/** Returns `metadata.managedFields`: appliers first, then by time and name. */
export function encodeOwners(owners: Owners): ManagedFieldsEntry[] {
  return [...owners.values()].sort(byOrder).map((owner) => ({
    manager: owner.manager,
    operation: owner.operation,
    apiVersion: owner.apiVersion,
    ...(owner.time === undefined ? {} : { time: owner.time }),
    fieldsType: 'FieldsV1',
    fieldsV1: owner.fields.toFieldsV1(),
    ...(owner.subresource === '' ? {} : { subresource: owner.subresource }),
  }));
}

function byOrder(a: Owner, b: Owner): number {
  const keys = (owner: Owner): string[] => [
    owner.operation,
    owner.time ?? '',
    owner.manager,
    owner.apiVersion,
    owner.subresource,
  ];
  const left = keys(a);
  const right = keys(b);
  const at = left.findIndex((value, index) => value !== right[index]);
  return at < 0 ? 0 : (left[at] ?? '') < (right[at] ?? '') ? -1 : 1;
}

/** The maximum number of updaters. The server merges the oldest ones beyond it. */
const MAX_UPDATERS = 10;

/**
 * Merges the oldest updaters of the same API version into `ancient-changes` when there are more than ten
 * updaters.
 */
export function capUpdaters(owners: Owners): void {
  const updaters = [...owners.values()].filter(({ operation }) => operation === 'Update').sort(byOrder);
  let left = updaters.length;
  const first = new Map<string, Owner>();
  for (const owner of updaters) {
    if (left <= MAX_UPDATERS) return;
    const earlier = first.get(owner.apiVersion);
    if (earlier === undefined) {
      first.set(owner.apiVersion, owner);
      continue;
    }
    const bucket = { ...owner, manager: 'ancient-changes', subresource: '' };
    const collected = owners.get(ownerKey(bucket)) ?? earlier;
    if (!owners.has(ownerKey(bucket))) owners.delete(ownerKey(earlier));
    owners.delete(ownerKey(owner));
    owners.set(ownerKey(bucket), { ...bucket, fields: owner.fields.union(collected.fields) });
    left--;
  }
}

/** Formats an owner as conflict messages do. */
export function printOwner({ manager, operation, subresource, apiVersion }: Owner): string {
  const name =
    JSON.stringify(manager) + (subresource === '' ? '' : ` with subresource ${JSON.stringify(subresource)}`);
  return operation === 'Update' ? `${name} using ${apiVersion}` : name;
}
