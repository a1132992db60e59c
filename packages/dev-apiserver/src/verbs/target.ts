import type { Resource, Subresource } from '../storage/resource.ts';

/** Which objects a request is about. */
export interface Target {
  readonly resource: Resource;
  readonly namespace: string | undefined;
  /** '' for the whole collection. */
  readonly name: string;
  readonly subresource: Subresource;
}
