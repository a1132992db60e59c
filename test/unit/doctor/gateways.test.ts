import { expect, it } from '@jest/globals';
import { judgeGateways } from '../../../src/doctor/gateways.ts';
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
const judge = (...networks: object[]) =>
  judgeGateways(
    { of: (kind) => (kind === 'ExternalNetwork' ? (networks as Listed[]) : []), unseen: [] },
    southbound,
  );

it('names hosts that an ExternalNetwork names in vain, and why', () => {
  const named = (...names: string[]) =>
    externalNetwork('public', { gatewayChassis: { mode: 'Named', names } });
  expect(judge(named('a', 'b', 'c'))).toMatchObject([
    {
      outcome: 'warning',
      found:
        '2 that are named are left out: b of ExternalNetwork public (no bridge mapping for physnet1), c of ExternalNetwork public (not known to OVN).',
    },
  ]);
  expect(judge(named('a'))).toMatchObject([{ outcome: 'ok' }]);
  expect(judge(externalNetwork('public', { gatewayChassis: { mode: 'Enabled' } }))).toMatchObject([
    { outcome: 'ok' },
  ]);
  expect(judge()).toEqual([]);
});
