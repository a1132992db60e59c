import type { StatusCause } from '../model/errors.ts';
import type { ApiObject, JsonObject } from '../model/objects.ts';
import type { CompiledSchema } from '../schema/index.ts';
import type { Collection } from './collection.ts';

/** The part of an object that a write changes. '' is the object itself. */
export type Subresource = '' | 'status' | 'finalize';

/** A column of a Table (metav1.TableColumnDefinition) and the function that returns its cells. */
export interface Column {
  readonly name: string;
  readonly type: string;
  readonly format: string;
  readonly description: string;
  readonly priority: number;
  /** Returns the cell: a string, a number, a boolean, or null for an empty cell. */
  readonly cell: (object: ApiObject, now: number) => unknown;
}

/**
 * A resource in one API version, with the information that the generic verbs need. The versions of a kind
 * share a `collection`. Stored objects have no apiVersion and kind. The server adds them to its answers.
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
  /** The OpenAPI v3 schema as the author of the resource wrote it. */
  readonly openAPISchema: JsonObject;
  readonly schema: CompiledSchema;
  readonly columns: readonly Column[];
  /** The fields that selectors support besides metadata.name and metadata.namespace, with their accessors. */
  readonly fieldLabels: ReadonlyMap<string, (object: ApiObject) => string>;
  /**
   * True for built-in kinds. They accept strategic merge patches, and their list items have no apiVersion and
   * kind.
   */
  readonly builtIn: boolean;
  /** The warning in the answers to requests for a deprecated version. */
  readonly deprecation?: string;
  readonly rules: ResourceRules;
}

/**
 * The differences between kinds in the generic verbs. A hook may change its first argument in place, but
 * never `previous`.
 */
export interface ResourceRules {
  /** PUT and apply may create an object. */
  readonly createOnUpdate: boolean;
  /** PUT does not require metadata.resourceVersion. */
  readonly unconditionalUpdate: boolean;
  /** The server counts generations of the kind. */
  readonly generation: boolean;
  /**
   * Runs before a create.
   *
   * @throws ApiError when the server must not create objects of the kind now
   */
  readonly admitCreate?: () => void;
  readonly prepareCreate?: (object: ApiObject) => void;
  readonly prepareUpdate?: (object: ApiObject, previous: ApiObject, subresource: Subresource) => void;
  /** Returns the message for a value that the schema allows but Go cannot decode. */
  readonly undecodable?: (object: ApiObject) => string | undefined;
  readonly validate?: (object: ApiObject, previous: ApiObject | undefined) => StatusCause[];
  /** Changes an object before the server marks it as terminating. */
  readonly prepareDelete?: (object: ApiObject) => void;
  /** Returns true when a terminating object must stay although it has no finalizers. */
  readonly isHeld?: (object: ApiObject) => boolean;
  /**
   * Runs before a delete.
   *
   * @throws ApiError when the object must not be deleted
   */
  readonly admitDelete?: (name: string) => void;
  /** Returns the problems of a name. The default accepts RFC 1123 subdomains. */
  readonly validateName?: (name: string) => string[];
  /** Converts an object of this version to its stored form. */
  readonly toStorage?: (object: ApiObject) => ApiObject;
  readonly fromStorage?: (object: ApiObject) => ApiObject;
  /** Runs synchronously after the store has a write of the kind, and before the server answers. */
  readonly afterWrite?: (key: string) => void;
}

/** Returns the apiVersion of a resource: "group/version", or "version" for the core group. */
export function apiVersionOf(resource: { group: string; version: string }): string {
  return resource.group === '' ? resource.version : `${resource.group}/${resource.version}`;
}

/**
 * Returns "plural.group": the key of a resource in all its versions, and the name of its
 * CustomResourceDefinition.
 */
export function resourceKey(resource: { group: string; plural: string }): string {
  return resource.group === '' ? resource.plural : `${resource.plural}.${resource.group}`;
}
