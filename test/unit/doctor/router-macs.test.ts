import { describe, expect, it } from '@jest/globals';
import { evaluateRouterMacs } from '../../../src/doctor/router-macs.ts';
import type { Listed } from '../../../src/doctor/objects.ts';
import type { SouthboundFacts } from '../../../src/ovn/index.ts';
import { on, providerNetwork, subnet, vpc } from '../../support/controllers/manifests.ts';

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

/** A Subnet with a status that names the VPC, and the ProviderNetwork `segment` of the Subnet. */
const inside = (
  name: string,
  spec: { readonly provider?: ReturnType<typeof on> },
  { gatewayIP }: { gatewayIP?: string } = { gatewayIP: '10.9.1.1' },
) => ({
  ...subnet(name, spec),
  status: {
    vpc: { name: 'net', uid: 'vpc-uid' },
    gatewayIP,
    ...(spec.provider === undefined ? {} : { segment: spec.provider.networkRef }),
  },
});
const onNetwork = (name: string) => ({ provider: on(name) });
const outward = { externalGateway: { externalNetworkRef: { name: 'public' } } };
const net = (spec: Record<string, unknown> = outward) => {
  const made = vpc('net', spec);
  return { ...made, metadata: { ...made.metadata, uid: 'vpc-uid' } };
};
const evaluate = (hosts: SouthboundFacts['hosts'], ...objects: object[]) => {
  const networks = ['physnet1', 'physnet2'].map((name) => providerNetwork(name, { physicalNetwork: name }));
  const listed = [...networks, ...objects] as Listed[];
  return evaluateRouterMacs(
    { of: (kind) => listed.filter((each) => each.kind === kind), forbidden: [] },
    southbound(hosts),
  );
};

describe('the check of router MAC addresses', () => {
  const objects = [net(), inside('plant', onNetwork('physnet1'))];

  it('names the hosts without their own MAC address, and the command that sets it', () => {
    const hosts = [
      host('a', { physnet1: '02:00:00:00:01:0a' }),
      host('b'),
      host('c', { physnet2: '02:00:00:00:01:0c' }),
      host('d', { physnet1: 'nonsense' }),
    ];
    expect(evaluate(hosts, ...objects)).toMatchObject([
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

  it('names the hosts with the same MAC address', () => {
    const hosts = [
      host('a', { physnet1: '02:00:00:00:01:0a' }),
      host('b', { physnet1: '02:00:00:00:01:0A' }),
      host('c', { physnet1: '02:00:00:00:01:0c' }),
    ];
    expect(evaluate(hosts, ...objects)).toMatchObject([
      {
        outcome: 'warning',
        found: expect.stringMatching(/: a \(same as b on physnet1\), b \(same as a on physnet1\)\.$/),
      },
    ]);
  });

  it('accepts hosts that each have their own MAC address', () => {
    const hosts = [
      host('a', { physnet1: '02:00:00:00:01:0a' }),
      host('b', { physnet1: '02:00:00:00:01:0b' }),
    ];
    expect(evaluate(hosts, ...objects)).toMatchObject([{ outcome: 'ok' }]);
  });

  it('requires a MAC address for each physical network, and names all networks in the command', () => {
    const more = inside('office', onNetwork('physnet2'));
    expect(evaluate([host('a', { physnet2: '02:00:00:00:01:0a' })], ...objects, more)).toMatchObject([
      { found: expect.stringMatching(/: a \(none on physnet1\)\.$/) },
    ]);
    expect(evaluate([host('a')], ...objects, more)).toMatchObject([
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
  ['a provider Subnet in a VPC without an external gateway', [net({}), inside('a', onNetwork('physnet1'))]],
  ['a provider Subnet without a status', [net(), subnet('a', onNetwork('physnet1'))]],
])('the check of router MAC addresses ignores %s', (_what, objects) => {
  expect(evaluate([host('a')], ...objects)).toEqual([]);
});

it('the check of router MAC addresses reports nothing without hosts', () => {
  expect(evaluate([], net(), inside('a', onNetwork('physnet1')))).toEqual([]);
});
