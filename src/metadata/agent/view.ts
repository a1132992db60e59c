import { claimOf } from '../../ovn/model/marks.ts';
import { textAt, type Atom, type Row, type Uuid } from '../../ovn/ovsdb/index.ts';

/** A Port whose machine is on this hypervisor, as OVN has it. */
export interface LocalPort {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  /** UID of the Subnet that the operator took its address from. */
  readonly subnetUID: string;
  /** Lower case. */
  readonly macAddress: string;
}

/** A network with the metadata service that has machines on this hypervisor. */
export interface LocalNetwork {
  readonly subnetUID: string;
  /** Name of the logical port for the service: the `iface-id` of its interface. */
  readonly interfaceID: string;
  /** Of the service's port. */
  readonly macAddress: string;
  /** The Ports on this hypervisor by their IPv4 addresses. An address that two have is nobody's. */
  readonly ports: ReadonlyMap<string, LocalPort>;
}

/** Key in a Port's `external_ids` of the Subnet's UID, as src/controllers writes it. */
const SUBNET_MARK = 'overlay-network/subnet';

/** What is read of a Port_Binding (ovn-sb(5)); northd copies the marks from the Northbound database. */
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
 * The networks that this hypervisor serves, by the UIDs of their Subnets: those of this cluster's Subnets that have a
 * port for the service (`localport`), and a Port that is bound to the chassis, or will be (a migration's target). Who
 * is not bound here does not exist here.
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
    const subnetUID = textAt(row['external_ids'], SUBNET_MARK);
    const [macAddress, address] = addressOf(row['mac']);
    if (subnetUID === undefined || macAddress === undefined || address === undefined) continue;
    const ports = local.get(row['datapath'] as Uuid) ?? new Map<string, LocalPort | undefined>();
    local.set(row['datapath'] as Uuid, ports);
    ports.set(address, ports.has(address) ? undefined : { namespace, name, uid, subnetUID, macAddress });
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
      subnetUID: uid,
      interfaceID: row['logical_port'] as string,
      macAddress,
      ports: new Map(ports),
    });
  }
  return networks;
}

/** MAC and IPv4 address in a binding's `mac`: of `MAC IP…` the first; MACs without an address and `unknown` count not. */
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
