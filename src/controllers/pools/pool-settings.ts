import type { Address, AddressRange, Cidr } from '../../api/index.ts';
import type { AddressRanges } from '../../ipam/index.ts';

/** Which addresses of a Subnet or an ExternalNetwork can be allocated. */
export interface PoolSettings extends AddressRanges {
  /** How many addresses the objects of one namespace can hold. Unset: half of the addresses. */
  readonly perNamespace?: number | undefined;
  /** How many addresses only the gateways of VPCs can have. Unset: a quarter of the addresses. */
  readonly forGateways?: number | undefined;
  /**
   * The settings as text: two texts are equal exactly when the settings are equal. A row contains the text, because the
   * spec may have changed to settings that are not in effect.
   */
  readonly text: string;
}

/** The settings in a text. Addresses are numbers: their distance from the network address. */
interface Written {
  readonly gateway?: number;
  readonly pools?: readonly WrittenRange[];
  readonly reserved?: readonly WrittenRange[];
  readonly perNamespace?: number;
  readonly forGateways?: number;
}

type WrittenRange = readonly [start: number, end: number];

/** Returns the settings of a pool of `cidr`, with their text. All addresses must be inside the CIDR. */
export function poolSettings({ base }: Cidr, settings: Omit<PoolSettings, 'text'>): PoolSettings {
  const { gateway, allocationPools = [], reservedRanges = [], perNamespace, forGateways } = settings;
  const distance = ({ value }: Address): number => Number(value - base);
  const ranges = (all: readonly AddressRange[]): readonly WrittenRange[] | undefined =>
    all.length === 0 ? undefined : all.map(({ start, end }) => [distance(start), distance(end)]);
  const text = JSON.stringify({
    gateway: gateway && distance(gateway),
    pools: ranges(allocationPools),
    reserved: ranges(reservedRanges),
    perNamespace,
    forGateways,
  });
  return { ...settings, text };
}

/** Returns the settings in a text of {@link poolSettings}; undefined for another text. */
export function settingsFrom({ family, base }: Cidr, text: string | undefined): PoolSettings | undefined {
  if (text === undefined) return undefined;
  const address = (distance: number): Address => ({ family, value: base + BigInt(distance) });
  const range = ([start, end]: WrittenRange): AddressRange => ({ start: address(start), end: address(end) });
  try {
    const { gateway, pools = [], reserved = [], perNamespace, forGateways } = JSON.parse(text) as Written;
    return {
      gateway: gateway === undefined ? undefined : address(gateway),
      allocationPools: pools.map(range),
      reservedRanges: reserved.map(range),
      perNamespace,
      forGateways,
      text,
    };
  } catch {
    return undefined;
  }
}

/**
 * Returns settings with which a pool holds the addresses in use and allocates no others, for an object whose settings
 * in effect are not known.
 */
export function holdOnly(cidr: Cidr, gateway?: Address): PoolSettings {
  const networkAddress = { family: cidr.family, value: cidr.base };
  return poolSettings(cidr, { gateway, allocationPools: [{ start: networkAddress, end: networkAddress }] });
}
