/**
 * The JSON objects of the API, loosely typed: every member that occurs in some answer is declared as present.
 */

export interface ApiObject {
  apiVersion: string;
  kind: string;
  metadata: ApiMeta;
  spec: Record<string, unknown>;
  status: Record<string, unknown> & { conditions: ApiCondition[] };
  data: Record<string, unknown>;
  /** Member of a list. */
  items: ApiObject[];
  /** Member of a Status. */
  code: number;
  reason: string;
  message: string;
  details?: { name?: string; group?: string; kind?: string; uid?: string; causes?: ApiCause[] };
  /** Member of a Table. */
  columnDefinitions: { name: string; type: string; format: string; description: string; priority: number }[];
  rows: { cells: unknown[]; object: ApiObject }[];
  /** Member of discovery documents. */
  resources: ApiResource[];
  groups: { name: string; preferredVersion: { groupVersion: string } }[];
  [member: string]: unknown;
}

export interface ApiMeta {
  name: string;
  namespace?: string;
  uid: string;
  resourceVersion: string;
  generation?: number;
  creationTimestamp: string;
  deletionTimestamp?: string;
  finalizers?: string[];
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
  managedFields?: ApiManagedFields[];
  /** Member of a list. */
  continue?: string;
  remainingItemCount?: number;
}

export interface ApiManagedFields {
  manager: string;
  operation: string;
  apiVersion: string;
  time?: string;
  fieldsType: string;
  fieldsV1: Record<string, unknown>;
  subresource?: string;
}

export interface ApiCondition {
  type: string;
  status: string;
  reason: string;
  message: string;
  observedGeneration?: number;
  lastTransitionTime: string;
}

export interface ApiCause {
  reason: string;
  message: string;
  field: string;
}

export interface ApiResource {
  name: string;
  kind: string;
  namespaced: boolean;
  verbs: string[];
  shortNames: string[];
  categories: string[];
}

/** A JSON object that a test sends. */
export type Manifest = Readonly<Record<string, unknown>>;
