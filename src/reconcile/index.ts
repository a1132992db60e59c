/**
 * The reconcile runtime, comparable to controller-runtime and kube-rs. The runtime depends on Kubernetes, but
 * not on specific kinds and not on OVN.
 *
 * A {@link Kind} declares the resource, the indexes and the references of a kind. A {@link Reconciler}
 * reconciles one object. The {@link Manager} lists and watches the kinds, and runs the reconcilers.
 */
export { Manager, type ManagerOptions } from './manager.ts';
export {
  apiVersionOf,
  keyOf,
  refKey,
  type Kind,
  type KubeObject,
  type ObjectRef,
  type Priority,
  type ReconcileContext,
  type Reconciler,
  type Reference,
  type ResourceType,
  type Result,
} from './types.ts';
export { precedenceOf } from './precedence.ts';
export { NAMESPACE_INDEX, storeOf } from './kinds.ts';
export type { Change, ReadStore } from './store/store.ts';
export type { StatusOutcome, StatusWriter } from './status.ts';
export { Finalizers, hasFinalizer, isLeaving } from './finalizer.ts';
export { EventRecorder, type EventRecorderOptions, type EventSink } from './events.ts';
export { LeaderElector, type LeaderElectorOptions } from './leader.ts';
export { leaseType, type Lease } from './lease.ts';
export type {
  DeleteOptions,
  JsonPatchOperation,
  KubeClient,
  ListOptions,
  ListPage,
  NewObject,
  PatchOptions,
  RequestOptions,
  WatchEvent,
  WatchOptions,
} from './client/client.ts';
export {
  ApiError,
  ConnectionError,
  isAborted,
  isAlreadyExists,
  isConflict,
  isExpired,
  isNotFound,
  isPerhapsStale,
} from './client/errors.ts';
export type { Connection, ConnectionSource } from './client/connection.ts';
export { BoundClient, OtherClusterError } from './client/bound-client.ts';
export { IDENTITY_NAMESPACE, namespaceType, readClusterUid } from './client/cluster-uid.ts';
export { fromKubeconfig } from './client/kubeconfig.ts';
export { RestClient, type OpenApiDocument, type RestClientOptions } from './client/rest.ts';
export { HealthRegistry } from './health.ts';
export { MetricsRegistry } from './metrics.ts';
