import { textAt, type Replica, type Row } from '../ovsdb/index.ts';

/** A hypervisor or gateway host (a chassis in OVN). */
export interface Chassis {
  /** The `system-id` of its Open vSwitch. Rows refer to the chassis by this name. */
  readonly name: string;
  /** Whether its `ovn-cms-options` contain `enable-chassis-as-gw`. */
  readonly isGateway: boolean;
  /** The physical networks in its `ovn-bridge-mappings`. */
  readonly physicalNetworks: readonly string[];
}

/** Called with the names of chassis; undefined: all chassis. */
export type ChassisListener = (changed: ReadonlySet<string> | undefined) => void;

/** The chassis of OVN. */
export interface ChassisDirectory {
  /** Whether the Southbound database has been read; before that, `chassis()` returns an empty list. */
  readonly isKnown: boolean;
  /** Returns all chassis, sorted by name. The list includes a chassis whose ovn-controller crashed. */
  chassis(): readonly Chassis[];
  /**
   * Calls `listener` with the names of the chassis that were added, removed or reconfigured; undefined: of all chassis.
   *
   * @returns the function that removes the listener
   */
  onChassisChange(listener: ChassisListener): () => void;
}

/**
 * The columns of Chassis to replicate. ovn-controller writes the configuration of the host to `other_config`;
 * older versions write it to `external_ids` too.
 */
export const chassisColumns = ['name', 'external_ids', 'other_config'] as const;

/**
 * Returns the chassis of the Southbound table Chassis (ovn-sb(5)), without the chassis of other availability
 * zones that ovn-ic copies there.
 */
export function readChassis(replica: Pick<Replica, 'rows'>): readonly Chassis[] {
  return localRows(replica)
    .map(chassisOf)
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** Returns the names of the chassis that differ. */
export function changedChassis(before: readonly Chassis[], after: readonly Chassis[]): ReadonlySet<string> {
  const texts = new Map(before.map((chassis) => [chassis.name, JSON.stringify(chassis)]));
  const kept = new Set<string>();
  const changed = after.filter((chassis) => {
    kept.add(chassis.name);
    return texts.get(chassis.name) !== JSON.stringify(chassis);
  });
  const removed = before.filter(({ name }) => !kept.has(name));
  return new Set([...changed, ...removed].map(({ name }) => name));
}

/**
 * Returns, by chassis name and physical network, the MAC address that routers use on that chassis
 * (`ovn-chassis-mac-mappings`). The function does not validate the addresses.
 */
export function readMacMappings(
  replica: Pick<Replica, 'rows'>,
): ReadonlyMap<string, ReadonlyMap<string, string>> {
  return new Map(
    localRows(replica).map((row) => [
      nameOf(row),
      new Map(optionOf(row, 'ovn-chassis-mac-mappings').map(splitMapping)),
    ]),
  );
}

const localRows = (replica: Pick<Replica, 'rows'>): readonly Row[] =>
  [...replica.rows('Chassis')].filter((row) => textAt(row['other_config'], 'is-remote') !== 'true');

const nameOf = (row: Row): string => row['name'] as string;

function chassisOf(row: Row): Chassis {
  return {
    name: nameOf(row),
    isGateway: optionOf(row, 'ovn-cms-options').includes('enable-chassis-as-gw'),
    physicalNetworks: optionOf(row, 'ovn-bridge-mappings').flatMap((item) => splitMapping(item)[0] || []),
  };
}

/** Returns the comma-separated items of an option that the administrator of the host set. */
function optionOf(row: Row, key: string): readonly string[] {
  const text = textAt(row['other_config'], key) ?? textAt(row['external_ids'], key) ?? '';
  return text.split(',').map((item) => item.trim());
}

/** Splits `physnet1:br-ex` into `['physnet1', 'br-ex']`. */
function splitMapping(item: string): [network: string, to: string] {
  const [network = '', ...rest] = item.split(':');
  return [network, rest.join(':')];
}
