import { beforeEach, describe, expect, it } from '@jest/globals';
import type { KubeObject } from '../../../src/reconcile/index.ts';
import { floatingIP, namespace } from '../../support/controllers/manifests.ts';
import type { OfflineCluster } from '../../support/controllers/offline-cluster.ts';
import {
  externalNetworkRef,
  forwarding as rule,
  tenants,
  translations,
  withGateway,
} from '../../support/controllers/tenants.ts';

const WANTED = '203.0.113.150';
let cluster: OfflineCluster;

/** Returns the owners of the rows that contain the address. */
const translating = (address: string): readonly string[] =>
  [...translations(cluster)].flatMap(([owner, addresses]) => (addresses.includes(address) ? [owner] : []));

/** Returns every address in the rows. */
const inUse = (): readonly string[] => [...new Set([...translations(cluster).values()].flat())];

beforeEach(async () => {
  cluster = await tenants();
});

/** Another tenant requests the address, with a FloatingIP and with a NatRule. */
async function askFor(address: string): Promise<void> {
  cluster.apply(floatingIP('ip', { externalNetworkRef, address }, 'rival'));
  cluster.apply(rule('named', { externalIP: address }, 'rival'));
  await cluster.settle((objects) => objects.toReversed());
}

function expectRefused(address: string): void {
  expect(cluster.ready('FloatingIP', 'rival/ip')).toMatch(/^!AddressNotAvailable: .*is already used in/);
  expect(cluster.ready('NatRule', 'rival/named')).toMatch(/^!NatConflict: .*is already used in/);
  for (const owner of translating(address)) expect(owner).toMatch(/^\w+\/mine\//);
}

/** A way to release an address. */
interface Way {
  readonly what: string;
  readonly given: () => void;
  readonly gives: () => void;
  readonly address?: string;
}

const ways: readonly Way[] = [
  {
    what: 'of a deleted NatRule and a deleted FloatingIP',
    given: () => {
      cluster.apply(floatingIP('ip', { externalNetworkRef, address: WANTED }, 'mine'));
      cluster.apply(rule('used', { floatingIPRef: { name: 'ip' } }, 'mine'));
    },
    gives: () => {
      cluster.delete('NatRule', 'mine/used');
      cluster.delete('FloatingIP', 'mine/ip');
    },
  },
  {
    what: 'of a deleted FloatingIP whose NatRule changes to another FloatingIP',
    given: () => {
      cluster.apply(floatingIP('ip', { externalNetworkRef, address: WANTED }, 'mine'));
      cluster.apply(floatingIP('next', { externalNetworkRef }, 'mine'));
      cluster.apply(rule('used', { floatingIPRef: { name: 'ip' } }, 'mine'));
    },
    gives: () => {
      cluster.apply(rule('used', { floatingIPRef: { name: 'next' } }, 'mine'));
      cluster.delete('FloatingIP', 'mine/ip');
    },
  },
  {
    what: 'of a FloatingIP that is deleted without its finalizer',
    given: () => {
      cluster.apply(floatingIP('ip', { externalNetworkRef, address: WANTED }, 'mine'));
      cluster.apply(rule('used', { floatingIPRef: { name: 'ip' } }, 'mine'));
    },
    gives: () => {
      const { kind, metadata, spec } = cluster.get('FloatingIP', 'mine/ip') as KubeObject & { spec: object };
      cluster.apply({ kind, metadata: { ...metadata, finalizers: [] }, spec });
      cluster.delete('FloatingIP', 'mine/ip');
    },
  },
  {
    what: 'of a deleted NatRule that named the address',
    given: () => cluster.apply(rule('used', { externalIP: WANTED }, 'mine')),
    gives: () => cluster.delete('NatRule', 'mine/used'),
  },
  {
    what: 'of a NatRule that changes to another address',
    given: () => cluster.apply(rule('used', { externalIP: WANTED }, 'mine')),
    gives: () => cluster.apply(rule('used', { externalIP: '203.0.113.151' }, 'mine')),
  },
  {
    what: 'of a NatRule that changes to an unavailable address',
    given: () => cluster.apply(rule('used', { externalIP: WANTED }, 'mine')),
    gives: () => cluster.apply(rule('used', { externalIP: '203.0.113.102' }, 'mine')),
  },
  {
    what: 'of a NatRule that changes to the address of the gateway',
    given: () => cluster.apply(rule('used', { externalIP: WANTED }, 'mine')),
    gives: () => cluster.apply(rule('used', {}, 'mine')),
  },
  {
    what: 'of a removed gateway',
    given: () => cluster.apply(rule('used', {}, 'mine')),
    gives: () => cluster.apply(withGateway('mine')),
    address: '203.0.113.101',
  },
  {
    what: 'of the gateway of a deleted VPC',
    given: () => cluster.apply(rule('used', {}, 'mine')),
    gives: () => {
      for (const [kind, name] of [
        ['NatRule', 'used'],
        ['Port', 'p'],
        ['Subnet', 'web'],
        ['VPC', 'net'],
      ] as const)
        cluster.delete(kind, `mine/${name}`);
    },
    address: '203.0.113.101',
  },
];

describe('an external address', () => {
  it.each(ways)(
    '$what becomes free for other tenants only when no row contains it',
    async ({ given, gives, address = WANTED }) => {
      given();
      await cluster.settle();
      expect(translating(address)).not.toEqual([]);
      cluster.writer.down = true;
      gives();
      await cluster.settle();
      await askFor(address);
      expect(translating(address)).not.toEqual([]);
      expectRefused(address);

      cluster.writer.down = false;
      await cluster.settle();
      const owners = translating(address);
      expect(owners.filter((owner) => owner.includes('/mine/'))).toEqual([]);
      const outcome = [cluster.ready('FloatingIP', 'rival/ip'), cluster.ready('NatRule', 'rival/named')];
      expect(outcome.filter((each) => each === 'Ready')).toHaveLength(1);
    },
  );

  it.each(ways)(
    '$what stays taken after a restart of the operator while a row contains it',
    async ({ given, gives, address = WANTED }) => {
      given();
      await cluster.settle();
      cluster.writer.down = true;
      gives();
      await cluster.settle();
      cluster.apply(floatingIP('ip', { externalNetworkRef, address }, 'rival'));
      cluster.apply(rule('named', { externalIP: address }, 'rival'));
      await cluster.restart();
      // The first reconcile covers only the tenant that requests the address.
      const isStillThere = translating(address).length > 0;
      await cluster.reconcileOnce((objects) =>
        objects.filter(({ metadata }) => metadata.namespace === 'rival'),
      );
      if (isStillThere) expectRefused(address);
      await cluster.settle();
      expect(translating(address).filter((owner) => owner.includes('/mine/'))).toEqual([]);
    },
  );

  it.each<[string, () => void, () => void]>([
    [
      'of a NatRule',
      () => cluster.apply(rule('used', { externalIP: '203.0.113.152' }, 'mine')),
      () => cluster.apply(rule('used', { externalIP: '203.0.113.153' }, 'mine')),
    ],
    [
      'of a gateway',
      () => cluster.apply(withGateway('third', { externalNetworkRef })),
      () => cluster.apply(withGateway('third')),
    ],
  ])('%s stays taken while a write with unknown outcome may contain it', async (_what, gets, gives) => {
    cluster.apply(namespace('third'));
    cluster.apply(withGateway('third'));
    cluster.apply(rule('used', { externalIP: WANTED }, 'mine'));
    await cluster.settle();
    const before = inUse();
    cluster.writer.down = true;
    cluster.writer.losesReplies = true;
    gets();
    await cluster.settle();
    const [address, ...more] = inUse().filter((each) => !before.includes(each));
    expect([address, more]).toEqual([expect.any(String), []]);
    cluster.writer.losesReplies = false;
    gives();
    await cluster.settle();
    cluster.apply(floatingIP('ip', { externalNetworkRef, address }, 'rival'));
    await cluster.settle();
    expect(cluster.ready('FloatingIP', 'rival/ip')).toMatch(/^!AddressNotAvailable/);
    cluster.writer.down = false;
    await cluster.settle();
    expect(cluster.ready('FloatingIP', 'rival/ip')).toBe('Ready');
  });

  it('belongs to the same tenant again when the change that released it is reverted', async () => {
    cluster.apply(rule('used', { externalIP: WANTED }, 'mine'));
    await cluster.settle();
    cluster.writer.down = true;
    cluster.apply(rule('used', { externalIP: '203.0.113.151' }, 'mine'));
    await cluster.settle();
    cluster.apply(rule('used', { externalIP: WANTED }, 'mine'));
    await cluster.settle();
    cluster.apply(floatingIP('ip', { externalNetworkRef, address: '203.0.113.151' }, 'rival'));
    await cluster.settle();
    expect(cluster.condition('Accepted', 'NatRule', 'mine/used')).toBe('Accepted');
    expect(cluster.ready('FloatingIP', 'rival/ip')).toMatch(/^!AddressNotAvailable/);
    cluster.writer.down = false;
    await cluster.settle();
    expect(cluster.ready('NatRule', 'mine/used')).toBe('Ready');
    expect(translating(WANTED)).toEqual(['NatRule/mine/used']);
    expect(cluster.ready('FloatingIP', 'rival/ip')).toBe('Ready');
  });

  it('is not translated for a FloatingIP that does not hold it, even if the status contains the address', async () => {
    const ip = cluster.apply(floatingIP('ip', { externalNetworkRef, address: WANTED }, 'mine'));
    await cluster.settle();
    cluster.env.pools.external.release(ip.metadata.uid);
    cluster.apply(rule('used', { floatingIPRef: { name: 'ip' } }, 'mine'));
    await cluster.reconcileOnce((objects) => objects.filter(({ kind }) => kind === 'NatRule'));
    expect(cluster.ready('NatRule', 'mine/used')).toMatch(/^!FloatingIPNotReady: .*203\.0\.113\.150/);
    expect(translating(WANTED)).toEqual([]);
    await cluster.settle();
    expect(cluster.ready('NatRule', 'mine/used')).toBe('Ready');
  });

  it('prevents the deletion of its ExternalNetwork while rows contain the address', async () => {
    cluster.apply(rule('used', { externalIP: WANTED }, 'mine'));
    cluster.apply(withGateway('rival'));
    await cluster.settle();
    cluster.writer.down = true;
    cluster.apply(withGateway('mine'));
    cluster.delete('NatRule', 'mine/used');
    cluster.delete('ExternalNetwork', 'public');
    await cluster.settle();
    expect(cluster.ready('ExternalNetwork', 'public')).toMatch(
      /^!InUse: .*rows that the operator is removing/,
    );
    cluster.writer.down = false;
    await cluster.settle();
    expect(cluster.get('ExternalNetwork', 'public')).toBeUndefined();
  });
});
