import type { TrafficPolicy, TrafficPolicyRule } from '../../api/index.ts';
import {
  and,
  inport,
  is,
  number,
  outport,
  parseNetwork,
  type Family,
  type OvnSymbol,
} from '../../ovn/index.ts';
import { matchCount } from '../common/limits.ts';
import { priority, type Acl } from '../rows/acl.ts';
import { infrastructure } from '../rows/infrastructure.ts';
import { directions, familiesOf, inField, oneOf, RuleError, transports } from '../rows/rule.ts';
import { commonDrop, complement, type Listed, type Transport } from './complement.ts';

type Lists = Pick<TrafficPolicy['spec'], 'ingress' | 'egress'>;

/** The ACLs of a policy. */
export interface PolicyAcls {
  readonly acls: readonly Acl[];
  /** The number of flow matches on a hypervisor, without those that the policies of a Port share. */
  readonly matchCount: number;
}

/**
 * Returns the ACLs of a policy. In each direction that the policy restricts, they drop the traffic that it does not
 * list, except the traffic that a VM needs before it has an address. Security groups apply to the remaining traffic,
 * because their priority is lower.
 *
 * @throws RuleError for a rule that cannot be expressed, which the schema normally rejects; the caller must drop
 *   everything
 */
export function policyAcls(spec: Lists, group: OvnSymbol): PolicyAcls {
  const drops = (['ingress', 'egress'] as const).flatMap((side) => {
    const rules = spec[side];
    if (rules === undefined) return [];
    const { direction, remote, members } = directions[side];
    const listed = rules.map((rule, index) => inField(`spec.${side}[${index}]`, () => listedOf(rule)));
    return ([4, 6] as const).flatMap((family) =>
      complement(
        family,
        remote,
        listed.flatMap((each) => each[family] ?? []),
      ).map((match) => ({
        acl: dropOf(direction, and(members({ group }), match)),
        isCommon: match === commonDrop[family],
      })),
    );
  });
  if (drops.length === 0) return { acls: [], matchCount: 0 };
  const [common, own] = [drops.filter(({ isCommon }) => isCommon), drops.filter(({ isCommon }) => !isCommon)];
  const all = [...infrastructureAcls(group), ...own.map(({ acl }) => acl)];
  return { acls: [...all, ...common.map(({ acl }) => acl)], matchCount: matchCount(all) };
}

/** Returns the ACLs of a policy that cannot be expressed: they drop all traffic in both directions. */
export function dropAllAcls(group: OvnSymbol): PolicyAcls {
  const acls = [
    ...infrastructureAcls(group),
    dropOf('from-lport', and(inport({ group }), is('ip'))),
    dropOf('to-lport', and(outport({ group }), is('ip'))),
  ];
  return { acls, matchCount: matchCount(acls) };
}

/**
 * With `allow-related`, answers pass a policy even if no group tracks connections, for example between Ports without
 * filtering.
 */
const infrastructureAcls = (group: OvnSymbol): readonly Acl[] =>
  infrastructure(group, priority.policyInfrastructure, 'allow-related');

const dropOf = (direction: Acl['direction'], match: Acl['match']): Acl => ({
  direction,
  priority: priority.policyDrop,
  match,
  action: 'drop',
});

/** Returns the rule for each IP version that it covers. */
function listedOf(rule: TrafficPolicyRule): Readonly<Partial<Record<Family, Listed>>> {
  const transport = transportOf(rule);
  const network = rule.remote && parseNetwork(rule.remote.cidr);
  const families = familiesOf(rule).filter((family) => network === undefined || network.family === family);
  if (families.length === 0)
    throw new RuleError(`${rule.remote?.cidr ?? ''} has the wrong IP version for ${rule.protocol}`);
  const listed = { ...(network && { network }), ...(transport && { transport }) };
  return Object.fromEntries(families.map((family) => [family, listed]));
}

function transportOf({ protocol, ports, icmp }: TrafficPolicyRule): Listed['transport'] {
  switch (protocol) {
    case 'All':
      return undefined;
    case 'ICMP':
    case 'ICMPv6':
      return icmp === undefined ? { protocol: 'icmp' } : { protocol: 'icmp', values: messages(icmp) };
    default: {
      const transport = oneOf(transports, protocol);
      if (ports === undefined) return { protocol: transport };
      const values = { min: ports.min, max: ports.max ?? ports.min };
      return { protocol: transport, values: checked(transport, values) };
    }
  }
}

/** Returns a range of types and codes as `type * 256 + code`. */
function messages({ type, code }: NonNullable<TrafficPolicyRule['icmp']>) {
  number('icmp4.type', type);
  if (code !== undefined) number('icmp4.code', code);
  return { min: type * 256 + (code ?? 0), max: type * 256 + (code ?? 255) };
}

/**
 * Returns the range unchanged if it is a valid range of ports.
 *
 * @throws MatchError for an invalid range
 */
function checked<T extends { readonly min: number; readonly max: number }>(
  transport: Exclude<Transport, 'icmp'>,
  range: T,
): T {
  number(`${transport}.dst`, range);
  return range;
}
