import { describe, expect, it } from '@jest/globals';
import { formatAddress, mustParseAddress, mustParseCidr, type Port } from '../../../src/api/index.ts';
import { Pools } from '../../../src/controllers/pools/pools.ts';
import { KindReconciler } from '../../../src/controllers/common/kind-reconciler.ts';
import { kinds } from '../../../src/controllers/kinds.ts';
import { rebuildPools } from '../../../src/controllers/upkeep/rebuild.ts';
import type { Store } from '../../../src/reconcile/store/store.ts';
import { portIn, subnet, vpc } from '../../support/controllers/manifests.ts';
import { OfflineCluster, printable, type Manifest } from '../../support/controllers/offline-cluster.ts';
import { takeAll } from '../../support/reconcile/steps.ts';

/** Returns a settled cluster with a VPC, a Subnet and two Ports. */
async function settled(): Promise<OfflineCluster> {
  const cluster = new OfflineCluster();
  cluster.apply(vpc('net', { cidr: '10.9.0.0/16', defaults: 'None' }));
  cluster.apply(subnet('a'));
  cluster.apply(portIn('a', 'p'));
  cluster.apply(portIn('a', 'q'));
  await cluster.settle();
  return cluster;
}

/** Rebuilds pools from the statuses and rows of the cluster. */
function rebuilt(cluster: OfflineCluster) {
  const pools = new Pools(cluster.env.settings, () => undefined);
  const conflicts = takeAll(rebuildPools({ ...cluster.env, pools }));
  const subnetUid = cluster.get('Subnet', 'default/a')?.metadata.uid ?? '';
  const addresses = pools.subnet(subnetUid)?.addresses;
  const addressOf = (uid: string) => {
    const held = addresses?.heldBy(uid);
    return held && formatAddress(held);
  };
  return {
    pools,
    conflicts,
    addresses,
    addressOf,
    uid: (name: string) => cluster.get('Port', `default/${name}`)?.metadata.uid ?? '',
  };
}

const withoutStatus = (cluster: OfflineCluster, kind: string, key: string) =>
  cluster.env.status.write(
    { group: '', version: '', kind, plural: '', namespaced: true },
    cluster.get(kind, key)!,
    {},
  );

describe('the pools after a rebuild', () => {
  it('contain the addresses in statuses', async () => {
    const cluster = await settled();
    cluster.writer.states.clear();
    const { addressOf, uid, conflicts } = rebuilt(cluster);
    expect([addressOf(uid('p')), addressOf(uid('q'))]).toEqual(['10.9.255.2', '10.9.255.3']);
    expect(conflicts).toEqual([]);
  });

  it('contain the addresses in rows if a crash prevented the status write', async () => {
    const cluster = await settled();
    for (const [kind, key] of [
      ['VPC', 'default/net'],
      ['Subnet', 'default/a'],
      ['Port', 'default/p'],
    ] as const) {
      await withoutStatus(cluster, kind, key);
    }
    const { addressOf, uid, pools } = rebuilt(cluster);
    expect([addressOf(uid('p')), addressOf(uid('q'))]).toEqual(['10.9.255.2', '10.9.255.3']);
    const vpcUid = cluster.get('VPC', 'default/net')?.metadata.uid ?? '';
    expect(
      pools.vpcBlocks.claim('namespace/default', 'someone', mustParseCidr('10.9.128.0/24')),
    ).toMatchObject({
      holder: vpcUid,
    });
    expect(pools.subnetBlocks(vpcUid, mustParseCidr('10.9.0.0/16')).allocate('next')).toEqual(
      mustParseCidr('10.9.254.0/24'),
    );
  });

  it('hold the addresses in the rows of a deleted Port until the release of the Port', async () => {
    const cluster = await settled();
    const uid = cluster.get('Port', 'default/p')!.metadata.uid;
    cluster.delete('Port', 'default/p');
    const { pools, addresses } = rebuilt(cluster);
    expect(addresses?.holder(mustParseAddress('10.9.255.2'))).toBe(uid);
    pools.releasePort(uid);
    expect(addresses?.holder(mustParseAddress('10.9.255.2'))).toBeUndefined();
  });

  it('report two Ports with the same recorded address, which the older Port keeps', async () => {
    const cluster = await settled();
    const q = cluster.get('Port', 'default/q')!;
    await cluster.env.status.write(
      { group: '', version: '', kind: 'Port', plural: '', namespaced: true },
      q,
      { ipAddress: '10.9.255.2' },
    );
    const { addressOf, uid, conflicts } = rebuilt(cluster);
    expect(addressOf(uid('p'))).toBe('10.9.255.2');
    expect(conflicts).toEqual([{ kind: 'Port', uid: q.metadata.uid, value: '10.9.255.2' }]);
  });

  it('hold the addresses that Ports name before the first allocation', async () => {
    const cluster = await settled();
    cluster.apply(portIn('a', 'named', { ipAddress: '10.9.255.4' }));
    const { addresses, uid } = rebuilt(cluster);
    expect(addresses?.holder(mustParseAddress('10.9.255.4'))).toBe(uid('named'));
    expect(formatAddress(addresses?.allocate('another') as never)).toBe('10.9.255.5');
  });

  it.each(['appears', 'disappears'])(
    'hold the address of a Port that %s between any two steps',
    async (what) => {
      const cluster = await settled();
      const port = cluster.get('Port', 'default/p') as Port;
      const { uid } = port.metadata;
      const subnetUid = cluster.get('Subnet', 'default/a')!.metadata.uid;
      const ports = cluster.env.stores.Port as unknown as Pick<Store<Port>, 'upsert' | 'delete'>;
      for (let when = 1, all = 1; when <= all; when++) {
        if (what === 'appears') ports.delete(port);
        const pools = new Pools(cluster.env.settings, () => undefined);
        const conflicts = takeAll(rebuildPools({ ...cluster.env, pools }), (taken) => {
          all = taken;
          if (taken !== when) return;
          if (what === 'appears') ports.upsert(port);
          else ports.delete(port);
        });
        const holder = () => pools.subnet(subnetUid)?.addresses.holder(mustParseAddress('10.9.255.2'));
        expect([when, conflicts, holder()]).toEqual([when, [], uid]);
        pools.releasePort(uid);
        expect([when, holder()]).toEqual([when, undefined]);
        ports.upsert(port);
      }
    },
  );

  describe('after an operator version that allowed two Ports the same MAC address', () => {
    const mac = '0a:00:00:00:00:01';
    const thief = portIn('a', 'thief', { allowedAddresses: [{ cidr: '10.10.9.9/32', mac }] });
    const victim = portIn('a', 'victim', { macAddress: mac });

    /**
     * OVN contains both Ports as that version wrote them. Then a new operator reconciles them, the younger Port
     * first.
     */
    const upgraded = async (older: Manifest, younger: Manifest) => {
      const cluster = await settled();
      const before = { ...thief, spec: { ...thief.spec, allowedAddresses: [] } };
      for (const each of [older, younger]) cluster.apply(each === thief ? before : each);
      await cluster.settle();
      cluster.apply(thief);
      const columns = () => {
        const state = cluster.writer.states.get(cluster.get('Port', 'default/thief')!.metadata.uid);
        const lsp = state!.desired.rows.find(({ table }) => table === 'Logical_Switch_Port');
        return lsp!.columns as unknown as Readonly<Record<'addresses' | 'port_security', Set<string>>>;
      };
      columns().addresses.add(mac);
      columns().port_security.add(`${mac} 10.10.9.9/32`);
      const { pools, conflicts } = rebuilt(cluster);
      const operator = new KindReconciler({ ...cluster.env, pools }, kinds.Port);
      for (const { metadata } of [younger, older]) {
        const port = cluster.get('Port', `default/${metadata.name}`) as Port;
        await operator.reconcile(`default/${metadata.name}`, port, {
          gone: [],
          priority: 'repair',
          attempt: 0,
        } as never);
      }
      const ready = (name: string) => cluster.ready('Port', `default/${name}`);
      return {
        conflicts,
        ready: [victim, thief].map(({ metadata }) => ready(metadata.name)),
        columns: columns(),
      };
    };

    it('keep the MAC address for the older Port that owns it, and remove it from the younger Port', async () => {
      const { conflicts, ready, columns } = await upgraded(victim, thief);
      expect(conflicts).toMatchObject([{ kind: 'Port', value: mac }]);
      expect(ready).toEqual([
        'Ready',
        expect.stringMatching(/^!MACConflict: .* is already a MAC address of the Port "victim"/),
      ]);
      expect(JSON.stringify(printable(columns))).not.toContain(mac);
    });

    it('refuse the MAC address to the younger Port, which would own it, and deliver its frames to no other Port', async () => {
      const { conflicts, ready, columns } = await upgraded(thief, victim);
      expect(conflicts).toMatchObject([{ kind: 'Port', value: mac }]);
      expect(ready).toEqual([
        expect.stringMatching(/^!MACConflict: .* is already a MAC address of the Port "thief"/),
        'Ready',
      ]);
      expect([...columns.addresses]).not.toContain(mac);
    });
  });
});
