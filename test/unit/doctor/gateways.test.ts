import { expect, it } from '@jest/globals';
import { evaluateGateways } from '../../../src/doctor/gateways.ts';
import type { Listed } from '../../../src/doctor/objects.ts';
import type { SouthboundFacts } from '../../../src/ovn/index.ts';
import { externalNetwork } from '../../support/controllers/manifests.ts';

const host = (name: string, ...physicalNetworks: string[]) => ({
  name,
  physicalNetworks,
  isGateway: false,
  isCurrent: true,
  macMappings: new Map<string, string>(),
});
const southbound: SouthboundFacts = {
  schemaVersion: '',
  hasNorthd: true,
  ports: new Map(),
  hosts: [host('a', 'physnet1'), host('b', 'physnet2')],
};
const evaluate = (...networks: object[]) =>
  evaluateGateways(
    { of: (kind) => (kind === 'ExternalNetwork' ? (networks as Listed[]) : []), forbidden: [] },
    southbound,
  );

it('doctor names the gateway hosts that OVN does not use, with the reasons', () => {
  const named = (...names: string[]) =>
    externalNetwork('public', { gatewayChassis: { mode: 'Named', names } });
  expect(evaluate(named('a', 'b', 'c'))).toMatchObject([
    {
      outcome: 'warning',
      found:
        'OVN does not use 2 hosts in `gatewayChassis.names`: b of ExternalNetwork public (no bridge mapping for physnet1), c of ExternalNetwork public (OVN has no such chassis).',
    },
  ]);
  expect(evaluate(named('a'))).toMatchObject([{ outcome: 'ok' }]);
  expect(evaluate(externalNetwork('public', { gatewayChassis: { mode: 'Enabled' } }))).toMatchObject([
    { outcome: 'ok' },
  ]);
  expect(evaluate()).toEqual([]);
});
