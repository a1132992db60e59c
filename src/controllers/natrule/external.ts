import { formatAddress, parseAddress, type NatRule, type VPC } from '../../api/index.ts';
import { refKey } from '../../reconcile/index.ts';
import type { Env, Stores } from '../env.ts';
import { refusalText } from '../floatingip/controller.ts';
import { bad, fromParsed, good, type Checked } from '../problem.ts';
import { vpcNetwork } from '../vpc/kind.ts';
import { vpcOf } from '../vpc/lookup.ts';
import type { Cidr, ExternalNetwork } from '../../api/index.ts';

/** Where a NatRule works: a router with a gateway. */
export interface NatPlace {
  readonly vpc: VPC;
  readonly vpcCidr: Cidr;
  readonly network: ExternalNetwork;
  /** The address of the router on the external network. */
  readonly gatewayIP: string;
}

/** The VPC of a rule and its way out, as they are in OVN. */
export function natPlace(stores: Stores, rule: NatRule): Checked<NatPlace> {
  const vpc = vpcOf(stores, rule);
  if (vpc === undefined) {
    const { vpcRef } = rule.spec;
    const message =
      vpcRef === undefined
        ? 'The namespace has no VPC.'
        : `There is no VPC "${vpcRef.name}" in the namespace.`;
    return bad('VPCNotFound', message);
  }
  const vpcCidr = vpcNetwork(vpc);
  if (vpcCidr === undefined) return bad('VPCNotReady', `The VPC "${vpc.metadata.name}" is not ready.`);
  const [gatewayIP] = vpc.status?.gatewayIPs ?? [];
  const network = stores.externalNetworks.get(vpc.spec.externalGateway?.externalNetworkRef.name ?? '');
  if (gatewayIP === undefined || network === undefined) {
    return bad('NoExternalGateway', `The VPC "${vpc.metadata.name}" has no external gateway.`);
  }
  return good({ vpc, vpcCidr, network, gatewayIP });
}

/**
 * The external address that a rule's spec comes to; nothing is held for it. The text is canonical.
 */
export function externalAddress(
  stores: Stores,
  { metadata: { namespace = '' }, spec }: NatRule,
  { network, gatewayIP }: NatPlace,
): Checked<string> {
  if (spec.floatingIPRef === undefined) {
    if (spec.externalIP === undefined) return good(gatewayIP);
    const address = fromParsed(parseAddress(spec.externalIP, { family: 4 }), 'spec.externalIP');
    return address.ok ? good(formatAddress(address.value)) : address;
  }
  const { name } = spec.floatingIPRef;
  const floatingIP = stores.floatingIPs.get(refKey({ namespace, name }));
  if (floatingIP === undefined) {
    return bad('FloatingIPNotFound', `There is no FloatingIP "${name}" in the namespace.`);
  }
  const address = floatingIP.status?.address;
  if (address === undefined) return bad('FloatingIPNotReady', `The FloatingIP "${name}" has no address yet.`);
  const other = floatingIP.spec.externalNetworkRef.name;
  if (other === network.metadata.name) return good(address);
  return bad(
    'NatConflict',
    `The FloatingIP "${name}" is of the ExternalNetwork "${other}", and the VPC's gateway is on "${network.metadata.name}".`,
  );
}

/** Holds the address that a rule names itself; what it had before, or has no need for, is not touched. */
export function holdExternal(
  { pools, stores }: Pick<Env, 'pools' | 'stores'>,
  { metadata: { namespace = '', uid }, spec }: NatRule,
  { network, gatewayIP }: NatPlace,
  address: string,
): Checked<string> {
  if (spec.externalIP === undefined) return good(address);
  if (address === gatewayIP) {
    return bad(
      'NatConflict',
      `${address} is the address of the VPC's gateway: leave out externalIP to use it.`,
    );
  }
  const parsed = fromParsed(parseAddress(address, { family: 4 }), 'spec.externalIP');
  if (!parsed.ok) return parsed;
  const refused = pools.external.share(network.metadata.uid, namespace, uid, parsed.value);
  if (refused === undefined) return good(address);
  const floatingIP = typeof refused === 'object' ? stores.floatingIPs.byUid(refused.holder) : undefined;
  if (floatingIP?.metadata.namespace === namespace) {
    const { name } = floatingIP.metadata;
    return bad('NatConflict', `${address} is the FloatingIP "${name}": name it in floatingIPRef to use it.`);
  }
  const where = `the ExternalNetwork "${network.metadata.name}"`;
  return bad('NatConflict', `${address} ${refusalText(refused)} ${where}.`);
}
