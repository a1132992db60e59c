import { textAt, type Replica, type Row } from './ovsdb/index.ts';

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
  return [...replica.rows('Chassis')]
    .filter((row) => textAt(row['other_config'], 'is-remote') !== 'true')
    .map(chassisOf)
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

function chassisOf(row: Row): Chassis {
  const option = (key: string): readonly string[] => {
    const text = textAt(row['other_config'], key) ?? textAt(row['external_ids'], key) ?? '';
    return text.split(',').map((item) => item.trim());
  };
  return {
    name: row['name'] as string,
    isGateway: option('ovn-cms-options').includes('enable-chassis-as-gw'),
    physicalNetworks: option('ovn-bridge-mappings').flatMap((item) => item.split(':')[0] || []),
  };
}
