import { formatAddress, parseAddress, type Address, type NatRule, type VPC } from '../../api/index.ts';
import { refKey } from '../../reconcile/index.ts';
import type { Env } from '../common/env.ts';
import { bad, fromParsed, good, type Checked } from '../common/problem.ts';
import { quotaLimits } from '../common/quota.ts';
import { tenantOf } from '../common/tenant.ts';
import { noCapacity } from '../externalnetwork/index.ts';
import { isCapacity, refusalText } from '../pools/external.ts';
import { recordedGateway } from '../rows/recorded.ts';
import { requireVpc, vpcNotReady, vpcOf, vpcRange } from '../vpc/index.ts';
import type { Cidr, ExternalNetwork } from '../../api/index.ts';

/** The sources for the references of a rule: statuses, and the rows and pools when a status is missing. */
export type Sources = Pick<Env, 'stores' | 'pools' | 'writer'>;

/** The context of a NatRule: a router with a gateway. */
export interface NatContext {
  readonly vpc: VPC;
  readonly vpcCidr: Cidr;
  readonly network: ExternalNetwork;
  /** The address of the router on the external network. */
  readonly gatewayIP: string;
}

/** Returns the VPC of a rule and its gateway, if OVN contains both. */
export function natContext({ stores, writer }: Sources, rule: NatRule): Checked<NatContext> {
  const found = requireVpc(stores, rule);
  if (!found.ok) return found;
  const vpc = found.value;
  const vpcCidr = vpcRange(writer, vpc);
  if (vpcCidr === undefined) return vpcNotReady(vpc);
  const network = gatewayNetwork(stores, vpc);
  const gatewayIP = network && gatewayIPOf(writer, vpc, network);
  if (gatewayIP === undefined || network === undefined) {
    return bad(
      'NoExternalGateway',
      `The VPC "${vpc.metadata.name}" has no external gateway, or the gateway is not ready; ` +
        'set externalGateway in the VPC, or check the conditions of the VPC.',
    );
  }
  return good({ vpc, vpcCidr, network, gatewayIP });
}

/** Returns the ExternalNetwork that the VPC of a rule names. */
export function externalNetworkOf(stores: Sources['stores'], rule: NatRule): ExternalNetwork | undefined {
  const vpc = vpcOf(stores, rule);
  return vpc && gatewayNetwork(stores, vpc);
}

const gatewayNetwork = (stores: Sources['stores'], { spec }: VPC): ExternalNetwork | undefined =>
  stores.ExternalNetwork.get(spec.externalGateway?.externalNetworkRef.name ?? '');

function gatewayIPOf(writer: Sources['writer'], { metadata, status }: VPC, network: ExternalNetwork) {
  const [address] = status?.gatewayIPs ?? [];
  if (address !== undefined) return address;
  const recorded = recordedGateway(writer, metadata.uid);
  return recorded?.networkUid === network.metadata.uid ? formatAddress(recorded.address) : undefined;
}

/** Returns the external address that the spec of a rule selects, in canonical form. The function holds no address. */
export function externalAddress(
  { stores, pools }: Sources,
  { metadata: { namespace = '' }, spec }: NatRule,
  { network, gatewayIP }: NatContext,
): Checked<string> {
  if (spec.floatingIPRef === undefined) {
    if (spec.externalIP === undefined) return good(gatewayIP);
    const address = fromParsed(parseAddress(spec.externalIP, { family: 4 }), 'spec.externalIP');
    return address.ok ? good(formatAddress(address.value)) : address;
  }
  const { name } = spec.floatingIPRef;
  const floatingIP = stores.FloatingIP.get(refKey({ namespace, name }));
  if (floatingIP === undefined) {
    return bad(
      'FloatingIPNotFound',
      `There is no FloatingIP "${name}" in the namespace; create the FloatingIP, or correct the name.`,
    );
  }
  const other = floatingIP.spec.externalNetworkRef.name;
  const networkUid = stores.ExternalNetwork.get(other)?.metadata.uid ?? '';
  const held = pools.external.network(networkUid)?.heldBy(floatingIP.metadata.uid);
  const address = floatingIP.status?.address ?? (held && formatAddress(held));
  if (address === undefined)
    return bad(
      'FloatingIPNotReady',
      `The FloatingIP "${name}" has no address yet; check the conditions of the FloatingIP.`,
    );
  if (other === network.metadata.name) return good(address);
  return bad(
    'NatConflict',
    `The FloatingIP "${name}" belongs to the ExternalNetwork "${other}", but the gateway of the VPC is on ` +
      `"${network.metadata.name}"; use a FloatingIP of "${network.metadata.name}".`,
  );
}

/**
 * Holds the external address, so that rows may contain it. The rule itself shares an address that its spec names.
 * Otherwise the FloatingIP or the VPC must hold the address: a status is not sufficient, because its object may have
 * released the address since. The function does not change earlier holds of the rule.
 */
export function holdExternal(
  env: Pick<Env, 'pools' | 'stores' | 'policies'>,
  rule: NatRule,
  context: NatContext,
  address: string,
): Checked<Address> {
  const { pools, stores } = env;
  const { network, gatewayIP } = context;
  const { namespace = '', uid } = rule.metadata;
  if (rule.spec.externalIP === undefined) return heldByOther(env, rule, context, address);
  if (address === gatewayIP) {
    return bad(
      'NatConflict',
      `${address} is the address of the VPC's gateway; remove spec.externalIP to use this address.`,
    );
  }
  const parsed = fromParsed(parseAddress(address, { family: 4 }), 'spec.externalIP');
  if (!parsed.ok) return parsed;
  const limits = quotaLimits(env, namespace, 'externalAddresses');
  const tenant = tenantOf(stores, namespace);
  const refused = pools.external.share(network.metadata.uid, tenant, uid, parsed.value, limits);
  if (refused === undefined) return parsed;
  if (isCapacity(refused)) return { ok: false, problem: noCapacity(env, rule, network, refused) };
  const holder = typeof refused === 'object' ? refused.holder : undefined;
  const floatingIP = holder === undefined ? undefined : stores.FloatingIP.byUid(holder);
  if (floatingIP?.metadata.namespace === namespace) {
    const { name } = floatingIP.metadata;
    return bad(
      'NatConflict',
      `${address} is the address of the FloatingIP "${name}"; ` +
        'set spec.floatingIPRef instead of spec.externalIP to use this address.',
    );
  }
  const where = `the ExternalNetwork "${network.metadata.name}"`;
  return bad('NatConflict', `${address} ${refusalText(refused)} ${where}; set another spec.externalIP.`);
}

/**
 * Whether the rule holds its external address after the pools were rebuilt. Such a rule competes with the other rules,
 * also while it is not in effect, for example because its Port does not exist.
 */
export function holdsExternal(sources: Sources, rule: NatRule, context: NatContext): boolean {
  const external = externalAddress(sources, rule, context);
  if (!external.ok || gatewayConflict(rule, context, external.value) !== undefined) return false;
  if (rule.spec.externalIP === undefined) return heldByOther(sources, rule, context, external.value).ok;
  return sources.pools.external
    .sharesOf(rule.metadata.uid)
    .some(({ address }) => formatAddress(address) === external.value);
}

/** Returns a problem if a rule would translate the whole address of the gateway. */
export function gatewayConflict(
  { spec: { type } }: NatRule,
  { gatewayIP }: NatContext,
  address: string,
): Checked<never> | undefined {
  if (type !== 'FloatingIP' || address !== gatewayIP) return undefined;
  const message = `${address} is the address of the VPC's gateway; use another address for a NatRule of type FloatingIP.`;
  return bad('NatConflict', message);
}

function heldByOther(
  { pools, stores }: Pick<Env, 'pools' | 'stores'>,
  { metadata: { namespace = '' }, spec: { floatingIPRef } }: NatRule,
  { vpc, network }: NatContext,
  text: string,
): Checked<Address> {
  const floatingIP = floatingIPRef && stores.FloatingIP.get(refKey({ namespace, name: floatingIPRef.name }));
  const holder = floatingIP ?? vpc;
  const address = parseAddress(text, { family: 4 });
  if (address.ok && pools.external.holds(network.metadata.uid, holder.metadata.uid, address.value)) {
    return good(address.value);
  }
  const what = `The ${holder.kind} "${holder.metadata.name}"`;
  return floatingIP === undefined
    ? bad(
        'NoExternalGateway',
        `${what} no longer has an external gateway with the address ${text}; check the conditions of the VPC.`,
      )
    : bad(
        'FloatingIPNotReady',
        `${what} no longer has the address ${text}; check the conditions of the FloatingIP.`,
      );
}
