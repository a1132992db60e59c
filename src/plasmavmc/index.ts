/**
 * Ports for a VM manager: create one, wait until it is in effect, plug the machine in, move it, let go of it. Every call
 * may be made again when its answer was lost. The life cycle is in docs/plasmavmc.md.
 */
export type { CallOptions } from './patience.ts';
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
