import type { Port } from '../../api/index.ts';
import type { LocalNetwork, LocalPort } from './view.ts';

/** The reason for a refused request, for the log. */
type RefusalCode =
  /** No Port on this hypervisor has the source address in this network. */
  | 'ADDRESS_UNKNOWN'
  /** OVN still has the Port, but the API does not: the Port was deleted, and possibly created again. */
  | 'PORT_GONE'
  /** The Port has different addresses in OVN and in the API, because the Port is changing. */
  | 'PORT_DIFFERS';

/** Returns the Port on this hypervisor that has the address in the network and belongs to the network's Subnet. */
export function portAt({ subnetUid, ports }: LocalNetwork, address: string): LocalPort | undefined {
  const port = ports.get(address);
  return port?.subnetUid === subnetUid ? port : undefined;
}

/**
 * Compares the Port in the API with the Port that OVN has at this address. Returns undefined when the UID and the
 * addresses are equal and the Port is not being deleted; otherwise the reason to refuse the request.
 *
 * @param port the Port in the API; undefined when the API has no Port with the name
 */
export function refusalCode(
  port: Port | undefined,
  { uid, macAddress }: LocalPort,
  address: string,
): RefusalCode | undefined {
  if (port?.metadata.uid !== uid || port.metadata.deletionTimestamp !== undefined) return 'PORT_GONE';
  const { status } = port;
  return status?.ipAddress === address && status.macAddress?.toLowerCase() === macAddress
    ? undefined
    : 'PORT_DIFFERS';
}
