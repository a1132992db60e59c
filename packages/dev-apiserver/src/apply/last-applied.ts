/**
 * Supports the change from `kubectl apply` to `kubectl apply --server-side`: the annotation of the former
 * determines the fields that the latter may take over without a conflict.
 * Source: managedfields/internal/lastapplied{manager,updater}.go.
 */
import { clone, isObject, type Json, type JsonObject } from '../schema/json.ts';
import { FieldSet } from './field-set.ts';
import type { Shape } from './shape.ts';
import { compare, toFieldSet } from './typed.ts';

const LAST_APPLIED_ANNOTATION = 'kubectl.kubernetes.io/last-applied-configuration';

function annotationsOf(object: JsonObject): JsonObject | undefined {
  const { metadata } = object;
  return isObject(metadata) && isObject(metadata['annotations']) ? metadata['annotations'] : undefined;
}

/** Returns the fields that were applied from the client side and still have the applied value. */
export function allowedByLastApplied(live: JsonObject, shape: Shape): FieldSet {
  const text = annotationsOf(live)?.[LAST_APPLIED_ANNOTATION];
  const last = typeof text === 'string' ? parse(text) : undefined;
  if (!isObject(last) || last['apiVersion'] !== live['apiVersion']) return new FieldSet();
  const { added, modified, removed } = compare(last, live, shape);
  return toFieldSet(last, shape).difference(modified).difference(added).difference(removed);
}

function parse(text: string): Json | undefined {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return undefined;
  }
}

/**
 * Updates the annotation, if it exists, to the configuration that was applied now. Changes the object in
 * place.
 */
export function refreshLastApplied(object: JsonObject, configuration: JsonObject): void {
  const annotations = annotationsOf(object);
  const present = annotations?.[LAST_APPLIED_ANNOTATION];
  if (annotations === undefined || typeof present !== 'string' || present === '') return;
  const applied = clone(configuration);
  const own = annotationsOf(applied);
  if (own !== undefined) Reflect.deleteProperty(own, LAST_APPLIED_ANNOTATION);
  annotations[LAST_APPLIED_ANNOTATION] = `${JSON.stringify(applied)}\n`;
}
