import { computeMac, type NatRule } from '../../api/index.ts';
import { member, row, rowUuid, symbol, type DesiredRow, type DesiredState } from '../../ovn/index.ts';
import { EXTERNAL_MARK, routerUuid, switchUuid } from '../rows/names.ts';
import type { Internal } from './internal.ts';

/** The facts, besides the spec, from which the rows of a NatRule follow. */
interface NatFacts {
  readonly vpcUid: string;
  readonly networkUid: string;
  /** In canonical form. */
  readonly external: string;
  readonly internal: Internal;
  /** For distributed floating IPs: whether the interface of the target is up. */
  readonly isUp: boolean;
  /** An address of the ExternalNetwork that no machine can have: its network address. */
  readonly unusedAddress: string;
  /** UIDs of the Subnets from which VMs must also reach a forwarded port. */
  readonly subnetUids: readonly string[];
}

/** Returns the rows of a NatRule. */
export function planNatRule(rule: NatRule, facts: NatFacts): DesiredState {
  return rule.spec.type === 'DNAT' ? forward(rule, facts) : translate(rule, facts);
}

/** SNAT and floating IPs: one NAT row. */
function translate({ metadata: { uid }, spec }: NatRule, facts: NatFacts): DesiredState {
  const { vpcUid, networkUid, external, internal } = facts;
  const isDistributed = spec.type === 'FloatingIP' && spec.mode === 'Distributed' && facts.isUp;
  const nat = row('NAT', rowUuid(uid, 'nat'), {
    type: spec.type === 'SNAT' ? 'snat' : 'dnat_and_snat',
    external_ip: external,
    logical_ip: internal.address.replace(/\/32$/, ''),
    ...(isDistributed && {
      logical_port: internal.logicalPort,
      external_mac: floatingMac(networkUid, external),
    }),
    external_ids: { [EXTERNAL_MARK]: networkUid },
  });
  return { rows: [nat], memberships: [member('Logical_Router', routerUuid(vpcUid), 'nat', nat.uuid)] };
}

/**
 * Returns the MAC address of a distributed floating IP. It is a function of the address and not of the rule, so the
 * ARP caches of neighbours stay correct when the address gets a new owner.
 */
function floatingMac(networkUid: string, external: string): string {
  return computeMac(networkUid, `floating/${external}`);
}

/**
 * DNAT: a load balancer with one backend, because rows of the table NAT have no destination port. The router
 * translates traffic from outside. The switches translate traffic from VMs inside, because the router would translate
 * it only on the gateway chassis.
 */
function forward({ metadata: { uid }, spec }: NatRule, facts: NatFacts): DesiredState {
  const { protocol = 'TCP', externalPort = 0, internalPort = externalPort } = spec;
  const balancer: DesiredRow = row('Load_Balancer', rowUuid(uid, 'forward'), {
    name: symbol(uid, 'forward'),
    protocol: protocol.toLowerCase(),
    vips: { [`${facts.external}:${externalPort}`]: `${facts.internal.address}:${internalPort}` },
    // A machine that uses its own forwarded port gets its packets from an address that no machine has. From then on,
    // OVN returns every answer to this address to the machine itself (ovn-nb(5), hairpin_snat_ip). The default is the
    // external address, from which the machine also gets the packets of its neighbours to its floating IP.
    options: { hairpin_snat_ip: facts.unusedAddress },
    external_ids: { [EXTERNAL_MARK]: facts.networkUid },
  });
  return {
    rows: [balancer],
    memberships: [
      member('Logical_Router', routerUuid(facts.vpcUid), 'load_balancer', balancer.uuid),
      ...facts.subnetUids.map((subnetUid) =>
        member('Logical_Switch', switchUuid(subnetUid), 'load_balancer', balancer.uuid),
      ),
    ],
  };
}
