import { formatCidr, parseCidr, type Cidr, type VPC, type VPCPeering } from '../../api/index.ts';
import { row, rowUuid, type DesiredRow } from '../../ovn/index.ts';
import type { Env } from '../common/env.ts';
import { consentGroupName, PEER_NAMESPACE_MARK, PEER_RANGE_MARK, PEER_VPC_MARK } from '../rows/names.ts';
import { recordedConsent, type Consent } from '../rows/recorded.ts';

/*
 * A VPCPeering consents to one VPC, not to a name: another VPC with the same name may belong to another tenant, or
 * have another range. The consent is recorded when the two sides are first matched.
 */

/**
 * Returns the recorded consent of a peering. The rows have precedence over the status, because tenants cannot write
 * rows. `spec.peer.vpcUID` has precedence over both: it is how a user consents to another VPC.
 */
export function consentOf({ writer }: Pick<Env, 'writer'>, { metadata, spec, status }: VPCPeering): Consent {
  const recorded = recordedConsent(writer, metadata.uid);
  const vpcUid = spec.peer.vpcUID ?? recorded.vpcUid ?? status?.consent?.vpcUID;
  const range = parseCidr(status?.consent?.cidr ?? '', { family: 4 });
  const known =
    recorded.vpcUid !== undefined
      ? recorded
      : { vpcUid: status?.consent?.vpcUID, range: range.ok ? range.value : undefined };
  return {
    namespaceUid: recorded.namespaceUid,
    vpcUid,
    range: vpcUid === known.vpcUid ? known.range : undefined,
  };
}

/**
 * Whether the consent covers the VPC. Before the first match it covers every VPC of the namespace to which the name
 * referred at first: not those of a namespace that was created again.
 */
export function covers(
  { stores }: Pick<Env, 'stores'>,
  { namespaceUid, vpcUid }: Consent,
  { metadata }: VPC,
): boolean {
  if (vpcUid !== undefined) return vpcUid === metadata.uid;
  return namespaceUid === undefined || namespaceUid === namespaceUidOf(stores, metadata.namespace);
}

/** Returns the consent to record for a peering whose other side has not agreed: to the namespace that exists now. */
export function pendingConsent(sources: Pick<Env, 'stores' | 'writer'>, peering: VPCPeering): Consent {
  const consent = consentOf(sources, peering);
  if (consent.vpcUid !== undefined || consent.namespaceUid !== undefined) return consent;
  return { ...consent, namespaceUid: namespaceUidOf(sources.stores, peering.spec.peer.namespace) };
}

/** Returns the consent to record for a peering that matches a VPC. */
export function givenConsent(consent: Consent, vpc: VPC, range: Cidr): Consent {
  return { namespaceUid: undefined, vpcUid: vpc.metadata.uid, range: consent.range ?? range };
}

/** Returns the row that records a consent; none without consent. */
export function consentRows(
  peeringUid: string,
  { namespaceUid, vpcUid, range }: Consent,
): readonly DesiredRow[] {
  const marks = Object.entries({
    [PEER_NAMESPACE_MARK]: namespaceUid,
    [PEER_VPC_MARK]: vpcUid,
    [PEER_RANGE_MARK]: range && formatCidr(range),
  }).filter((entry): entry is [string, string] => entry[1] !== undefined);
  if (marks.length === 0) return [];
  const name = consentGroupName(peeringUid);
  return [
    row('Port_Group', rowUuid(peeringUid, 'consent'), { name, external_ids: Object.fromEntries(marks) }),
  ];
}

const namespaceUidOf = ({ Namespace }: Env['stores'], name = ''): string | undefined =>
  Namespace.get(name)?.metadata.uid;
