import {
  containsCidr,
  formatCidr,
  parseCidr,
  type Cidr,
  type VPC,
  type VPCPeering,
} from '../../api/index.ts';
import type { Env } from '../common/env.ts';
import { bad, collect, fromParsed, good, type Checked } from '../common/problem.ts';
import { MAX_NAMED } from '../pools/contenders.ts';
import { oldestVpc, requireVpc, vpcNotReady, vpcRange } from '../vpc/index.ts';
import { recordedCidr, type Consent } from '../rows/recorded.ts';
import { consentOf } from './consent.ts';
import { peeringsOf } from './kind.ts';

export type Sources = Pick<Env, 'stores' | 'pools' | 'writer'>;

/** One side of a connection. */
export interface Side {
  readonly peering: VPCPeering;
  readonly vpc: VPC;
  readonly range: Cidr;
  /** The networks that the other side can reach, and from which it can be reached: all of the VPC, or less. */
  readonly advertised: readonly Cidr[];
  /** The networks of the other side that this side accepts. Undefined: the range in the consent. */
  readonly accepted: readonly Cidr[] | undefined;
  readonly consent: Consent;
}

/** Returns the side of a peering, from the objects of its own namespace only. */
export function sideOf(sources: Sources, peering: VPCPeering): Checked<Side> {
  const { stores, writer } = sources;
  const { namespace = '' } = peering.metadata;
  const { peer, advertisedCIDRs, acceptedCIDRs } = peering.spec;
  if (peer.namespace === namespace) {
    return bad(
      'InvalidSpec',
      'spec.peer.namespace is the namespace of the VPCPeering; set the namespace of the other VPC.',
    );
  }
  const conflict = siblingConflict(sources, peering);
  if (conflict !== undefined) return bad('PeeringConflict', conflict);
  const found = requireVpc(stores, peering);
  if (!found.ok) return found;
  const vpc = found.value;
  if (vpc.metadata.uid !== oldestVpc(stores, namespace)?.metadata.uid)
    return bad(
      'VPCNotFound',
      `The VPC "${vpc.metadata.name}" is not in effect because the namespace has an older VPC; correct spec.vpcRef.`,
    );
  // The row has precedence over the status: a tenant who can write the status must not change the range.
  const range = recordedCidr(writer, vpc.metadata.uid, 'Logical_Router') ?? vpcRange(writer, vpc);
  if (range === undefined) return vpcNotReady(vpc);
  const advertised = networksIn('advertisedCIDRs', advertisedCIDRs);
  if (!advertised.ok) return advertised;
  const outside = advertised.value.findIndex((cidr) => !containsCidr(range, cidr));
  if (outside >= 0)
    return bad(
      'AddressOutsideVPC',
      `spec.advertisedCIDRs[${outside}]: ${advertisedCIDRs?.[outside]} is not inside the range ${formatCidr(range)} of the VPC; set a CIDR inside this range.`,
    );
  const accepted = networksIn('acceptedCIDRs', acceptedCIDRs);
  if (!accepted.ok) return accepted;
  return good({
    peering,
    vpc,
    range,
    advertised: advertised.value.length === 0 ? [range] : advertised.value,
    accepted: acceptedCIDRs === undefined ? undefined : accepted.value,
    consent: consentOf(sources, peering),
  });
}

/** Returns a message if an older peering names the same namespace. Only the messages of the first ones name it. */
function siblingConflict({ stores }: Sources, { metadata, spec }: VPCPeering): string | undefined {
  const older: string[] = [];
  for (const sibling of peeringsOf(stores, metadata.namespace ?? '', spec.peer.namespace)) {
    if (sibling.metadata.uid === metadata.uid) {
      const [name] = older;
      return name === undefined
        ? undefined
        : `The older VPCPeering "${name}" already names the same namespace; delete one of the two.`;
    }
    older.push(sibling.metadata.name);
    if (older.length > MAX_NAMED) break;
  }
  return `More than ${MAX_NAMED} older VPCPeerings already name the same namespace; delete the others.`;
}

const networksIn = (field: string, texts: readonly string[] = []): Checked<readonly Cidr[]> =>
  collect(texts.map((text, index) => fromParsed(parseCidr(text, { family: 4 }), `spec.${field}[${index}]`)));

/** Whether the peering names this VPC, directly or by its namespace. */
export const namesVpc = ({ spec: { peer } }: VPCPeering, { metadata }: VPC): boolean =>
  metadata.namespace === peer.namespace && (peer.name === undefined || peer.name === metadata.name);
