import type { KubeObject } from './types.ts';

/** `object` without managedFields: they are the bulk of many objects, and nobody here reads them. */
export function trimmed<T extends KubeObject>(object: T): T {
  const metadata: T['metadata'] & { managedFields?: unknown } = object.metadata;
  if (metadata.managedFields === undefined) return object;
  const { managedFields: _, ...rest } = metadata;
  return { ...object, metadata: rest };
}
