import {
  segmentKey,
  type ExternalNetwork,
  type ProviderNetwork,
  type Segment,
  type Subnet,
} from '../../api/index.ts';
import type { Env, Stores } from '../common/env.ts';
import { allowsNamespace } from '../common/namespace.ts';
import { isOlder } from '../common/oldest.ts';
import { bad, good, type Checked } from '../common/problem.ts';
import { externalSegment, listsVlan } from '../common/segments.ts';

/** The permission of a Subnet to use a segment. */
export interface Grant {
  readonly network: ProviderNetwork;
  readonly segment: Segment;
}

type Provider = NonNullable<Subnet['spec']['provider']>;

/**
 * Returns the segment that a Subnet of the namespace names, if its ProviderNetwork allows the namespace and the VLAN.
 * Without permission, the message does not reveal whether the ProviderNetwork exists.
 */
export function grantedSegment(
  stores: Pick<Stores, 'ProviderNetwork' | 'Namespace'>,
  namespace: string,
  { networkRef, vlanID }: Provider,
): Checked<Grant> {
  if (networkRef === undefined) {
    return bad(
      'InvalidSpec',
      'spec.provider.networkRef is required; create another Subnet that names a ProviderNetwork of an administrator.',
    );
  }
  const network = stores.ProviderNetwork.get(networkRef.name);
  if (network !== undefined && listsVlan(network, vlanID) && allowsNamespace(stores, network, namespace))
    return good({ network, segment: { physicalNetwork: network.spec.physicalNetwork, vlanID } });
  const part = vlanID === undefined ? 'its untagged frames' : `its VLAN ${vlanID}`;
  return bad(
    'ProviderNetworkNotAllowed',
    `The ProviderNetwork "${networkRef.name}" does not exist, or this namespace may not use ${part}; ` +
      'create the Subnet with another provider, or ask an administrator to allow the namespace and the VLAN.',
  );
}

/**
 * Whether an ExternalNetwork takes its segment away from the Subnets of `network`: it is in OVN, or older than
 * `network`.
 */
export function excludesSubnets(
  { segments }: Pick<Env['pools'], 'segments'>,
  external: ExternalNetwork,
  network: ProviderNetwork,
): boolean {
  return (
    segments.holds(external.metadata.uid, segmentKey(externalSegment(external))) || isOlder(external, network)
  );
}

/** Whether several Subnets may use one segment through the ProviderNetwork of this name. */
export function sharesSegments(stores: Pick<Stores, 'ProviderNetwork'>, name: string): boolean {
  return stores.ProviderNetwork.get(name)?.spec.subnetsPerSegment === 'Several';
}
