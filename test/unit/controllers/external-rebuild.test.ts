import { describe, expect, it } from '@jest/globals';
import { formatAddress, mustParseAddress, type NatRule } from '../../../src/api/index.ts';
import { modules } from '../../../src/controllers/kinds.ts';
import { Pools } from '../../../src/controllers/pools/pools.ts';
import { rebuildPools } from '../../../src/controllers/upkeep/rebuild.ts';
import { keyOf } from '../../../src/reconcile/index.ts';
import type { Store } from '../../../src/reconcile/store/store.ts';
import {
  externalNetwork,
  floatingIP,
  namespace,
  natRule,
  portIn,
  subnet,
  vpc,
  vpcPeering,
} from '../../support/controllers/manifests.ts';
import { OfflineCluster } from '../../support/controllers/offline-cluster.ts';
import { randomOf, seeds, shuffled } from '../../support/operator/seeded-random.ts';
import { takeAll } from '../../support/reconcile/steps.ts';

const gateway = { externalNetworkRef: { name: 'public' } };

/** Two peered projects that use all features of an ExternalNetwork. */
const everything = [
  externalNetwork('public'),
  ...['a', 'b'].flatMap((ns, index) => [
    vpc('net', { cidr: `10.${index}.0.0/16`, defaults: 'None', externalGateway: gateway }, ns),
    subnet('web', { cidr: `10.${index}.1.0/24` }, ns),
    portIn('web', 'p', {}, ns),
    portIn('web', 'forwarded', {}, ns),
    floatingIP('ip', gateway, ns),
    natRule(
      'floating',
      {
        type: 'FloatingIP',
        mode: 'Distributed',
        floatingIPRef: { name: 'ip' },
        target: { portRef: { name: 'p' } },
      },
      ns,
    ),
    natRule(
      'forward',
      {
        type: 'DNAT',
        externalIP: `203.0.113.15${index}`,
        protocol: 'TCP',
        externalPort: 80,
        target: { portRef: { name: 'forwarded' } },
      },
      ns,
    ),
    natRule('source', { type: 'SNAT', source: { subnetRef: { name: 'web' } } }, ns),
    vpcPeering('peer', { peer: { namespace: ns === 'a' ? 'b' : 'a' } }, ns),
  ]),
];

async function settled(): Promise<OfflineCluster> {
  const cluster = new OfflineCluster();
  for (const ns of ['a', 'b']) cluster.apply(namespace(ns));
  for (const manifest of everything) cluster.apply(manifest);
  await cluster.settle();
  for (const { kind, metadata } of everything) {
    const key = metadata.namespace === undefined ? metadata.name : `${metadata.namespace}/${metadata.name}`;
    expect([kind, key, cluster.ready(kind, key)]).toEqual([kind, key, 'Ready']);
  }
  return cluster;
}

/** Returns the holders of external addresses in the given pools. */
function holdings(cluster: OfflineCluster, pools: Pools): Readonly<Record<string, string>> {
  const pool = pools.external.network(cluster.get('ExternalNetwork', 'public')!.metadata.uid);
  const holders = ['a', 'b'].flatMap((ns, index) => [
    [`gateway of ${ns}`, cluster.get('VPC', `${ns}/net`)!.metadata.uid],
    [`floating IP of ${ns}`, cluster.get('FloatingIP', `${ns}/ip`)!.metadata.uid],
    [`forwarding of ${ns}`, `${ns}/203.0.113.15${index}`],
  ]);
  return Object.fromEntries(
    holders.map(([what, uid]) => {
      const address = pool?.heldBy(uid!);
      return [what!, address === undefined ? 'nothing' : formatAddress(address)];
    }),
  );
}

function forget(cluster: OfflineCluster, kind: string): void {
  const type = { group: '', version: '', kind, plural: '', namespaced: true };
  for (const ns of ['a', 'b']) {
    for (const name of ['net', 'ip', 'floating', 'forward']) {
      const object = cluster.get(kind, `${ns}/${name}`);
      if (object !== undefined) void cluster.env.status.write(type, object, {});
    }
  }
}

describe('external addresses after a rebuild of the pools', () => {
  it.each([
    ['statuses and rows', () => undefined],
    [
      'rows only, because a crash prevented the status writes',
      (cluster) => ['VPC', 'FloatingIP', 'NatRule'].forEach((kind) => forget(cluster, kind)),
    ],
    ['statuses only, because a restored database lost the rows', (cluster) => cluster.writer.states.clear()],
  ] satisfies [string, (cluster: OfflineCluster) => void][])('come from %s', async (_what, lose) => {
    const cluster = await settled();
    const before = holdings(cluster, cluster.env.pools);
    expect(new Set(Object.values(before)).size).toBe(6);
    lose(cluster);
    const pools = new Pools(cluster.env.settings, () => undefined);
    expect(takeAll(rebuildPools({ ...cluster.env, pools }))).toEqual([]);
    expect(holdings(cluster, pools)).toEqual(before);
  });

  it('stay held for a deleted NatRule until its shares are removed', async () => {
    const cluster = await settled();
    const { uid } = cluster.get('NatRule', 'a/forward')!.metadata;
    cluster.delete('NatRule', 'a/forward');
    const pools = new Pools(cluster.env.settings, () => undefined);
    takeAll(rebuildPools({ ...cluster.env, pools }));
    const pool = pools.external.network(cluster.get('ExternalNetwork', 'public')!.metadata.uid);
    expect(pool?.holder(mustParseAddress('203.0.113.150'))).toBe('a/203.0.113.150');
    pools.external.keepShares(uid);
    expect(pool?.holder(mustParseAddress('203.0.113.150'))).toBeUndefined();
  });

  it('are held for a NatRule that appears between any two steps of the rebuild', async () => {
    const cluster = await settled();
    const rule = cluster.get('NatRule', 'a/forward') as NatRule;
    const networkUid = cluster.get('ExternalNetwork', 'public')!.metadata.uid;
    const rules = cluster.env.stores.NatRule as unknown as Pick<Store<NatRule>, 'upsert' | 'delete'>;
    for (let when = 1, all = 1; when <= all; when++) {
      rules.delete(rule);
      const pools = new Pools(cluster.env.settings, () => undefined);
      takeAll(rebuildPools({ ...cluster.env, pools }), (taken) => {
        all = taken;
        if (taken === when) rules.upsert(rule);
      });
      const holder = pools.external.network(networkUid)?.holder(mustParseAddress('203.0.113.150'));
      expect([when, holder]).toEqual([when, 'a/203.0.113.150']);
    }
  });
});

describe('two peered projects with all external features', () => {
  it.each(seeds)('leave no row and no address after a deletion in random order (seed %d)', async (seed) => {
    const cluster = await settled();
    const random = randomOf(seed);
    const addresses = cluster.env.pools.external.network(
      cluster.get('ExternalNetwork', 'public')!.metadata.uid,
    );
    for (const { kind, metadata } of shuffled(everything, random)) {
      cluster.delete(
        kind,
        metadata.namespace === undefined ? metadata.name : `${metadata.namespace}/${metadata.name}`,
      );
      if (random() < 0.5) await cluster.reconcileOnce((objects) => shuffled(objects, random));
    }
    await cluster.settle((objects) => shuffled(objects, random));
    expect([...cluster.writer.owners()]).toEqual([]);
    expect(addresses?.counts().used).toBe(0);
    for (const { kind, metadata } of everything) {
      const key = metadata.namespace === undefined ? metadata.name : `${metadata.namespace}/${metadata.name}`;
      expect([key, cluster.get(kind, key)]).toEqual([key, undefined]);
    }
  });

  it.each(seeds)(
    'have the same rows after a creation in random order, except for allocated addresses (seed %d)',
    async (seed) => {
      const random = randomOf(seed);
      const cluster = new OfflineCluster();
      for (const manifest of shuffled([...everything, namespace('a'), namespace('b')], random)) {
        cluster.apply(manifest);
        if (random() < 0.3) await cluster.reconcileOnce((objects) => shuffled(objects, random));
      }
      await cluster.settle((objects) => shuffled(objects, random));
      const shape = (of: OfflineCluster) =>
        [...of.writer.states.values()]
          .map(
            ({ owner, desired }) =>
              `${owner.namespace}/${owner.kind}/${owner.name}: ${desired.rows
                .map(({ table, uuid }) => `${table} ${uuid}`)
                .sort()
                .join(', ')}`,
          )
          .sort();
      const expected = shape(await settled());
      expect(shape(cluster)).toEqual(expected);
    },
  );
});

describe('the named claims of an ExternalNetwork', () => {
  it('contain only the objects whose specs name an address', async () => {
    const cluster = await settled();
    const network = cluster.get('ExternalNetwork', 'public')!;
    const claims = Object.values(modules).flatMap(({ namedClaims }) => [
      ...(namedClaims?.(cluster.env, network) ?? []),
    ]);
    expect(claims.map(({ object }) => `${object.kind} ${keyOf(object)}`).sort()).toEqual([
      'NatRule a/forward',
      'NatRule b/forward',
    ]);
  });
});
