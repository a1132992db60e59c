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
import { directions, familiesOf, inField, oneOf, RuleError, transports } from '../rows/rule.ts';

const actions = { Enabled: 'allow-related', Disabled: 'allow-stateless' } as const;
/** Returns the port group of the remote group with this name; undefined while OVN does not contain it. */
type RemoteGroup = (name: string) => OvnSymbol | undefined;

/**
 * Returns the ACLs of a group's rules, one per rule. The result omits a rule whose remote group OVN does not contain,
 * because the rule matches nothing.
 *
 * @throws RuleError for a rule that cannot be expressed, which the schema normally rejects; the caller must close the
 *   group
 */
export function ruleAcls(
  spec: Pick<SecurityGroup['spec'], 'ingress' | 'egress' | 'stateful'>,
  group: OvnSymbol,
  remoteGroup: RemoteGroup,
): readonly Acl[] {
  const action = inField('spec.stateful', () => oneOf(actions, spec.stateful));
  return (['ingress', 'egress'] as const).flatMap((side) => {
    const { direction, remote, members } = directions[side];
    return (spec[side] ?? []).flatMap((rule, index): readonly Acl[] => {
      const match = inField(`spec.${side}[${index}]`, () => ruleMatch(rule, remote, remoteGroup));
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

/** Matches IP for a protocol that does not imply IP. */
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
