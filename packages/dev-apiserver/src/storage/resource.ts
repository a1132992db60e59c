import type { StatusCause } from '../model/errors.ts';
import type { ApiObject, JsonObject } from '../model/objects.ts';
import type { CompiledSchema } from '../schema/index.ts';
import type { Collection } from './collection.ts';

/** Which part of an object a write is about: '' is the object itself. */
export type Subresource = '' | 'status' | 'finalize';

/** One column of a Table (metav1.TableColumnDefinition) and how to fill it. */
export interface Column {
  readonly name: string;
  readonly type: string;
  readonly format: string;
  readonly description: string;
  readonly priority: number;
  /** The cell: a string, a number, a boolean, or null when there is nothing to show. */
  readonly cell: (object: ApiObject, now: number) => unknown;
}

/**
 * A resource in one API version, with everything that the generic verbs need to know of it.
 * Versions of one kind share their `collection`; what is stored has no apiVersion and kind, they are added on the way out.
 */
export interface Resource {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly listKind: string;
  readonly plural: string;
  readonly singular: string;
  readonly shortNames: readonly string[];
  readonly categories: readonly string[];
  readonly namespaced: boolean;
  readonly subresources: readonly Exclude<Subresource, ''>[];
  readonly verbs: readonly string[];
  readonly collection: Collection;
  /** As published: the OpenAPI v3 schema that the resource's author wrote. */
  readonly openAPISchema: JsonObject;
  readonly schema: CompiledSchema;
  readonly columns: readonly Column[];
  /** Field labels that selectors may name, besides metadata.name and metadata.namespace, with their reader. */
  readonly fieldLabels: ReadonlyMap<string, (object: ApiObject) => string>;
  /** Built-in kinds take strategic merge patches, and show their list items without apiVersion and kind. */
  readonly builtIn: boolean;
  /** The warning with which requests to a deprecated version are answered. */
  readonly deprecation?: string;
  readonly rules: ResourceRules;
}

/** Where kinds differ in the generic verbs. Every hook may change the object it is given in place, `previous` never. */
export interface ResourceRules {
  /** PUT or apply may make an object that does not exist. */
  readonly createOnUpdate: boolean;
  /** PUT may leave metadata.resourceVersion out. */
  readonly unconditionalUpdate: boolean;
  /** Whether the kind counts generations at all. */
  readonly generation: boolean;
  /** @throws ApiError when nothing of the kind may be created now. */
  readonly admitCreate?: () => void;
  readonly prepareCreate?: (object: ApiObject) => void;
  readonly prepareUpdate?: (object: ApiObject, previous: ApiObject, subresource: Subresource) => void;
  /** What Go could not decode, though the schema allows it. */
  readonly undecodable?: (object: ApiObject) => string | undefined;
  readonly validate?: (object: ApiObject, previous: ApiObject | undefined) => StatusCause[];
  /** Changes an object whose deletion has been asked for, before it is marked. */
  readonly prepareDelete?: (object: ApiObject) => void;
  /** Whether a terminating object without finalizers must still stay. */
  readonly isHeld?: (object: ApiObject) => boolean;
  /** @throws ApiError when this object may never be deleted. */
  readonly admitDelete?: (name: string) => void;
  /** Causes against a name; without it, names are RFC 1123 subdomains. */
  readonly validateName?: (name: string) => string[];
  /** The stored form of an object in this version, and back. */
  readonly toStorage?: (object: ApiObject) => ApiObject;
  readonly fromStorage?: (object: ApiObject) => ApiObject;
  /** Runs after a write of this kind was stored, synchronously, before the answer goes out. */
  readonly afterWrite?: (key: string) => void;
}

/** "group/version", or "version" for the core group: an object's apiVersion. */
export function apiVersionOf(resource: { group: string; version: string }): string {
  return resource.group === '' ? resource.version : `${resource.group}/${resource.version}`;
}

/** "plural.group": the key of a resource over all its versions, and the name of its CustomResourceDefinition. */
export function resourceKey(resource: { group: string; plural: string }): string {
  return resource.group === '' ? resource.plural : `${resource.plural}.${resource.group}`;
}
