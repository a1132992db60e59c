/**
 * The Port client for VM managers: create a Port, wait until the Port is Ready, attach a machine, migrate the
 * machine, detach it. Every call is idempotent, so a caller can repeat a call whose response was lost.
 * docs/plasmavmc.md describes the life cycle.
 */
export type { CallOptions } from './polling.ts';
export {
  PortClient,
  type PlugSettings,
  type Port,
  type PortAttachment,
  type PortRef,
  type PortSpec,
} from './port-client.ts';
export { PortError, type PortErrorCode } from './port-error.ts';
export { ApiError, ConnectionError } from '../reconcile/index.ts';
