/**
 * From `kubectl apply` to `kubectl apply --server-side`: the annotation of the former says what the latter
 * may take over without a conflict. Source: managedfields/internal/lastapplied{manager,updater}.go.
 */
import { clone, isObject, type Json, type JsonObject } from '../schema/json.ts';
import { FieldSet } from './field-set.ts';
import type { Shape } from './shape.ts';
import { compare, toFieldSet } from './typed.ts';

const ANNOTATION = 'kubectl.kubernetes.io/last-applied-configuration';

function annotationsOf(object: JsonObject): JsonObject | undefined {
  const { metadata } = object;
  return isObject(metadata) && isObject(metadata['annotations']) ? metadata['annotations'] : undefined;
}

/** What was applied from the client's side and still is so. */
export function allowedByLastApplied(live: JsonObject, shape: Shape): FieldSet {
  const text = annotationsOf(live)?.[ANNOTATION];
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

/** Keeps the annotation, where there is one, at what was applied now. In place. */
export function refreshLastApplied(object: JsonObject, configuration: JsonObject): void {
  const annotations = annotationsOf(object);
  const present = annotations?.[ANNOTATION];
  if (annotations === undefined || typeof present !== 'string' || present === '') return;
  const applied = clone(configuration);
  const own = annotationsOf(applied);
  if (own !== undefined) Reflect.deleteProperty(own, ANNOTATION);
  annotations[ANNOTATION] = `${JSON.stringify(applied)}\n`;
}
