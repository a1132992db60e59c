import { beforeEach, describe, expect, it } from '@jest/globals';
import { externalNetwork, floatingIP, namespace } from '../../support/controllers/manifests.ts';
import { OfflineCluster } from '../../support/controllers/offline-cluster.ts';

let cluster: OfflineCluster;
beforeEach(() => {
  cluster = new OfflineCluster();
  cluster.apply(namespace('default'));
});

const pool = (start: string, end: string) => ({ allocationPools: [{ start, end }] });
const ready = (name: string) => cluster.ready('ExternalNetwork', name);

describe('two ExternalNetworks on one VLAN', () => {
  const first = externalNetwork('first', pool('203.0.113.100', '203.0.113.149'));

  it('may divide a range', async () => {
    cluster.apply(first);
    cluster.apply(externalNetwork('second', pool('203.0.113.150', '203.0.113.199')));
    await cluster.settle();
    expect([ready('first'), ready('second')]).toEqual(['Ready', 'Ready']);
  });

  it.each<[string, object]>([
    ['allocate the same addresses', pool('203.0.113.140', '203.0.113.199')],
    ['have the whole range', { allocationPools: undefined }],
    [
      'allocate the gateway of the other one',
      { ...pool('203.0.113.1', '203.0.113.9'), gateway: '203.0.113.10' },
    ],
    [
      'have an allocated address as gateway',
      { ...pool('203.0.113.200', '203.0.113.209'), gateway: '203.0.113.120' },
    ],
    ['have a larger range', { cidr: '203.0.112.0/23', ...pool('203.0.112.5', '203.0.113.100') }],
  ])('may not %s: the younger one is refused, in any order', async (_what, spec) => {
    for (const reversed of [false, true]) {
      cluster = new OfflineCluster();
      cluster.apply(namespace('default'));
      cluster.apply(first);
      cluster.apply(externalNetwork('second', spec as Record<string, unknown>));
      cluster.apply(floatingIP('ip', { externalNetworkRef: { name: 'second' } }));
      await cluster.settle((objects) => (reversed ? objects.toReversed() : objects));
      expect(ready('first')).toBe('Ready');
      expect(ready('second')).toMatch(
        /^!CIDROverlap: CIDR_OVERLAP: The older ExternalNetwork "first" on the untagged frames of "physnet1" also has/,
      );
      expect(cluster.ready('FloatingIP', 'default/ip')).toMatch(/^!ExternalNetworkNotReady/);
      await cluster.restart();
      await cluster.settle();
      expect(cluster.ready('FloatingIP', 'default/ip')).toMatch(/^!ExternalNetworkNotReady/);
      cluster.delete('ExternalNetwork', 'first');
      await cluster.settle();
      expect([ready('second'), cluster.ready('FloatingIP', 'default/ip')]).toEqual(['Ready', 'Ready']);
    }
  });

  it('may have the same addresses on different VLANs', async () => {
    cluster.apply(first);
    cluster.apply(externalNetwork('second', { type: 'VLAN', vlanID: 88 }));
    await cluster.settle();
    expect([ready('first'), ready('second')]).toEqual(['Ready', 'Ready']);
  });

  it('never allocate one address twice, even if an edit makes their pools overlap', async () => {
    cluster.apply(externalNetwork('first', pool('203.0.113.100', '203.0.113.101')));
    cluster.apply(externalNetwork('second', pool('203.0.113.102', '203.0.113.103')));
    cluster.apply(floatingIP('own', { externalNetworkRef: { name: 'second' } }));
    await cluster.settle();
    cluster.apply(externalNetwork('first', pool('203.0.113.102', '203.0.113.103')));
    cluster.apply(floatingIP('other', { externalNetworkRef: { name: 'first' } }));
    cluster.apply(floatingIP('named', { externalNetworkRef: { name: 'first' }, address: '203.0.113.102' }));
    await cluster.settle();
    const address = (name: string) =>
      (cluster.get('FloatingIP', `default/${name}`)?.status as { address?: string }).address;
    expect([address('own'), address('other')]).toEqual(['203.0.113.102', '203.0.113.103']);
    expect(cluster.ready('FloatingIP', 'default/named')).toMatch(
      /^!AddressNotAvailable: 203\.0\.113\.102 is already used in the ExternalNetwork "first"/,
    );
    expect(ready('second')).toMatch(/^!CIDROverlap/);
  });
});
