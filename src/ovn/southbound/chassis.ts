import { textAt, type Replica, type Row } from '../ovsdb/index.ts';

/** A host as OVN knows it. */
export interface Chassis {
  /** `system-id` of its Open vSwitch: what rows name it by. */
  readonly name: string;
  /** Whether its administrator gave it `enable-chassis-as-gw` in `ovn-cms-options`. */
  readonly isGateway: boolean;
  /** The physical networks that `ovn-bridge-mappings` leads to. */
  readonly physicalNetworks: readonly string[];
}

/** Which hosts there are. */
export interface ChassisDirectory {
  /** Whether the answers are OVN's: false before the first dump was read. */
  readonly isKnown: boolean;
  /** All hosts by name, in order. A host whose ovn-controller only crashed is among them. */
  chassis(): readonly Chassis[];
  /** Told when a host comes, goes or is configured otherwise. Returns the way to stop listening. */
  onChassisChange(listener: () => void): () => void;
}

/** Where ovn-controller puts the host's configuration: newer ones in `other_config`, older ones in both. */
export const chassisColumns = ['name', 'external_ids', 'other_config'] as const;

/**
 * The hosts in the Southbound database's Chassis table (ovn-sb(5)), without those of other zones that ovn-ic has copied
 * there: they do nothing of what is asked here.
 */
export function readChassis(replica: Pick<Replica, 'rows'>): readonly Chassis[] {
  return localRows(replica)
    .map(chassisOf)
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

/**
 * By name of the host: the MAC address that routers have there on each physical network, as `ovn-chassis-mac-mappings`
 * gives it, unchecked.
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

/** What the host's administrator wrote, by its commas. */
function optionOf(row: Row, key: string): readonly string[] {
  const text = textAt(row['other_config'], key) ?? textAt(row['external_ids'], key) ?? '';
  return text.split(',').map((item) => item.trim());
}

/** `physnet1:br-ex` as `['physnet1', 'br-ex']`. */
function splitMapping(item: string): [network: string, to: string] {
  const [network = '', ...rest] = item.split(':');
  return [network, rest.join(':')];
}
