import { describe, expect, it } from '@jest/globals';
import { floatingIP } from '../../support/controllers/manifests.ts';
import type { Manifest } from '../../support/controllers/offline-cluster.ts';
import {
  externalNetworkRef,
  forwarding,
  tenants,
  translations,
  withGateway,
} from '../../support/controllers/tenants.ts';
import { randomOf, seeds, shuffled } from '../../support/operator/seeded-random.ts';

/** This number of steps reaches rare states in acceptable time. */
const STEPS = 200;

describe.each(seeds)('two tenants with few addresses, random changes and failed writes (seed %d)', (seed) => {
  it('never have the same address at the same time', async () => {
    const random = randomOf(seed);
    const pick = <T>(items: readonly T[]): T => items[Math.floor(random() * items.length)] as T;
    const addresses = ['203.0.113.101', '203.0.113.102', '203.0.113.103', '203.0.113.104'];
    const pools = [{ start: '203.0.113.101', end: '203.0.113.105' }];
    const cluster = await tenants({ allocationPools: pools });
    const { writer } = cluster;
    const apply = writer.apply.bind(writer);
    const seen = new Set<string>();
    const check = (): void => {
      const holders = [
        ...[...translations(cluster)].flatMap(([owner, all]) =>
          all.map((each) => [each, owner.split('/')[1]]),
        ),
        ...[...cluster.stores.FloatingIP.values()].map((ip) => [ip.status?.address, ip.metadata.namespace]),
      ];
      for (const address of addresses) {
        const tenant = [...new Set(holders.flatMap(([each, ns]) => (each === address ? [ns] : [])))];
        expect([address, tenant.length]).toEqual([address, Math.min(tenant.length, 1)]);
        if (tenant.length > 0) seen.add(`${address} ${tenant[0]!}`);
      }
    };
    writer.apply = async (owner, desired) => {
      const result = await apply(owner, desired).catch((error: unknown) => {
        if (writer.losesReplies) check();
        throw error;
      });
      if (result.changed) check();
      return result;
    };
    let uid = 0;
    const make = (manifest: Manifest): void => {
      const { kind, metadata } = manifest;
      const isNew = cluster.get(kind, `${metadata.namespace!}/${metadata.name}`) === undefined;
      const identity = isNew ? { uid: `uid-${++uid}`, finalizers: [] } : {};
      cluster.apply({ ...manifest, metadata: { ...metadata, ...identity } });
    };
    const actions: readonly ((ns: string) => unknown)[] = [
      (ns) => cluster.delete('FloatingIP', `${ns}/${pick(['x', 'y'])}`),
      (ns) => cluster.delete('NatRule', `${ns}/${pick(['a', 'b'])}`),
      (ns) => {
        const name = pick(['x', 'y']);
        // A FloatingIP can name an address only at its creation.
        if (cluster.get('FloatingIP', `${ns}/${name}`) !== undefined) return;
        make(
          floatingIP(name, { externalNetworkRef, ...(random() < 0.7 && { address: pick(addresses) }) }, ns),
        );
      },
      (ns) => make(forwarding(pick(['a', 'b']), { externalIP: pick(addresses) }, ns)),
      (ns) => make(forwarding(pick(['a', 'b']), { floatingIPRef: { name: pick(['x', 'y']) } }, ns)),
      (ns) => make(forwarding(pick(['a', 'b']), {}, ns)),
      (ns) => cluster.apply(withGateway(ns, random() < 0.6 ? { externalNetworkRef } : undefined)),
      () => (writer.down = random() < 0.4),
      () => (writer.losesReplies = random() < 0.5),
      async () => random() < 0.3 && (await cluster.restart()),
    ];
    for (let step = 0; step < STEPS; step++) {
      await pick(actions)(pick(['mine', 'rival']));
      if (random() < 0.7) {
        const share = Math.sqrt(random());
        await cluster.reconcileOnce((objects) => shuffled(objects, random).filter(() => random() < share));
      }
    }
    writer.down = false;
    await cluster.settle((objects) => shuffled(objects, random));
    expect(seen.size).toBeGreaterThan(addresses.length);
  });
});
