import {
  computeMac,
  containsCidr,
  formatAddress,
  formatCidr,
  parseAddress,
  parseMac,
  type Address,
  type Cidr,
  type Port,
} from '../../api/index.ts';
import { share, type Unusable } from '../../ipam/index.ts';
import { keyOf, type ReadStore } from '../../reconcile/index.ts';
import { rangesOf, valueOf, type Pools, type SubnetPool } from '../pools/pools.ts';
import { bad, fromParsed, good, type Checked, type Problem } from '../common/problem.ts';
import type { SubnetNetwork } from '../subnet/index.ts';
import {
  holdsAddresses,
  parseAllowed,
  refusedAddresses,
  type AddressScope,
  type Allowed,
} from './allowed.ts';

/** The Port that holds a value, for messages. `isRemoved`: the Port no longer exists, and its rows still do. */
interface Holders {
  readonly holderName: (uid: string | undefined) => string;
  readonly isRemoved: (uid: string | undefined) => boolean;
}

/** The addresses of a Port in its Subnet. */
export interface Addressing {
  readonly address: Address;
  /** MAC addresses are in canonical form. */
  readonly mac: string;
  readonly allowed: readonly Allowed[];
  /** The networks of `allowed` in the Subnet, which the Port shares. */
  readonly shares: readonly Cidr[];
  /** Why an entry of `allowedAddresses` is not in effect. */
  readonly refused: Problem | undefined;
}

/** The holder of a value on the segment of the Subnet, who may be another tenant. */
const OTHER_NETWORK = 'another network on the VLAN of the Subnet';

const OTHER_ADDRESS = 'create the Port with another ipAddress, or without ipAddress.';

const unusableBecause: Readonly<Record<Exclude<Unusable, 'outside'>, string>> = {
  network: 'is the network address of',
  broadcast: 'is the broadcast address of',
  gateway: 'is the gateway address of',
  reserved: 'is reserved in',
};

/**
 * Holds the MAC addresses and the address of a Port: those in its spec, otherwise a computed MAC address and an
 * allocated address.
 */
export function assignAddressing(
  pools: Pools,
  ports: ReadStore<Port>,
  network: SubnetNetwork,
  pool: SubnetPool,
  port: Port,
  around: AddressScope['around'],
): Checked<Addressing> {
  const allowed = parseAllowed(port.spec);
  if (!allowed.ok) return allowed;
  const subnetUid = network.subnet.metadata.uid;
  pools.setParent(port.metadata.uid, subnetUid);
  const wait = (pool: string, line?: string) => pools.waiting.add(pool, 'Port', keyOf(port), line);
  const holderName = (uid: string | undefined) => {
    if (uid === undefined) return OTHER_NETWORK;
    const holder = ports.byUid(uid);
    return holder === undefined
      ? 'a Port that the operator is removing'
      : `the Port "${holder.metadata.name}"`;
  };
  const isRemoved = (uid: string | undefined) => uid !== undefined && ports.byUid(uid) === undefined;
  const holders = { holderName, isRemoved };
  const mac = assignMac(network, pool, port, holders);
  if (!mac.ok) {
    const wanted = parseMac(port.spec.macAddress ?? computeMac(port.metadata.uid, 'lsp'));
    if (wanted.ok) wait(valueOf(subnetUid, wanted.value), 'own');
    return mac;
  }
  const address = assignAddress(network, pool, port, holders);
  if (!address.ok) {
    const wanted = parseAddress(port.spec.ipAddress ?? '', { family: 4 });
    if (address.problem.reason === 'PoolExhausted') wait(subnetUid, 'any address');
    else {
      // A network that other Ports shared becomes free like a change of the ranges.
      const text = wanted.ok ? formatAddress(wanted.value) : undefined;
      if (text !== undefined) wait(valueOf(subnetUid, text), 'this address');
      wait(rangesOf(subnetUid), text);
    }
    return address;
  }
  const conflicts = shareMacs(network, pool, port, holderName);
  const refusals = allowed.value.map(({ mac: shared }, index) => {
    const conflict = shared === undefined ? undefined : conflicts.get(shared);
    return conflict === undefined ? undefined : macRefusal(index, conflict);
  });
  const shares = shareAddresses(network, pool, port, {
    allowed: allowed.value,
    around,
    refusals,
    holderName,
  });
  const refused = refusals.filter((each) => each !== undefined);
  for (const conflict of conflicts.keys()) wait(valueOf(subnetUid, conflict), 'share');
  // Ports that are refused the same networks wait in one line.
  const texts = allowed.value.filter((_each, index) => refusals[index] !== undefined);
  if (texts.length > 0) wait(subnetUid, texts.map(({ network: each }) => formatCidr(each)).join());
  return good({
    mac: mac.value,
    address: address.value,
    allowed: allowed.value.filter((_each, index) => refusals[index] === undefined),
    shares,
    refused: refused[0] && {
      reason: refused[0].reason,
      message: refused
        .slice(0, MAX_REFUSALS)
        .map(({ message }) => message)
        .join(' '),
    },
  });
}

/** The number of refused entries that a message describes. */
const MAX_REFUSALS = 3;

const macRefusal = (index: number, conflict: string): Problem => ({
  reason: 'MACConflict',
  message:
    `spec.allowedAddresses[${index}].mac: ${conflict}. ` +
    'The operator ignores the entries of spec.allowedAddresses with this MAC address; use another MAC address.',
});

/**
 * Makes the Port share the additional addresses in its Subnet, and adds the refused entries to `refusals`.
 *
 * @returns the networks that the Port shares
 */
function shareAddresses(
  { subnet, cidr, gatewayIP, vpcRange, isShared }: SubnetNetwork,
  { addresses }: SubnetPool,
  { metadata: { uid }, spec }: Port,
  {
    allowed,
    around,
    refusals,
    holderName,
  }: {
    readonly allowed: readonly Allowed[];
    readonly around: AddressScope['around'];
    readonly refusals: (Problem | undefined)[];
    readonly holderName: (uid: string | undefined) => string;
  },
): readonly Cidr[] {
  const gateway =
    gatewayIP === undefined ? undefined : fromParsed(parseAddress(gatewayIP), 'status.gatewayIP');
  const scope = { subnet: cidr, gateway: gateway?.ok ? gateway.value : undefined, vpc: vpcRange, around };
  const shares: Cidr[] = [];
  for (const [index, { network }] of allowed.entries()) {
    if (refusals[index] !== undefined) continue;
    const refuse = (why: string, remedy = 'use other addresses') => {
      const message = `spec.allowedAddresses[${index}].cidr: ${formatCidr(network)} ${why}. The operator ignores the entry; ${remedy}.`;
      refusals[index] = { reason: 'AllowedAddressRefused', message };
    };
    const why = refusedAddresses(spec, network, scope);
    if (why !== undefined) refuse(why);
    else if (isShared && (network.prefix < 32 || !containsCidr(cidr, network)))
      refuse(
        'is not a single address of the Subnet, and other tenants may be on its VLAN',
        'use single addresses (/32) of the Subnet',
      );
    else if (holdsAddresses(spec, network) && containsCidr(cidr, network)) {
      const refused = share(addresses, uid, [network]);
      const holder = refused.get(network);
      if (!refused.has(network)) shares.push(network);
      else if (holder === undefined) refuse(`is already used by ${OTHER_NETWORK}`);
      else
        refuse(
          `contains the address of ${holderName(holder)}. A virtual address belongs to no Port`,
          `delete that Port, and reserve the address in reservedRanges of the Subnet "${subnet.metadata.name}", or use another address`,
        );
    }
  }
  return shares;
}

function assignMac(
  { subnet }: SubnetNetwork,
  { macs }: SubnetPool,
  { metadata: { uid }, spec }: Port,
  { holderName, isRemoved }: Holders,
): Checked<string> {
  const parsed = parseMac(spec.macAddress ?? computeMac(uid, 'lsp'));
  if (!parsed.ok) return bad('InvalidMAC', `spec.macAddress: ${parsed.message}.`);
  const taken = (holder: string, isTemporary = false) =>
    bad('MACConflict', `${macConflict(parsed.value, holder)}; use another MAC address.`, isTemporary);
  const infrastructure = infrastructureWith(parsed.value, subnet.metadata.uid);
  if (infrastructure !== undefined) return taken(infrastructure);
  const claim = macs.claim(uid, parsed.value);
  if (claim.ok) return good(parsed.value);
  return taken(holderName(claim.holder), isRemoved(claim.holder));
}

/**
 * Makes the Port share the additional MAC addresses of its spec.
 *
 * @returns the refused MAC addresses, each with a clause
 */
function shareMacs(
  { subnet }: SubnetNetwork,
  { macs }: SubnetPool,
  { metadata: { uid }, spec }: Port,
  holderName: (uid: string | undefined) => string,
): ReadonlyMap<string, string> {
  const refused = new Map<string, string>();
  const free: string[] = [];
  for (const mac of sharedMacs(spec)) {
    const infrastructure = infrastructureWith(mac, subnet.metadata.uid);
    if (infrastructure === undefined) free.push(mac);
    else refused.set(mac, macConflict(mac, infrastructure));
  }
  for (const [mac, holder] of macs.share(uid, free)) refused.set(mac, macConflict(mac, holderName(holder)));
  return refused;
}

/**
 * Returns the MAC addresses of `allowedAddresses` in canonical form. The result is empty without spoofing protection,
 * because the VM may then use any address.
 */
export function sharedMacs({ allowedAddresses = [], spoofingProtection }: Port['spec']): readonly string[] {
  if (spoofingProtection === 'Disabled') return [];
  const parsed = allowedAddresses.flatMap(({ mac }) => (mac === undefined ? [] : [parseMac(mac)]));
  return [...new Set(parsed.flatMap((each) => (each.ok ? [each.value] : [])))];
}

const macConflict = (mac: string, holder: string): string => `${mac} is already a MAC address of ${holder}`;

/** Returns the part of the Subnet that has this MAC address; undefined if there is none. */
function infrastructureWith(mac: string, subnetUid: string): string | undefined {
  if (mac === computeMac(subnetUid, 'gateway')) return "the Subnet's gateway";
  return mac === computeMac(subnetUid, 'metadata') ? "the Subnet's metadata service" : undefined;
}

function assignAddress(
  { subnet, cidr }: SubnetNetwork,
  { addresses }: SubnetPool,
  { metadata: { uid }, spec }: Port,
  { holderName, isRemoved }: Holders,
): Checked<Address> {
  const where = `the Subnet "${subnet.metadata.name}" (${formatCidr(cidr)})`;
  if (spec.ipAddress === undefined) {
    const address = addresses.allocate(uid);
    if (address !== 'exhausted') return good(address);
    return bad(
      'PoolExhausted',
      `No address of ${where} is free; delete unused Ports, or widen allocationPools of the Subnet.`,
    );
  }
  const address = fromParsed(parseAddress(spec.ipAddress, { family: 4 }), 'spec.ipAddress');
  if (!address.ok) return address;
  const claim = addresses.claim(uid, address.value);
  if (claim.ok) return address;
  switch (claim.refused) {
    case 'taken':
      return bad(
        'IPAlreadyAllocated',
        `${spec.ipAddress} is already the address of ${holderName(claim.holder)}; ${OTHER_ADDRESS}`,
        isRemoved(claim.holder),
      );
    case 'shared':
      return bad(
        'IPAlreadyAllocated',
        `${spec.ipAddress} is in spec.allowedAddresses of ${holderName(claim.holder)}. A virtual address belongs to no ` +
          `Port: delete this Port, and reserve the address in reservedRanges of the Subnet; or ${OTHER_ADDRESS}`,
        isRemoved(claim.holder),
      );
    case 'taken-on-link':
      return bad(
        'IPAlreadyAllocated',
        `${spec.ipAddress} is already used by ${OTHER_NETWORK}; ${OTHER_ADDRESS}`,
      );
    case 'holds-another':
      return bad(
        'InvalidSpec',
        `The Port already has the address ${formatAddress(claim.held)}, and spec.ipAddress is immutable; ` +
          'create another Port.',
      );
    case 'outside':
      return bad('IPOutsideSubnet', `${spec.ipAddress} is outside the range of ${where}; ${OTHER_ADDRESS}`);
    default:
      return bad(
        'IPReserved',
        `${spec.ipAddress} ${unusableBecause[claim.refused]} ${where}; ${OTHER_ADDRESS}`,
      );
  }
}
