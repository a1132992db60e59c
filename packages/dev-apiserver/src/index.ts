/**
 * A Kubernetes API server for development and tests. It runs in the process, in memory, and on loopback only.
 */
export { ApiServer } from './server.ts';
export type { ApiServerOptions } from './server.ts';
export type { Fault, FaultInjector, FaultSubject } from './http/faults.ts';
