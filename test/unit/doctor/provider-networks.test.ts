import { describe, expect, it } from '@jest/globals';
import type { Listed } from '../../../src/doctor/objects.ts';
import { evaluateProviderNetworks } from '../../../src/doctor/provider-networks.ts';
import { on, portIn, providerNetwork, subnet } from '../../support/controllers/manifests.ts';

const host = (name: string, ...physicalNetworks: string[]) => ({
  name,
  physicalNetworks,
  isGateway: false,
  isCurrent: true,
  macMappings: new Map<string, string>(),
});
const connected = {
  ...subnet('floor', { provider: on('plant', 7) }),
  status: { segment: { name: 'plant' } },
};
const machine = (name: string) => {
  const made = portIn('floor', name);
  return { ...made, metadata: { ...made.metadata, uid: name } };
};
const evaluate = (...objects: object[]) => {
  const listed = objects as Listed[];
  return evaluateProviderNetworks(
    { of: (kind) => listed.filter((each) => each.kind === kind), forbidden: [] },
    {
      schemaVersion: '',
      hasNorthd: true,
      ports: new Map([
        ['a', 'with'],
        ['b', 'without'],
        ['c', undefined],
      ]),
      hosts: [host('with', 'physnet1'), host('without', 'physnet2')],
    },
  );
};

describe('the check of physical networks', () => {
  const objects = [providerNetwork('plant'), connected];

  it('names the Ports on hosts without the physical network of their Subnet', () => {
    expect(evaluate(...objects, machine('a'), machine('b'), machine('c'))).toMatchObject([
      {
        outcome: 'warning',
        found:
          '1 Ports do not reach the physical network of their Subnet: Port default/b (no bridge mapping for physnet1 on without).',
        remedy: expect.stringContaining('ovn-bridge-mappings'),
      },
    ]);
  });

  it('accepts Ports on hosts with the mapping, and ignores Subnets that are not connected', () => {
    expect(evaluate(...objects, machine('a'), machine('c'))).toMatchObject([{ outcome: 'ok' }]);
    expect(evaluate(providerNetwork('plant'), subnet('floor'), machine('b'))).toEqual([]);
  });
});
