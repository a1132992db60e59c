import type { SecurityGroup, SecurityGroupRule } from '../../api/index.ts';
import {
  and,
  ip,
  ipOfGroup,
  is,
  number,
  or,
  parseNetwork,
  type Match,
  type OvnSymbol,
} from '../../ovn/index.ts';
import { priority, type Acl } from '../rows/acl.ts';
import { directions, familiesOf, inPlace, oneOf, RuleError, transports } from '../rows/rule.ts';

const actions = { Enabled: 'allow-related', Disabled: 'allow-stateless' } as const;
/** The name of the port group of a remote group by its name; undefined while it is not in OVN. */
export type RemoteGroup = (name: string) => OvnSymbol | undefined;

/**
 * The ACLs that allow what a group's rules say; one a rule. A rule whose remote group is not there is left out: it
 * matches nothing.
 *
 * @throws MatchError or AddressError for a rule that cannot be expressed, which the schema refuses: the caller must
 * close the group. The error's message is prefixed with the rule's place.
 */
export function ruleAcls(
  spec: Pick<SecurityGroup['spec'], 'ingress' | 'egress' | 'stateful'>,
  group: OvnSymbol,
  remoteGroup: RemoteGroup,
): readonly Acl[] {
  const action = inPlace('spec.stateful', () => oneOf(actions, spec.stateful));
  return (['ingress', 'egress'] as const).flatMap((side) => {
    const { direction, remote, members } = directions[side];
    return (spec[side] ?? []).flatMap((rule, index): readonly Acl[] => {
      const match = inPlace(`spec.${side}[${index}]`, () => ruleMatch(rule, remote, remoteGroup));
      if (match === undefined) return [];
      return [{ direction, priority: priority.allow, match: and(members({ group }), match), action }];
    });
  });
}

function ruleMatch(
  rule: SecurityGroupRule,
  side: 'src' | 'dst',
  remoteGroup: RemoteGroup,
): Match | undefined {
  const { cidr, securityGroupRef } = rule.remote ?? {};
  if (securityGroupRef !== undefined) {
    const group = remoteGroup(securityGroupRef.name);
    if (group === undefined) return undefined;
    const families = familiesOf(rule).map((family) => ipOfGroup(family, side, group));
    return and(or(...families), protocolMatch(rule));
  }
  if (cidr === undefined) return and(familyMatch(rule), protocolMatch(rule));
  const network = parseNetwork(cidr);
  if (!familiesOf(rule).includes(network.family))
    throw new RuleError(`${cidr} has the wrong IP version for ${rule.protocol}`);
  return and(
    is(network.family === 4 ? 'ip4' : 'ip6'),
    ip(network.family, side, [network]),
    protocolMatch(rule),
  );
}

/** That it is IP at all, where the protocol does not say so. */
function familyMatch({ protocol }: SecurityGroupRule): Match {
  return protocol === 'All' ? is('ip') : and();
}

function protocolMatch({ protocol, ports, icmp }: SecurityGroupRule): Match {
  switch (protocol) {
    case 'All':
      return and();
    case 'ICMP':
    case 'ICMPv6': {
      const field = protocol === 'ICMP' ? 'icmp4' : 'icmp6';
      const type = icmp === undefined ? and() : number(`${field}.type`, icmp.type);
      const code = icmp?.code === undefined ? and() : number(`${field}.code`, icmp.code);
      return and(is(field), type, code);
    }
    default: {
      const field = oneOf(transports, protocol);
      const range = ports && number(`${field}.dst`, { min: ports.min, max: ports.max ?? ports.min });
      return and(is(field), range ?? and());
    }
  }
}
