import { beforeEach, describe, expect, it } from '@jest/globals';
import { interfaceId } from '../../../src/controllers/rows/names.ts';
import { portIn } from '../../support/controllers/manifests.ts';
import type { OfflineCluster } from '../../support/controllers/offline-cluster.ts';
import { externalNetworkRef, forwarding, tenants } from '../../support/controllers/tenants.ts';
import { floatingIP, natRule } from '../../support/controllers/manifests.ts';

describe('the NatRules of VMs on several hosts', () => {
  let cluster: OfflineCluster;
  const portsOf = { h1: ['a', 'b'], h2: ['c'] };

  beforeEach(async () => {
    cluster = await tenants();
    const hosts = new Map<string, string>();
    for (const [host, names] of Object.entries(portsOf))
      for (const name of names) {
        const port = cluster.apply(portIn('web', name, {}, 'mine'));
        hosts.set(interfaceId(port.metadata.uid), host);
        cluster.apply(floatingIP(name, { externalNetworkRef }, 'mine'));
        const spec = { floatingIPRef: { name }, target: { portRef: { name } } };
        cluster.apply(natRule(name, { type: 'FloatingIP', mode: 'Distributed', ...spec }, 'mine'));
      }
    for (let n = 0; n < 20; n++)
      cluster.apply(forwarding(`forward-${n}`, { externalPort: 1000 + n }, 'mine'));
    cluster.bindings = hosts;
    cluster.chassis = ['gw1', 'gw2', 'h1', 'h2'];
    await cluster.settle();
  });

  const isDistributed = (name: string): boolean => {
    const { uid } = cluster.get('NatRule', `mine/${name}`)!.metadata;
    return cluster.writer
      .ownedBy(uid)
      .some(({ row }) => 'external_mac' in row && row['external_mac'] !== undefined);
  };

  it('follow changes of their own host', async () => {
    const states = () => ['a', 'b', 'c'].map(isDistributed);
    expect(states()).toEqual([true, true, true]);
    cluster.changeChassis(['gw1', 'gw2', 'h2']);
    await cluster.runQueue();
    expect(states()).toEqual([false, false, true]);
    cluster.changeChassis(['gw1', 'gw2', 'h1', 'h2']);
    await cluster.runQueue();
    expect(states()).toEqual([true, true, true]);
  });

  it('are not reconciled after a change of another host', async () => {
    const reconciles = async (chassis: readonly string[]): Promise<number> => {
      cluster.reconciles = 0;
      cluster.changeChassis(chassis);
      await cluster.runQueue();
      return cluster.reconciles;
    };
    const withoutRules = await reconciles(['gw1', 'gw2', 'h1', 'h2', 'unused']);
    expect(await reconciles(['gw1', 'gw2', 'h1', 'h2'])).toBe(withoutRules);
    expect(await reconciles(['gw1', 'gw2', 'h1'])).toBe(withoutRules + portsOf.h2.length);
  });
});
