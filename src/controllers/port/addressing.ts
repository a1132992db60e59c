import {
  computeMac,
  formatAddress,
  formatCidr,
  parseAddress,
  parseCidr,
  parseMac,
  type Address,
  type Port,
} from '../../api/index.ts';
import type { Unusable } from '../../ipam/index.ts';
import { keyOf, type ReadStore } from '../../reconcile/index.ts';
import { oldestFirst } from '../oldest.ts';
import type { Pools, SubnetPool } from '../pools/pools.ts';
import { bad, collect, fromParsed, good, type Checked } from '../problem.ts';
import type { SubnetNetwork } from '../subnet/kind.ts';

/** What a Port is known by in its Subnet. */
export interface Addressing {
  readonly address: Address;
  readonly mac: string;
}

const unusableBecause: Readonly<Record<Unusable, string>> = {
  outside: 'is outside the range of',
  network: 'is the network address of',
  broadcast: 'is the broadcast address of',
  gateway: "is the gateway's address in",
  reserved: 'is reserved in',
};

/**
 * Holds for each Port the address that it names, the oldest first, before any is allocated: a Port that names none
 * must not be given one that another has asked for. What cannot be held is refused when that Port is looked at.
 */
export function claimNamed(pools: Pools, subnetUid: string, ports: Iterable<Port>): void {
  const pool = pools.subnet(subnetUid);
  if (pool === undefined) return;
  for (const { metadata, spec } of oldestFirst(ports)) {
    const address = spec.ipAddress === undefined ? undefined : parseAddress(spec.ipAddress, { family: 4 });
    if (address?.ok !== true || !pool.addresses.claim(metadata.uid, address.value).ok) continue;
    pools.setParent(metadata.uid, subnetUid);
  }
}

/** Holds a Port's MAC and address for it: those it names, else computed and allocated ones. */
export function assignAddressing(
  pools: Pools,
  ports: ReadStore<Port>,
  network: SubnetNetwork,
  pool: SubnetPool,
  port: Port,
): Checked<Addressing> {
  const allowed = checkAllowed(port);
  if (!allowed.ok) return allowed;
  const subnetUid = network.subnet.metadata.uid;
  pools.setParent(port.metadata.uid, subnetUid);
  const wait = () => pools.waiting.add(subnetUid, 'Port', keyOf(port));
  const holderName = (uid: string) => {
    const holder = ports.byUid(uid);
    return holder === undefined ? 'a Port that is being removed' : `the Port "${holder.metadata.name}"`;
  };
  const mac = assignMac(network, pool, port, holderName);
  if (!mac.ok) {
    wait();
    return mac;
  }
  const address = assignAddress(network, pool, port, holderName);
  if (!address.ok) {
    wait();
    return address;
  }
  return good({ mac: mac.value, address: address.value });
}

function assignMac(
  { subnet }: SubnetNetwork,
  { macs }: SubnetPool,
  { metadata: { uid }, spec }: Port,
  holderName: (uid: string) => string,
): Checked<string> {
  const parsed = parseMac(spec.macAddress ?? computeMac(uid, 'lsp'));
  if (!parsed.ok) return bad('InvalidMAC', `spec.macAddress: ${parsed.message}`);
  if (parsed.value === computeMac(subnet.metadata.uid, 'gateway')) {
    return bad('MACConflict', `${parsed.value} is the MAC address of the Subnet's gateway.`);
  }
  const claim = macs.claim(uid, parsed.value);
  if (claim.ok) return good(parsed.value);
  return bad('MACConflict', `${parsed.value} is the MAC address of ${holderName(claim.holder)}.`);
}

function assignAddress(
  { subnet, cidr }: SubnetNetwork,
  { addresses }: SubnetPool,
  { metadata: { uid }, spec }: Port,
  holderName: (uid: string) => string,
): Checked<Address> {
  const where = `the Subnet "${subnet.metadata.name}" (${formatCidr(cidr)})`;
  if (spec.ipAddress === undefined) {
    const address = addresses.allocate(uid);
    return address === 'exhausted' ? bad('PoolExhausted', `No address of ${where} is free.`) : good(address);
  }
  const address = fromParsed(parseAddress(spec.ipAddress, { family: 4 }), 'spec.ipAddress');
  if (!address.ok) return address;
  const claim = addresses.claim(uid, address.value);
  if (claim.ok) return address;
  switch (claim.refused) {
    case 'taken':
      return bad('IPAlreadyAllocated', `${spec.ipAddress} belongs to ${holderName(claim.holder)}.`);
    case 'holds-another':
      return bad(
        'InvalidSpec',
        `The Port has ${formatAddress(claim.held)}; spec.ipAddress cannot be changed.`,
      );
    default:
      return bad('IPOutsideSubnet', `${spec.ipAddress} ${unusableBecause[claim.refused]} ${where}.`);
  }
}

function checkAllowed({ spec }: Port): Checked<unknown> {
  return collect<unknown>(
    (spec.allowedAddresses ?? []).flatMap(({ cidr, mac }, index) => {
      const field = `spec.allowedAddresses[${index}]`;
      const parsed = mac === undefined ? { ok: true as const } : parseMac(mac);
      return [
        fromParsed(parseCidr(cidr, { family: 4 }), `${field}.cidr`),
        parsed.ok ? good(mac) : bad('InvalidMAC', `${field}.mac: ${parsed.message}`),
      ];
    }),
  );
}
