import {
  containsAddress,
  containsCidr,
  firstAddress,
  formatAddress,
  formatCidr,
  lastAddress,
  parseAddress,
  parseCidr,
  type Address,
  type NatRule,
  type Subnet,
  type VPC,
} from '../../api/index.ts';
import { refKey } from '../../reconcile/index.ts';
import { interfaceId } from '../rows/names.ts';
import { bad, fromParsed, good, type Checked } from '../common/problem.ts';
import { recordedCidr, recordedPort } from '../rows/recorded.ts';
import { staticDestinations, vpcOf } from '../vpc/index.ts';
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
  if (source?.cidr !== undefined) return cidrSource(sources, source.cidr, context);
  if (target?.portRef !== undefined) return portTarget(sources, rule, target.portRef.name, context);
  if (target?.address !== undefined) return addressTarget(sources, target.address, context);
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
  if (cidr === undefined)
    return bad('SubnetNotReady', `The Subnet "${name}" is not ready; check the conditions of the Subnet.`);
  return hasGateway(subnet) ? good({ address: cidr }) : withoutGateway(subnet);
}

function cidrSource(sources: Sources, text: string, { vpcCidr, vpc }: NatContext): Checked<Internal> {
  const cidr = fromParsed(parseCidr(text, { family: 4 }), 'spec.source.cidr');
  if (!cidr.ok) return cidr;
  if (!containsCidr(vpcCidr, cidr.value)) {
    const range = `${formatCidr(vpcCidr)} of the VPC "${vpc.metadata.name}"`;
    return bad(
      'AddressOutsideVPC',
      `spec.source.cidr: ${text} is not inside the range ${range}; set a CIDR inside this range.`,
    );
  }
  const [first, last] = [firstAddress(cidr.value), lastAddress(cidr.value)].map((address) =>
    subnetAt(sources, vpc, address),
  );
  return first !== undefined && first === last && !hasGateway(first)
    ? withoutGateway(first)
    : good({ address: formatCidr(cidr.value) });
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
  if (address === undefined || subnet === undefined)
    return bad('PortNotReady', `The Port "${name}" has no address yet; check the conditions of the Port.`);
  return hasGateway(subnet)
    ? good({
        address,
        logicalPort: interfaceId(port.metadata.uid),
        isProvider: subnet.spec.provider !== undefined,
      })
    : withoutGateway(subnet);
}

function addressTarget(sources: Sources, text: string, context: NatContext): Checked<Internal> {
  const { vpcCidr, vpc } = context;
  const address = fromParsed(parseAddress(text, { family: 4 }), 'spec.target.address');
  if (!address.ok) return address;
  if (!containsAddress(vpcCidr, address.value)) {
    const range = `${formatCidr(vpcCidr)} of the VPC "${vpc.metadata.name}"`;
    return bad(
      'AddressOutsideVPC',
      `spec.target.address: ${text} is not inside the range ${range}; set an address inside this range.`,
    );
  }
  const internal = good({ address: formatAddress(address.value) });
  const subnet = subnetAt(sources, vpc, address.value);
  if (subnet !== undefined) return hasGateway(subnet) ? internal : withoutGateway(subnet);
  const routes = staticDestinations(sources, vpc, vpcCidr);
  if (routes.some((network) => containsAddress(network, address.value))) return internal;
  return bad(
    'SubnetNotFound',
    `spec.target.address: ${text} is in no Subnet of the VPC; create the Subnet, or correct the address.`,
  );
}

/** Returns the Subnet of the VPC whose range contains the address. */
function subnetAt({ stores, pools }: Sources, vpc: VPC, address: Address): Subnet | undefined {
  return stores.Subnet.byUid(pools.subnetAt(vpc.metadata.uid, address) ?? '');
}

/** Whether the router of the VPC has a port in the Subnet. Otherwise it has no route to the Subnet. */
function hasGateway({ spec, status }: Subnet): boolean {
  return status?.switchName === undefined ? spec.gateway.mode !== 'None' : status.gatewayIP !== undefined;
}

const withoutGateway = ({ metadata: { name } }: Subnet): Checked<never> =>
  bad(
    'SubnetWithoutGateway',
    `The Subnet "${name}" has no gateway, so the router of the VPC cannot reach its machines; ` +
      'set gateway.mode of the Subnet to Automatic, or use a machine in another Subnet.',
  );
