import type { KubeObject } from './types.ts';

/**
 * Returns `object` without `metadata.managedFields`. That field is often the largest part of an object, and
 * the operator does not use it.
 */
export function withoutManagedFields<T extends KubeObject>(object: T): T {
  const metadata: T['metadata'] & { managedFields?: unknown } = object.metadata;
  if (metadata.managedFields === undefined) return object;
  const { managedFields: _, ...rest } = metadata;
  return { ...object, metadata: rest };
}
