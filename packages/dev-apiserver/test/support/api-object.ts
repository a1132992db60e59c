/** What comes over the wire, loosely typed: every member that some answer of the API has is declared as if it were there. */

export interface ApiObject {
  apiVersion: string;
  kind: string;
  metadata: ApiMeta;
  spec: Record<string, unknown>;
  status: Record<string, unknown> & { conditions: ApiCondition[] };
  data: Record<string, unknown>;
  /** Of a list. */
  items: ApiObject[];
  /** Of a Status. */
  code: number;
  reason: string;
  message: string;
  details?: { name?: string; group?: string; kind?: string; uid?: string; causes?: ApiCause[] };
  /** Of a Table. */
  columnDefinitions: { name: string; type: string; format: string; description: string; priority: number }[];
  rows: { cells: unknown[]; object: ApiObject }[];
  /** Of discovery documents. */
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
  /** Of a list. */
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

/** What a test sends: any JSON object. */
export type Manifest = Readonly<Record<string, unknown>>;
