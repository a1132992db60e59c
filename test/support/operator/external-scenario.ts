/** A scenario with the kinds for traffic that leaves a VPC. */
import { API_VERSION } from '../../../src/api/index.ts';
import type { Scenario } from './fault-runs.ts';
import type { NbRow } from './northbound.ts';
import type { TestObject } from './objects.ts';

const object = (kind: string, namespace: string, name: string, spec: object): string =>
  JSON.stringify({ apiVersion: API_VERSION, kind, metadata: { name, namespace }, spec });

const network = object('ExternalNetwork', '', 'public', {
  physicalNetwork: 'physnet1',
  cidr: '203.0.113.0/24',
  gateway: '203.0.113.1',
  allocationPools: [{ start: '203.0.113.101', end: '203.0.113.200' }],
  allowedNamespaces: { selector: {} },
});
const externalNetworkRef = { name: 'public' };
const vpc = (namespace: string, cidr: string): string =>
  object('VPC', namespace, 'net', { cidr, defaults: 'None' });
const peering = (namespace: string, other: string): string =>
  object('VPCPeering', namespace, 'peer', { peer: { namespace: other } });
const floatingIP = (namespace: string, name: string, address: string): string =>
  object('FloatingIP', namespace, name, { externalNetworkRef, address });
const rule = (externalIP: string): string =>
  object('NatRule', 'default', 'rule', { type: 'SNAT', source: { cidr: '10.1.1.0/24' }, externalIP });

/** One tenant gets an external gateway and a peering, and releases its addresses while another tenant requests them. */
export const externalScenario: Scenario = {
  name: 'a way out of a VPC, addresses that change hands, and a peering',
  given: async (cluster) => {
    await cluster.namespace('rival');
    await cluster.apply(network, vpc('default', '10.1.0.0/16'), vpc('rival', '10.2.0.0/16'));
    await cluster.apply(peering('default', 'rival'));
    await cluster.reason('VPCPeering', 'peer', 'Ready', 'PendingPeer');
    await cluster.reason('ExternalNetwork', 'public', 'Ready', 'Ready');
    await cluster.reason('VPC', 'rival/net', 'Ready', 'Ready');
  },
  steps: [
    async (cluster) => {
      await cluster.edit('VPC', 'net', { spec: { externalGateway: { externalNetworkRef } } });
      await cluster.apply(
        floatingIP('default', 'ip', '203.0.113.150'),
        rule('203.0.113.151'),
        peering('rival', 'default'),
      );
    },
    async (cluster) => {
      await cluster.delete('FloatingIP', 'ip');
      await cluster.apply(
        rule('203.0.113.152'),
        floatingIP('rival', 'first', '203.0.113.150'),
        floatingIP('rival', 'second', '203.0.113.151'),
      );
      await cluster.delete('VPCPeering', 'peer');
    },
  ],
  always: nothingTranslatedForTwo,
};

/** No row of the other tenant may translate an address that the rival has. Rows with such an address are only deleted. */
function nothingTranslatedForTwo(objects: readonly TestObject[], rows: readonly NbRow[]): void {
  for (const { kind, metadata, status } of objects) {
    if (kind !== 'FloatingIP' || metadata.namespace !== 'rival') continue;
    const { address } = (status ?? {}) as { address?: string };
    if (address === undefined || !rows.some(({ columns }) => columns['external_ip'] === address)) continue;
    throw new Error(
      `FloatingIP rival/${metadata.name} has ${address}, but OVN still translates it for another object`,
    );
  }
}
