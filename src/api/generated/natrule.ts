// Generated from crds/ by scripts/generate.ts. Do not edit: change crds/ and run `npm run generate`.
import type { ObjectMeta } from '../object.ts';
import type { API_VERSION, Condition, LocalReference } from './common.ts';

/**
 * NatRule translates addresses between a VPC and the network outside: SNAT for what leaves, DNAT for single
 * ports of an external address, FloatingIP for a whole external address.
 */
export interface NatRule {
  readonly apiVersion: typeof API_VERSION;
  readonly kind: 'NatRule';
  readonly metadata: ObjectMeta;
  readonly spec: NatRuleSpec;
  readonly status?: NatRuleStatus;
}

/** What is translated. */
export interface NatRuleSpec {
  /**
   * `SNAT` gives outgoing traffic of `source` another source address; `DNAT` forwards one port of an
   * external address; `FloatingIP` maps an external address to a Port, both ways.
   */
  readonly type: 'SNAT' | 'DNAT' | 'FloatingIP';
  /** The VPC whose router translates. Unset: the namespace's VPC. */
  readonly vpcRef?: LocalReference;
  /** The external IPv4 address. Unset, with `floatingIPRef` unset too: the address of the VPC's gateway. */
  readonly externalIP?: string;
  /** The FloatingIP whose address is the external address. */
  readonly floatingIPRef?: LocalReference;
  /** SNAT: whose traffic is translated. */
  readonly source?: NatRuleSource;
  /** DNAT: the protocol that is forwarded. */
  readonly protocol?: 'TCP' | 'UDP' | 'SCTP';
  /** DNAT: the port of the external address. */
  readonly externalPort?: number;
  /** DNAT and FloatingIP: who gets the traffic. */
  readonly target?: NatRuleTarget;
  /** DNAT: the port of the target. Unset: the same as `externalPort`. */
  readonly internalPort?: number;
  /**
   * FloatingIP: where the address is translated. `Centralized`: on the gateway chassis. `Distributed`: on
   * the machine's own hypervisor, where it has the physical network. Unset: `Centralized`.
   */
  readonly mode?: 'Centralized' | 'Distributed';
}

/** SNAT: whose traffic is translated. */
export interface NatRuleSource {
  /** A network inside the VPC. */
  readonly cidr?: string;
  /** A Subnet of the VPC. */
  readonly subnetRef?: LocalReference;
}

/** DNAT and FloatingIP: who gets the traffic. */
export interface NatRuleTarget {
  /** A Port of the VPC. */
  readonly portRef?: LocalReference;
  /** DNAT: an IPv4 address inside the VPC. */
  readonly address?: string;
}

/** What the NatRule is. */
export interface NatRuleStatus {
  /** The newest `metadata.generation` that this status speaks of. */
  readonly observedGeneration?: number;
  /** The state of the object in standard conditions; `Ready` sums up the others. */
  readonly conditions?: readonly Condition[];
  /** The external address in effect. */
  readonly externalIP?: string;
  /** The internal address or network in effect. */
  readonly internalIP?: string;
}
