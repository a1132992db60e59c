import { claimOf, SUBNET_MARK } from '../../ovn/model/marks.ts';
import { textAt, type Atom, type Row, type Uuid } from '../../ovn/ovsdb/index.ts';

/** A Port with a machine on this hypervisor, from the Southbound database. */
export interface LocalPort {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  /** UID of the Subnet of the address. */
  readonly subnetUid: string;
  /** In lower case. */
  readonly macAddress: string;
}

/** A network with a metadata service and with machines on this hypervisor. */
export interface LocalNetwork {
  readonly subnetUid: string;
  /** Name of the logical port of the service: the `iface-id` of its interface. */
  readonly interfaceId: string;
  /** MAC address of the logical port of the service. */
  readonly macAddress: string;
  /** The Ports on this hypervisor by IPv4 address, without the addresses that several Ports have. */
  readonly ports: ReadonlyMap<string, LocalPort>;
}

/** The replicated columns of Port_Binding (ovn-sb(5)). northd copies `external_ids` from the Northbound database. */
export const bindingColumns = [
  'logical_port',
  'type',
  'datapath',
  'mac',
  'chassis',
  'additional_chassis',
  'external_ids',
] as const;

/**
 * Returns the networks that this hypervisor serves, by the UIDs of their Subnets. A network is served when its Subnet
 * belongs to this cluster, has a port for the service (type `localport`), and has a Port on the chassis. Ports on
 * other hosts are ignored. A Port in migration to this chassis counts as a Port on the chassis.
 */
export function localNetworks(
  bindings: Iterable<Row>,
  chassis: Uuid,
  cluster: string,
): ReadonlyMap<string, LocalNetwork> {
  const services: Row[] = [];
  const local = new Map<Uuid, Map<string, LocalPort | undefined>>();
  for (const row of bindings) {
    if (row['type'] === 'localport') services.push(row);
    if (row['type'] !== '' || !(holds(row['chassis'], chassis) || holds(row['additional_chassis'], chassis)))
      continue;
    const claim = claimOf(cluster, row['external_ids']);
    if (claim.kind !== 'owner' || claim.owner.kind !== 'Port') continue;
    const { namespace, name, uid } = claim.owner;
    const subnetUid = textAt(row['external_ids'], SUBNET_MARK);
    const [macAddress, address] = addressOf(row['mac']);
    if (subnetUid === undefined || macAddress === undefined || address === undefined) continue;
    const ports = local.get(row['datapath'] as Uuid) ?? new Map<string, LocalPort | undefined>();
    local.set(row['datapath'] as Uuid, ports);
    ports.set(address, ports.has(address) ? undefined : { namespace, name, uid, subnetUid, macAddress });
  }
  const networks = new Map<string, LocalNetwork>();
  for (const row of services) {
    const claim = claimOf(cluster, row['external_ids']);
    const [macAddress] = addressOf(row['mac']);
    const ports = [...(local.get(row['datapath'] as Uuid) ?? [])].filter(
      (entry): entry is [string, LocalPort] => entry[1] !== undefined,
    );
    if (claim.kind !== 'owner' || claim.owner.kind !== 'Subnet' || macAddress === undefined) continue;
    if (ports.length === 0) continue;
    const { uid } = claim.owner;
    networks.set(uid, {
      subnetUid: uid,
      interfaceId: row['logical_port'] as string,
      macAddress,
      ports: new Map(ports),
    });
  }
  return networks;
}

/**
 * Returns the MAC address and the first IPv4 address in column `mac` (`MAC IP…`). Ignores values without an address.
 */
function addressOf(column: Row[string] | undefined): readonly string[] {
  const texts = column instanceof Set ? ([...(column as ReadonlySet<Atom>)] as string[]) : [];
  return (
    texts
      .map((text) => text.toLowerCase().split(' '))
      .find(([, ip]) => ip !== undefined && /^\d+\.\d+\.\d+\.\d+$/.test(ip)) ?? []
  );
}

const holds = (column: Row[string] | undefined, uuid: Uuid): boolean =>
  column instanceof Set && (column as ReadonlySet<Atom>).has(uuid);
