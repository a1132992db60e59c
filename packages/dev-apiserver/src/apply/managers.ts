/**
 * Field managers: who owns which fields, as `metadata.managedFields` records it.
 * Source: k8s.io/apimachinery/pkg/util/managedfields/internal.
 */
import { isObject, type JsonObject } from '../schema/json.ts';
import { FieldSet } from './field-set.ts';

/** One entry of `metadata.managedFields`. */
export interface ManagedFieldsEntry {
  manager: string;
  operation: 'Apply' | 'Update';
  apiVersion: string;
  time?: string;
  fieldsType: 'FieldsV1';
  fieldsV1: JsonObject;
  subresource?: string;
}

/** A manager and what it owns. */
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

/** What tells owners apart: an applier keeps its identity across API versions, an updater does not. */
export function ownerKey(owner: Pick<Owner, 'manager' | 'operation' | 'subresource' | 'apiVersion'>): string {
  const apiVersion = owner.operation === 'Apply' ? '' : owner.apiVersion;
  return JSON.stringify([owner.manager, owner.operation, apiVersion, owner.subresource]);
}

/** Reads `metadata.managedFields`; undefined when it is not well-formed. */
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

/** Writes `metadata.managedFields`: appliers first, then by time and name. */
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

/** More updaters than these are too many: the oldest are put together. */
const MAX_UPDATERS = 10;

/** Puts the oldest updaters of the same API version together as `ancient-changes`, when there are more than ten. */
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

/** An owner as conflicts name it. */
export function printOwner({ manager, operation, subresource, apiVersion }: Owner): string {
  const name =
    JSON.stringify(manager) + (subresource === '' ? '' : ` with subresource ${JSON.stringify(subresource)}`);
  return operation === 'Update' ? `${name} using ${apiVersion}` : name;
}
