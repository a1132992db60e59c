import {
  containsAddress,
  containsCidr,
  formatAddress,
  formatCidr,
  parseAddress,
  parseCidr,
  type NatRule,
} from '../../api/index.ts';
import { refKey } from '../../reconcile/index.ts';
import { interfaceId } from '../rows/names.ts';
import { bad, fromParsed, good, type Checked } from '../common/problem.ts';
import { recordedCidr, recordedPort } from '../rows/recorded.ts';
import { vpcOf } from '../vpc/index.ts';
import type { NatContext, Sources } from './external.ts';

/** The internal side of a rule. */
export interface Internal {
  /** The address of the target, or the network of the source, in canonical form. */
  readonly address: string;
  /** The logical port of the target if the rule names a Port. */
  readonly logicalPort?: string;
  /** Whether the Port is in a Subnet on a physical network. */
  readonly isProvider?: boolean;
}

/** Returns the source of the translated traffic, or its target. */
export function internalSide(sources: Sources, rule: NatRule, context: NatContext): Checked<Internal> {
  const { source, target } = rule.spec;
  if (source?.subnetRef !== undefined) return subnetSource(sources, rule, source.subnetRef.name, context);
  if (source?.cidr !== undefined) return cidrSource(source.cidr, context);
  if (target?.portRef !== undefined) return portTarget(sources, rule, target.portRef.name, context);
  if (target?.address !== undefined) return addressTarget(target.address, context);
  return bad('InvalidSpec', 'The NatRule has neither spec.source nor spec.target; set one of them.');
}

function subnetSource(
  { stores, writer }: Sources,
  { metadata: { namespace = '' } }: NatRule,
  name: string,
  { vpc }: NatContext,
): Checked<Internal> {
  const subnet = stores.Subnet.get(refKey({ namespace, name }));
  if (subnet === undefined || vpcOf(stores, subnet)?.metadata.uid !== vpc.metadata.uid) {
    return bad(
      'SubnetNotFound',
      `There is no Subnet "${name}" in the VPC; create the Subnet, or correct the name.`,
    );
  }
  const recorded = recordedCidr(writer, subnet.metadata.uid, 'Logical_Switch');
  const inStatus = subnet.status?.switchName === undefined ? undefined : subnet.status.cidr;
  const cidr = inStatus ?? (recorded && formatCidr(recorded));
  return cidr === undefined
    ? bad('SubnetNotReady', `The Subnet "${name}" is not ready; check the conditions of the Subnet.`)
    : good({ address: cidr });
}

function cidrSource(text: string, { vpcCidr, vpc }: NatContext): Checked<Internal> {
  const cidr = fromParsed(parseCidr(text, { family: 4 }), 'spec.source.cidr');
  if (!cidr.ok) return cidr;
  if (containsCidr(vpcCidr, cidr.value)) return good({ address: formatCidr(cidr.value) });
  const range = `${formatCidr(vpcCidr)} of the VPC "${vpc.metadata.name}"`;
  return bad(
    'AddressOutsideVPC',
    `spec.source.cidr: ${text} is not inside the range ${range}; set a CIDR inside this range.`,
  );
}

function portTarget(
  { stores, writer }: Sources,
  { metadata: { namespace = '' } }: NatRule,
  name: string,
  { vpc }: NatContext,
): Checked<Internal> {
  const port = stores.Port.get(refKey({ namespace, name }));
  const subnet = port && stores.Subnet.get(refKey({ namespace, name: port.spec.subnetRef.name }));
  if (port === undefined || (subnet && vpcOf(stores, subnet)?.metadata.uid !== vpc.metadata.uid)) {
    return bad(
      'PortNotFound',
      `There is no Port "${name}" in the VPC; create the Port, or correct the name.`,
    );
  }
  const address = port.status?.ipAddress ?? recordedPort(writer, port.metadata.uid)?.ip;
  return address === undefined || subnet === undefined
    ? bad('PortNotReady', `The Port "${name}" has no address yet; check the conditions of the Port.`)
    : good({
        address,
        logicalPort: interfaceId(port.metadata.uid),
        isProvider: subnet.spec.provider !== undefined,
      });
}

function addressTarget(text: string, { vpcCidr, vpc }: NatContext): Checked<Internal> {
  const address = fromParsed(parseAddress(text, { family: 4 }), 'spec.target.address');
  if (!address.ok) return address;
  if (containsAddress(vpcCidr, address.value)) return good({ address: formatAddress(address.value) });
  const range = `${formatCidr(vpcCidr)} of the VPC "${vpc.metadata.name}"`;
  return bad(
    'AddressOutsideVPC',
    `spec.target.address: ${text} is not inside the range ${range}; set an address inside this range.`,
  );
}
