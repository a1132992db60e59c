import { updateManagedFields } from '../apply/index.ts';
import type { ApiObject } from '../model/objects.ts';
import { apiVersionOf } from '../storage/resource.ts';
import type { Resource, Subresource } from '../storage/resource.ts';
import type { WriteOptions } from './request.ts';

/** Updates the managedFields of `after` to record which fields a write other than server-side apply changed. */
export function trackUpdate(
  resource: Resource,
  before: ApiObject | undefined,
  after: ApiObject,
  subresource: Subresource,
  options: WriteOptions,
  now: Date,
): void {
  const entries = updateManagedFields({
    before,
    after,
    manager: options.manager,
    operation: 'Update',
    subresource,
    apiVersion: apiVersionOf(resource),
    schema: resource.schema.root,
    hasStatus: resource.subresources.includes('status'),
    now,
  });
  if (entries.length === 0) delete after.metadata.managedFields;
  else after.metadata.managedFields = entries;
}
