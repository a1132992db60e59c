import { describe, expect, it } from '@jest/globals';
import { judgeRouterMacs } from '../../../src/doctor/router-macs.ts';
import type { Listed } from '../../../src/doctor/objects.ts';
import type { SouthboundFacts } from '../../../src/ovn/index.ts';
import { subnet, vpc } from '../../support/controllers/manifests.ts';

const host = (name: string, macs: Readonly<Record<string, string>> = {}) => ({
  name,
  physicalNetworks: ['physnet1'],
  isGateway: false,
  isCurrent: true,
  macMappings: new Map(Object.entries(macs)),
});
const southbound = (hosts: SouthboundFacts['hosts']): SouthboundFacts => ({
  schemaVersion: '',
  hasNorthd: true,
  ports: new Map(),
  hosts,
});

/** The Subnet is in effect in the VPC. */
const inside = (
  name: string,
  spec: object,
  { gatewayIP }: { gatewayIP?: string } = { gatewayIP: '10.9.1.1' },
) => ({
  ...subnet(name, spec as Record<string, unknown>),
  status: { vpc: { name: 'net', uid: 'vpc-uid' }, gatewayIP },
});
const onNetwork = (physicalNetwork: string) => ({ provider: { physicalNetwork } });
const outward = { externalGateway: { externalNetworkRef: { name: 'public' } } };
const net = (spec: Record<string, unknown> = outward) => {
  const made = vpc('net', spec);
  return { ...made, metadata: { ...made.metadata, uid: 'vpc-uid' } };
};
const judge = (hosts: SouthboundFacts['hosts'], ...objects: object[]) => {
  const listed = objects as Listed[];
  return judgeRouterMacs(
    { of: (kind) => listed.filter((each) => each.kind === kind), unseen: [] },
    southbound(hosts),
  );
};

describe('on the physical network of a routed provider Subnet', () => {
  const objects = [net(), inside('plant', onNetwork('physnet1'))];

  it('hosts without a MAC address of their own are named, with the command that gives them one', () => {
    const hosts = [
      host('a', { physnet1: '02:00:00:00:01:0a' }),
      host('b'),
      host('c', { physnet2: '02:00:00:00:01:0c' }),
      host('d', { physnet1: 'nonsense' }),
    ];
    expect(judge(hosts, ...objects)).toMatchObject([
      {
        outcome: 'warning',
        found: expect.stringMatching(
          /^3 of 4 hosts .*\(Subnet default\/plant\).*: b \(none on physnet1\), c \(none on physnet1\), d \(none on physnet1\)\.$/,
        ),
        remedy: expect.stringContaining(
          'ovs-vsctl set Open_vSwitch . external_ids:ovn-chassis-mac-mappings=physnet1:MAC`',
        ),
      },
    ]);
  });

  it('hosts with the same one are named, too', () => {
    const hosts = [
      host('a', { physnet1: '02:00:00:00:01:0a' }),
      host('b', { physnet1: '02:00:00:00:01:0A' }),
      host('c', { physnet1: '02:00:00:00:01:0c' }),
    ];
    expect(judge(hosts, ...objects)).toMatchObject([
      {
        outcome: 'warning',
        found: expect.stringMatching(/: a \(that of b on physnet1\), b \(that of a on physnet1\)\.$/),
      },
    ]);
  });

  it('all is well when each has its own', () => {
    const hosts = [
      host('a', { physnet1: '02:00:00:00:01:0a' }),
      host('b', { physnet1: '02:00:00:00:01:0b' }),
    ];
    expect(judge(hosts, ...objects)).toMatchObject([{ outcome: 'ok' }]);
  });

  it('each of several networks needs one, and the command has all', () => {
    const more = inside('office', onNetwork('physnet2'));
    expect(judge([host('a', { physnet2: '02:00:00:00:01:0a' })], ...objects, more)).toMatchObject([
      { found: expect.stringMatching(/: a \(none on physnet1\)\.$/) },
    ]);
    expect(judge([host('a')], ...objects, more)).toMatchObject([
      {
        found: expect.stringMatching(/: a \(none on physnet1, none on physnet2\)\.$/),
        remedy: expect.stringContaining('=physnet1:MAC,physnet2:MAC`'),
      },
    ]);
  });
});

it.each<[string, object[]]>([
  ['an overlay Subnet', [net(), inside('a', {})]],
  ['a provider Subnet without a gateway', [net(), inside('a', onNetwork('physnet1'), {})]],
  ['one in a VPC without an external gateway', [net({}), inside('a', onNetwork('physnet1'))]],
  ['one that is not in effect', [net(), subnet('a', onNetwork('physnet1'))]],
])('of hosts nothing is asked for %s', (_what, objects) => {
  expect(judge([host('a')], ...objects)).toEqual([]);
});

it('of no hosts nothing is said', () => {
  expect(judge([], net(), inside('a', onNetwork('physnet1')))).toEqual([]);
});
