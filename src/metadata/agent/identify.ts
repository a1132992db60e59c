import type { Port } from '../../api/index.ts';
import type { LocalNetwork, LocalPort } from './view.ts';

/** Why somebody who asks is told nothing; for the log. */
export type Stranger =
  /** No Port on this hypervisor has the address in this network. */
  | 'ADDRESS_UNKNOWN'
  /** OVN knows the Port, and the API does not: it was deleted, and perhaps made anew. */
  | 'PORT_GONE'
  /** What OVN has of the Port is not what the API has of it: it is changing. */
  | 'PORT_DIFFERS';

/** The Port on this hypervisor that has the address in the network, if one has, and it is of the network's Subnet. */
export function portAt({ subnetUID, ports }: LocalNetwork, address: string): LocalPort | undefined {
  const port = ports.get(address);
  return port?.subnetUID === subnetUID ? port : undefined;
}

/**
 * Whether the object in the API is the one that OVN has at this address: of the same identity, in effect, not on its
 * way out, and with the same addresses. Undefined: it is. `port`: undefined when the API has none of the name.
 */
export function strangeness(
  port: Port | undefined,
  { uid, macAddress }: LocalPort,
  address: string,
): Stranger | undefined {
  if (port?.metadata.uid !== uid || port.metadata.deletionTimestamp !== undefined) return 'PORT_GONE';
  const { status } = port;
  return status?.ipAddress === address && status.macAddress?.toLowerCase() === macAddress
    ? undefined
    : 'PORT_DIFFERS';
}
