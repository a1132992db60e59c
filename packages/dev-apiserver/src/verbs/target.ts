import type { Resource, Subresource } from '../storage/resource.ts';

/** The objects that a request addresses. */
export interface Target {
  readonly resource: Resource;
  readonly namespace: string | undefined;
  /** The name of the object. '' addresses the collection. */
  readonly name: string;
  readonly subresource: Subresource;
}
