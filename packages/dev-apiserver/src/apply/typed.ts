/**
 * Operations on values with a shape: the set of their fields, comparison, merge and removal of fields.
 * Source: sigs.k8s.io/structured-merge-diff/typed.
 */
import { deepEqual, get, isObject, set, type Json, type JsonObject } from '../schema/json.ts';
import { FieldSet } from './field-set.ts';
import { itemElement } from './list-item.ts';
import { fieldElement, type PathElement } from './path-element.ts';
import {
  atomOf,
  memberShape,
  deducedShape,
  type Atom,
  type ListShape,
  type MapShape,
  type Shape,
} from './shape.ts';

/** Returns the fields of a value: leaves, list items, and members of maps that are not struct fields. */
export function toFieldSet(value: Json, shape: Shape): FieldSet {
  const fields = new FieldSet();
  addFields(value, shape, [], fields);
  return fields;
}

function addFields(value: Json, shape: Shape, path: readonly PathElement[], fields: FieldSet): void {
  const atom = atomOf(shape, value);
  if (atom.kind === 'scalar') {
    fields.insert(path);
  } else if (atom.kind === 'list') {
    if (atom.list.atomic) fields.insert(path);
    else if (Array.isArray(value)) addItems(value, atom.list, path, fields);
  } else if (atom.map.atomic) {
    fields.insert(path);
  } else if (isObject(value)) {
    for (const [name, inner] of Object.entries(value)) {
      const below = [...path, fieldElement(name)];
      addFields(inner, memberShape(atom.map, name) ?? deducedShape, below, fields);
      const isEmpty = inner === null || (isObject(inner) && Object.keys(inner).length === 0);
      if (isEmpty || !atom.map.fields.has(name)) fields.insert(below);
    }
  }
}

function addItems(
  items: readonly Json[],
  list: ListShape,
  path: readonly PathElement[],
  fields: FieldSet,
): void {
  for (const [element, values] of itemsByElement(items, list)) {
    const below = [...path, element];
    const [only] = values;
    // Of duplicate items, which only an object from before a schema change can have, the manager owns the
    // whole items.
    if (values.length === 1 && only !== undefined) addFields(only, list.element, below, fields);
    fields.insert(below);
  }
}

function itemsByElement(items: readonly Json[], list: ListShape): Map<PathElement, Json[]> {
  const found = new Map<PathElement, Json[]>();
  for (const item of items) {
    const element = itemElement(list, item);
    const same = found.get(element);
    if (same === undefined) found.set(element, [item]);
    else same.push(item);
  }
  return found;
}

/** The differences between two values. */
export interface Comparison {
  added: FieldSet;
  modified: FieldSet;
  removed: FieldSet;
}

/** Compares an object before and after a write. */
export function compare(before: Json, after: Json, shape: Shape): Comparison {
  const comparison = { added: new FieldSet(), modified: new FieldSet(), removed: new FieldSet() };
  compareValues(before, after, shape, [], comparison);
  return comparison;
}

type Maybe = Json | undefined;

/** Returns the forms of two values. They differ only without a schema. */
function atoms(lhs: Maybe, rhs: Maybe, shape: Shape): Atom[] {
  const left = atomOf(shape, lhs);
  const right = atomOf(shape, rhs);
  if (rhs === undefined) return [left];
  return lhs === undefined || left.kind === right.kind ? [right] : [left, right];
}

const isEmptyMap = (value: Maybe): boolean => !isObject(value) || Object.keys(value).length === 0;
const isEmptyList = (value: Maybe): boolean => !Array.isArray(value) || value.length === 0;

/** Returns true when two values are compared and merged as a whole. */
function isLeaf(atom: Atom, lhs: Maybe, rhs: Maybe): boolean {
  if (atom.kind === 'scalar') return true;
  if (atom.kind === 'map') return atom.map.atomic || (isEmptyMap(lhs) && isEmptyMap(rhs));
  return atom.list.atomic || (isEmptyList(lhs) && isEmptyList(rhs));
}

function compareValues(
  lhs: Maybe,
  rhs: Maybe,
  shape: Shape,
  path: readonly PathElement[],
  result: Comparison,
): void {
  for (const atom of atoms(lhs, rhs, shape)) {
    const leaf = isLeaf(atom, lhs, rhs);
    if (!leaf && atom.kind === 'map') compareMaps(lhs, rhs, atom.map, path, result);
    if (!leaf && atom.kind === 'list') compareLists(lhs, rhs, atom.list, path, result);
    if (lhs === undefined) result.added.insert(path);
    else if (rhs === undefined) result.removed.insert(path);
    else if (leaf && !deepEqual(lhs, rhs)) result.modified.insert(path);
  }
}

function compareMaps(
  lhs: Maybe,
  rhs: Maybe,
  map: MapShape,
  path: readonly PathElement[],
  result: Comparison,
): void {
  for (const name of memberNames(lhs, rhs)) {
    const shape = memberShape(map, name) ?? deducedShape;
    compareValues(member(lhs, name), member(rhs, name), shape, [...path, fieldElement(name)], result);
  }
}

const member = (value: Maybe, name: string): Maybe => (isObject(value) ? get(value, name) : undefined);
const memberNames = (lhs: Maybe, rhs: Maybe): Set<string> =>
  new Set([...(isObject(lhs) ? Object.keys(lhs) : []), ...(isObject(rhs) ? Object.keys(rhs) : [])]);

function compareLists(
  lhs: Maybe,
  rhs: Maybe,
  list: ListShape,
  path: readonly PathElement[],
  result: Comparison,
): void {
  const before = itemsByElement(Array.isArray(lhs) ? lhs : [], list);
  const after = itemsByElement(Array.isArray(rhs) ? rhs : [], list);
  for (const element of new Set([...before.keys(), ...after.keys()])) {
    const old = before.get(element) ?? [];
    const now = after.get(element) ?? [];
    const below = [...path, element];
    if (old.length <= 1 && now.length <= 1) {
      compareValues(old[0], now[0], list.element, below, result);
    } else if (old.length >= 2 && now.length >= 2) {
      if (!deepEqual(old, now)) result.modified.insert(below);
    } else if (old.length >= 2) {
      if (now.length > 0) compareValues(undefined, now[0], list.element, below, result);
      result.removed.insert(below);
    } else {
      if (old.length > 0) compareValues(old[0], undefined, list.element, below, result);
      result.added.insert(below);
    }
  }
}

/**
 * Merges an applied value into the live value: maps by member, associative lists by item, all other values as
 * a whole. The applied value determines the order of its items.
 */
export function merge(live: Json, applied: Json, shape: Shape): Json {
  return mergeValues(live, applied, shape) ?? null;
}

/** Returns undefined when the merged member is absent. */
function mergeValues(lhs: Maybe, rhs: Maybe, shape: Shape): Maybe {
  const atom = atoms(lhs, rhs, shape).at(-1) ?? { kind: 'scalar' };
  if (atom.kind === 'scalar' || isLeaf(atom, lhs, rhs)) return rhs === undefined ? lhs : rhs;
  return atom.kind === 'map' ? mergeMaps(lhs, rhs, atom.map) : mergeLists(lhs, rhs, atom.list);
}

function mergeMaps(lhs: Maybe, rhs: Maybe, map: MapShape): Maybe {
  const merged: JsonObject = {};
  for (const name of memberNames(lhs, rhs)) {
    const value = mergeValues(member(lhs, name), member(rhs, name), memberShape(map, name) ?? deducedShape);
    if (value !== undefined) set(merged, name, value);
  }
  return Object.keys(merged).length > 0 ? merged : undefined;
}

function mergeLists(lhs: Maybe, rhs: Maybe, list: ListShape): Maybe {
  const live = (Array.isArray(lhs) ? lhs : []).map((item) => ({ element: itemElement(list, item), item }));
  const applied = (Array.isArray(rhs) ? rhs : []).map((item) => ({ element: itemElement(list, item), item }));
  const appliedItems = new Map(applied.map(({ element, item }) => [element, item]));
  // As in the original, duplicate items count as null and are not merged.
  const liveItems = new Map<PathElement, Json>();
  for (const { element, item } of live) liveItems.set(element, liveItems.has(element) ? null : item);

  const shared = applied.map(({ element }) => element).filter((element) => liveItems.has(element));
  let nextShared = shared.shift();
  const done = new Set<PathElement>();
  const out: Json[] = [];
  const emit = (left: Maybe, right: Maybe): void => {
    const value = mergeValues(left, right, list.element);
    if (value !== undefined) out.push(value);
  };
  let l = 0;
  let r = 0;
  while (l < live.length || r < applied.length) {
    const left = live[l];
    const right = applied[r];
    if (left !== undefined && right !== undefined) {
      if (left.element === right.element) {
        done.add(left.element);
        emit(liveItems.get(left.element), right.item);
        l++;
        r++;
        nextShared = shared.shift();
        continue;
      }
      if (appliedItems.has(left.element) && nextShared !== undefined && nextShared !== left.element) {
        l++;
        continue;
      }
    }
    if (left !== undefined) {
      if (!appliedItems.has(left.element)) {
        emit(left.item, undefined);
        l++;
        continue;
      }
      if (done.has(left.element)) l++;
    }
    if (right !== undefined) {
      done.add(right.element);
      emit(liveItems.get(right.element), right.item);
      r++;
      if (nextShared === right.element) nextShared = shared.shift();
    }
  }
  return out.length > 0 ? out : undefined;
}

/** Returns the value without the fields of the set. A map or list that becomes empty is null. */
export function removeFields(value: Json, fields: FieldSet, shape: Shape): Json {
  const atom = atomOf(shape, value);
  if (atom.kind === 'scalar') return value;
  if (atom.kind === 'list') {
    if (!Array.isArray(value) || value.length === 0 || atom.list.atomic) return null;
    const { list } = atom;
    const kept = value.flatMap((item) => {
      const element = itemElement(list, item);
      if (fields.has(element)) return [];
      const below = fields.below(element);
      return [below.empty ? item : removeFields(item, below, list.element)];
    });
    return kept.length > 0 ? kept : null;
  }
  if (!isObject(value) || Object.keys(value).length === 0 || atom.map.atomic) return null;
  const kept: JsonObject = {};
  for (const [name, inner] of Object.entries(value)) {
    const element = fieldElement(name);
    if (fields.has(element)) continue;
    const below = fields.below(element);
    const shapeBelow = memberShape(atom.map, name) ?? deducedShape;
    set(kept, name, below.empty ? inner : removeFields(inner, below, shapeBelow));
  }
  return Object.keys(kept).length > 0 ? kept : null;
}
