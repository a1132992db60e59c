import { beforeEach, describe, expect, it } from '@jest/globals';
import {
  externalNetwork,
  namespace,
  on,
  portIn,
  providerNetwork,
  subnet,
  vpc,
} from '../../support/controllers/manifests.ts';
import { OfflineCluster } from '../../support/controllers/offline-cluster.ts';
import { rowsOf } from '../../support/controllers/rows.ts';

/** A permission for the namespaces of one team. */
const forTeam = (team: string) => ({ allowedNamespaces: { selector: { matchLabels: { team } } } });

let cluster: OfflineCluster;
beforeEach(() => {
  cluster = new OfflineCluster();
  for (const ns of ['a', 'b']) {
    cluster.apply(namespace(ns, { team: ns, 'network.plasmavmc.io/organization': ns }));
    cluster.apply(vpc('net', { cidr: '10.9.0.0/16', defaults: 'None' }, ns));
  }
});

const ready = (key: string) => cluster.ready('Subnet', key);
/** The physical network and the VLAN to which the rows of a Subnet connect. */
const wire = (key: string): string | undefined => {
  const [ns = '', name = ''] = key.split('/');
  const port = rowsOf(cluster, 'Subnet', name, 'Logical_Switch_Port', ns).find(
    ({ type }) => type === 'localnet',
  );
  const { network_name: network = '' } = (port?.['options'] ?? {}) as { network_name?: string };
  const [tag = 'untagged'] = (port?.['tag_request'] ?? []) as number[];
  return port && `${network}/${tag}`;
};
const floor = (ns: string, provider: object, cidr = '10.9.1.0/24', name = 'floor') =>
  subnet(name, { cidr, gateway: { mode: 'None' }, provider }, ns);

describe('a Subnet on a segment of a ProviderNetwork', () => {
  it('is connected if the ProviderNetwork allows the namespace and the VLAN', async () => {
    cluster.apply(
      providerNetwork('plant', { vlanIDs: [{ min: 10, max: 19 }, { min: 77 }], ...forTeam('a') }),
    );
    cluster.apply(floor('a', on('plant', 77)));
    cluster.apply(floor('a', on('plant', 19), '10.9.2.0/24', 'other'));
    await cluster.settle();
    expect([ready('a/floor'), ready('a/other')]).toEqual(['Ready', 'Ready']);
    expect([wire('a/floor'), wire('a/other')]).toEqual(['physnet1/77', 'physnet1/19']);
    expect(cluster.get('Subnet', 'a/floor')?.status).toMatchObject({
      segment: { name: 'plant', vlanID: 77, subnetsPerSegment: 'One' },
    });
    expect(cluster.get('ProviderNetwork', 'plant')?.status).toMatchObject({ subnetCount: 2 });
  });

  it('is not counted any more when a user removed its finalizer', async () => {
    const count = () =>
      (cluster.get('ProviderNetwork', 'plant')?.status as { subnetCount: number }).subnetCount;
    cluster.apply(providerNetwork('plant', forTeam('a')));
    cluster.apply(floor('a', on('plant', 77)));
    await cluster.runQueue();
    expect(count()).toBe(1);
    cluster.forceDelete('Subnet', 'a/floor');
    await cluster.runQueue();
    expect(count()).toBe(0);
  });

  it('gets the same refusal without a ProviderNetwork and without a permission', async () => {
    cluster.apply(floor('a', on('plant', 77)));
    await cluster.settle();
    const refusal = ready('a/floor');
    expect(refusal).toMatch(/^!ProviderNetworkNotAllowed: The ProviderNetwork "plant" does not exist, or /);
    for (const spec of [
      forTeam('b'),
      { allowedNamespaces: undefined },
      { vlanIDs: [{ min: 1, max: 76 }, { min: 78 }] },
      { vlanIDs: undefined },
    ]) {
      cluster.apply(providerNetwork('plant', spec));
      await cluster.settle();
      expect([ready('a/floor'), wire('a/floor')]).toEqual([refusal, undefined]);
    }
  });

  it('may use untagged frames only if the ProviderNetwork allows them', async () => {
    cluster.apply(providerNetwork('plant', { untagged: 'Forbidden' }));
    cluster.apply(floor('a', on('plant')));
    await cluster.settle();
    expect(ready('a/floor')).toMatch(/^!ProviderNetworkNotAllowed: .* its untagged frames/);
    expect(wire('a/floor')).toBeUndefined();
    cluster.apply(providerNetwork('plant'));
    await cluster.settle();
    expect([ready('a/floor'), wire('a/floor')]).toEqual(['Ready', 'physnet1/untagged']);
  });

  it('is not connected without a reference, as in an object of an older schema', async () => {
    cluster.apply(floor('a', { vlanID: 77 }));
    await cluster.settle();
    expect(ready('a/floor')).toMatch(/^!InvalidSpec: .*networkRef is required/);
    expect(wire('a/floor')).toBeUndefined();
  });

  it.each<[string, () => void]>([
    ['the selector changes', () => cluster.apply(providerNetwork('plant', forTeam('b')))],
    ['the VLAN is removed', () => cluster.apply(providerNetwork('plant', { vlanIDs: [{ min: 1 }] }))],
    ['the namespace changes', () => cluster.apply(namespace('a', { team: 'c' }))],
    ['someone removes the finalizer of the ProviderNetwork', () => forceDelete('ProviderNetwork', 'plant')],
  ])('keeps its switch and its Ports, but not the connection, when %s', async (_what, change) => {
    cluster.apply(providerNetwork('plant', forTeam('a')));
    cluster.apply(floor('a', on('plant', 77)));
    cluster.apply(portIn('floor', 'p', {}, 'a'));
    await cluster.settle();
    expect(wire('a/floor')).toBe('physnet1/77');
    change();
    await cluster.settle();
    expect(wire('a/floor')).toBeUndefined();
    expect(ready('a/floor')).toMatch(/^!ProviderNetworkNotAllowed/);
    expect(cluster.get('Subnet', 'a/floor')?.status).not.toHaveProperty('segment');
    expect(cluster.ready('Port', 'a/p')).toBe('Ready');
    cluster.apply(namespace('a', { team: 'a' }));
    cluster.apply(providerNetwork('plant', forTeam('a')));
    await cluster.settle();
    expect([wire('a/floor'), ready('a/floor')]).toEqual(['physnet1/77', 'Ready']);
  });

  it.each<[string, () => void]>([
    ['its VPC is gone', () => forceDelete('VPC', 'a/net')],
    ['its spec is invalid', () => cluster.apply(floor('a', { ...on('plant', 77) }, '10.7.0.0/24'))],
    [
      'all statuses are lost',
      () => {
        for (const kind of ['VPC', 'Subnet', 'ProviderNetwork'] as const)
          for (const object of [...cluster.stores[kind].values()])
            void cluster.env.status.write({ kind } as never, object, {});
      },
    ],
  ])('loses the connection with the permission even if %s', async (_what, change) => {
    cluster.apply(providerNetwork('plant', forTeam('a')));
    cluster.apply(floor('a', on('plant', 77)));
    cluster.apply(portIn('floor', 'p', {}, 'a'));
    await cluster.settle();
    cluster.apply(providerNetwork('plant', forTeam('b')));
    change();
    // The VPC comes last, so the first decision about the Subnet is made without it.
    await cluster.settle((objects) => objects.toReversed());
    expect(wire('a/floor')).toBeUndefined();
    expect(rowsOf(cluster, 'Subnet', 'floor', 'Logical_Switch', 'a')).toHaveLength(1);
    expect(cluster.env.pools.segments.isHolder(cluster.get('Subnet', 'a/floor')?.metadata.uid ?? '')).toBe(
      false,
    );
  });

  it('loses the connection at the next start when the permission ended while no operator ran', async () => {
    cluster.apply(providerNetwork('plant', forTeam('a')));
    cluster.apply(floor('a', on('plant', 77)));
    await cluster.settle();
    cluster.apply(providerNetwork('plant', forTeam('b')));
    cluster.apply(floor('b', on('plant', 77)));
    await cluster.restart();
    await cluster.settle();
    expect([wire('a/floor'), wire('b/floor')]).toEqual([undefined, 'physnet1/77']);
  });
});

/** Deletes an object as if someone had removed its finalizer. */
function forceDelete(kind: 'ProviderNetwork' | 'VPC', key: string): void {
  const object = cluster.get(kind, key);
  if (object === undefined) throw new Error(`there is no ${kind} ${key}`);
  void cluster.env.finalizers.remove({ kind } as never, object, '');
  const { finalizers: _all, ...metadata } = object.metadata;
  cluster.apply({ ...object, metadata: { ...metadata, finalizers: [] } } as never);
  cluster.delete(kind, key);
}

describe('a segment', () => {
  const names = ['a/floor', 'b/floor'] as const;
  const two = (network: string): void => {
    cluster.apply(floor('a', on(network, 77)));
    cluster.apply(floor('b', on(network, 77), '10.9.2.0/24'));
  };

  it.each([false, true])('has one Subnet, the older one, in any order (reversed: %s)', async (reversed) => {
    cluster.apply(providerNetwork('plant'));
    two('plant');
    await cluster.settle((objects) => (reversed ? objects.toReversed() : objects));
    expect(names.map(wire)).toEqual(['physnet1/77', undefined]);
    expect(ready('b/floor')).toBe(
      '!SegmentConflict: VLAN 77 of the ProviderNetwork "plant" is not available, because another network uses it; ' +
        'create the Subnet with another vlanID, or ask an administrator.',
    );
    cluster.delete('Subnet', 'a/floor');
    await cluster.settle();
    expect([wire('b/floor'), ready('b/floor')]).toEqual(['physnet1/77', 'Ready']);
  });

  it('is the same segment through two ProviderNetworks', async () => {
    cluster.apply(providerNetwork('plant'));
    cluster.apply(providerNetwork('factory'));
    cluster.apply(floor('a', on('plant', 77)));
    cluster.apply(floor('b', on('factory', 77)));
    await cluster.settle();
    expect(names.map(wire)).toEqual(['physnet1/77', undefined]);
    cluster.apply(providerNetwork('factory', { subnetsPerSegment: 'Several' }));
    await cluster.settle();
    expect(names.map(wire)).toEqual(['physnet1/77', undefined]);
    cluster.apply(providerNetwork('plant', { subnetsPerSegment: 'Several' }));
    await cluster.settle();
    expect(ready('b/floor')).toBe('Ready');
    expect(names.map(wire)).toEqual(['physnet1/77', 'physnet1/77']);
  });

  it('is not taken from a Subnet by an older Subnet that gets the permission later', async () => {
    cluster.apply(providerNetwork('plant', forTeam('b')));
    two('plant');
    await cluster.settle();
    expect(names.map(wire)).toEqual([undefined, 'physnet1/77']);
    cluster.apply(providerNetwork('plant'));
    await cluster.settle();
    expect(names.map(wire)).toEqual([undefined, 'physnet1/77']);
    // The database or the statuses alone are enough to know the holder.
    await cluster.restart();
    await cluster.settle();
    expect(names.map(wire)).toEqual([undefined, 'physnet1/77']);
    cluster.writer.states.clear();
    await cluster.restart();
    await cluster.settle();
    expect(names.map(wire)).toEqual([undefined, 'physnet1/77']);
  });

  it('keeps only its oldest Subnet when the ProviderNetwork no longer shares it', async () => {
    cluster.apply(providerNetwork('plant', { subnetsPerSegment: 'Several' }));
    two('plant');
    await cluster.settle();
    expect(names.map(wire)).toEqual(['physnet1/77', 'physnet1/77']);
    cluster.apply(providerNetwork('plant'));
    await cluster.settle();
    expect(names.map(wire)).toEqual(['physnet1/77', undefined]);
  });

  it('names a Subnet of the same namespace that uses it', async () => {
    cluster.apply(providerNetwork('plant'));
    cluster.apply(floor('a', on('plant', 77)));
    cluster.apply(floor('a', on('plant', 77), '10.9.2.0/24', 'second'));
    await cluster.settle();
    expect(ready('a/second')).toMatch(/because the Subnet "floor" uses it/);
  });
});

describe('a segment of an ExternalNetwork', () => {
  const external = externalNetwork('public', { type: 'VLAN', vlanID: 88 });

  it('is refused to a tenant who takes a range and an address of the ExternalNetwork', async () => {
    cluster.apply(external);
    cluster.apply(providerNetwork('plant'));
    cluster.apply(namespace('thief'));
    cluster.apply(vpc('net', { cidr: '203.0.113.0/24', defaults: 'None' }, 'thief'));
    cluster.apply(floor('thief', on('plant', 88), '203.0.113.0/24'));
    cluster.apply(
      portIn('floor', 'p', { ipAddress: '203.0.113.150', trafficFiltering: 'Disabled' }, 'thief'),
    );
    await cluster.settle();
    expect(wire('thief/floor')).toBeUndefined();
    expect(ready('thief/floor')).toMatch(/^!SegmentConflict: VLAN 88 .* because another network uses it/);
    expect(cluster.ready('ProviderNetwork', 'plant')).toMatch(
      /^!SegmentConflict: .*VLAN 88 of "physnet1" \(ExternalNetwork public\)/,
    );
    expect(cluster.ready('ExternalNetwork', 'public')).toBe('Ready');
  });

  it.each([false, true])(
    'cannot be a segment of an older ProviderNetwork (reversed: %s)',
    async (reversed) => {
      const order = <T>(objects: T[]) => (reversed ? objects.toReversed() : objects);
      cluster.apply(providerNetwork('plant'));
      cluster.apply(external);
      cluster.apply(floor('a', on('plant', 88)));
      await cluster.settle(order);
      expect(cluster.ready('ExternalNetwork', 'public')).toMatch(
        /^!SegmentConflict: .*VLAN 88 of "physnet1"/,
      );
      expect(rowsOf(cluster, 'ExternalNetwork', 'public', 'Logical_Switch', '')).toEqual([]);
      expect([ready('a/floor'), cluster.ready('ProviderNetwork', 'plant')]).toEqual(['Ready', 'Ready']);
      cluster.apply(providerNetwork('plant', { vlanIDs: [{ min: 77 }] }));
      await cluster.settle(order);
      expect([wire('a/floor'), cluster.ready('ExternalNetwork', 'public')]).toEqual([undefined, 'Ready']);
    },
  );

  it('stays with the ExternalNetwork when an older ProviderNetwork starts to list it', async () => {
    cluster.apply(providerNetwork('plant', { vlanIDs: [{ min: 77 }] }));
    cluster.apply(external);
    await cluster.settle();
    cluster.apply(providerNetwork('plant'));
    cluster.apply(floor('a', on('plant', 88)));
    for (let round = 0; round < 2; round++) {
      await cluster.settle();
      expect(cluster.ready('ExternalNetwork', 'public')).toBe('Ready');
      expect(cluster.ready('ProviderNetwork', 'plant')).toMatch(/^!SegmentConflict/);
      expect(wire('a/floor')).toBeUndefined();
      await cluster.restart();
    }
  });

  it('stays with a Subnet when an ExternalNetwork moves to it', async () => {
    cluster.apply(external);
    cluster.apply(providerNetwork('plant', { vlanIDs: [{ min: 77 }] }));
    cluster.apply(floor('a', on('plant', 77)));
    await cluster.settle();
    cluster.apply(externalNetwork('public', { type: 'VLAN', vlanID: 77 }));
    await cluster.settle();
    expect([wire('a/floor'), ready('a/floor')]).toEqual(['physnet1/77', 'Ready']);
    expect(cluster.ready('ExternalNetwork', 'public')).toMatch(/^!SegmentConflict: .*Subnet a\/floor/);
    expect(rowsOf(cluster, 'ExternalNetwork', 'public', 'Logical_Switch_Port', '')).toEqual([
      expect.objectContaining({ tag_request: [88] }),
    ]);
    cluster.delete('Subnet', 'a/floor');
    cluster.apply(providerNetwork('plant', { vlanIDs: [{ min: 1 }] }));
    await cluster.settle();
    expect(cluster.ready('ExternalNetwork', 'public')).toBe('Ready');
    expect(rowsOf(cluster, 'ExternalNetwork', 'public', 'Logical_Switch_Port', '')).toEqual([
      expect.objectContaining({ tag_request: [77] }),
    ]);
  });
});

describe('a deleted ProviderNetwork', () => {
  it('exists until no Subnet is connected, and names the Subnets', async () => {
    cluster.apply(providerNetwork('plant', forTeam('a')));
    cluster.apply(floor('a', on('plant', 77)));
    cluster.apply(floor('b', on('plant', 78)));
    await cluster.settle();
    cluster.delete('ProviderNetwork', 'plant');
    await cluster.settle();
    expect(cluster.ready('ProviderNetwork', 'plant')).toMatch(/^!InUse: .* used by Subnet a\/floor\. /);
    cluster.delete('Subnet', 'a/floor');
    await cluster.settle();
    expect(cluster.get('ProviderNetwork', 'plant')).toBeUndefined();
  });
});
