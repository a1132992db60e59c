/** The embedded Kubernetes API server: for development and tests, on loopback, with its state in memory. */
export { ApiServer } from './server.ts';
export type { ApiServerOptions } from './server.ts';
export type { Fault, FaultInjector, FaultSubject } from './http/faults.ts';
