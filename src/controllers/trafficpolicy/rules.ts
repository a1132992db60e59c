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
import { priority, type Acl } from '../rows/acl.ts';
import { infrastructure } from '../rows/infrastructure.ts';
import { directions, familiesOf, inPlace, oneOf, RuleError, transports } from '../rows/rule.ts';
import { complement, type Listed, type Transport } from './complement.ts';

type Lists = Pick<TrafficPolicy['spec'], 'ingress' | 'egress'>;

/**
 * The ACLs of a policy: in each direction that it restricts they drop what it does not list, except what a machine
 * needs before it has an address. Security groups are asked below them, about what is left.
 *
 * @throws RuleError for a rule that cannot be expressed, which the schema refuses: then everything must be dropped.
 */
export function policyAcls(spec: Lists, group: OvnSymbol): readonly Acl[] {
  const drops = (['ingress', 'egress'] as const).flatMap((side) => {
    const rules = spec[side];
    if (rules === undefined) return [];
    const { direction, remote, members } = directions[side];
    const listed = rules.map((rule, index) => inPlace(`spec.${side}[${index}]`, () => listedOf(rule)));
    const matches = ([4, 6] as const).flatMap((family) =>
      complement(
        family,
        remote,
        listed.flatMap((each) => each[family] ?? []),
      ),
    );
    return matches.map((match) => dropOf(direction, and(members({ group }), match)));
  });
  return drops.length === 0 ? [] : [...lifelines(group), ...drops];
}

/** The ACLs of a policy that cannot be expressed: everything is forbidden, both ways. */
export function closedPolicy(group: OvnSymbol): readonly Acl[] {
  return [
    ...lifelines(group),
    dropOf('from-lport', and(inport({ group }), is('ip'))),
    dropOf('to-lport', and(outport({ group }), is('ip'))),
  ];
}

/** Answers must pass a policy even where no group keeps state, as among Ports that are not filtered. */
const lifelines = (group: OvnSymbol): readonly Acl[] =>
  infrastructure(group, priority.policyInfrastructure, 'allow-related');

const dropOf = (direction: Acl['direction'], match: Acl['match']): Acl => ({
  direction,
  priority: priority.policyDrop,
  match,
  action: 'drop',
});

/** A rule by IP version: of one, or of both. */
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

/** Types and codes as `type * 256 + code`. */
function messages({ type, code }: NonNullable<TrafficPolicyRule['icmp']>) {
  number('icmp4.type', type);
  if (code !== undefined) number('icmp4.code', code);
  return { min: type * 256 + (code ?? 0), max: type * 256 + (code ?? 255) };
}

/** @throws MatchError for what is no range of ports. */
function checked<T extends { readonly min: number; readonly max: number }>(
  transport: Exclude<Transport, 'icmp'>,
  range: T,
): T {
  number(`${transport}.dst`, range);
  return range;
}
