import { beforeEach, describe, expect, it } from '@jest/globals';
import type { ResourceType } from '../../../src/api/index.ts';
import type { KubeObject } from '../../../src/reconcile/index.ts';
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

const gateway = { externalNetworkRef: { name: 'public' } };
const target = { portRef: { name: 'p' } };

/** Two peered projects; the first uses all that an external network gives. */
const everything = [
  namespace('a'),
  namespace('b'),
  externalNetwork('public'),
  vpc('net', { cidr: '10.1.0.0/16', defaults: 'None', externalGateway: gateway }, 'a'),
  vpc('net', { cidr: '10.2.0.0/16', defaults: 'None' }, 'b'),
  subnet('web', { cidr: '10.1.1.0/24' }, 'a'),
  portIn('web', 'p', {}, 'a'),
  portIn('web', 'q', {}, 'a'),
  floatingIP('ip', gateway, 'a'),
  natRule('floating', { type: 'FloatingIP', floatingIPRef: { name: 'ip' }, target }, 'a'),
  natRule('source', { type: 'SNAT', source: { subnetRef: { name: 'web' } } }, 'a'),
  natRule(
    'port',
    { type: 'DNAT', protocol: 'TCP', externalPort: 80, target: { portRef: { name: 'q' } } },
    'a',
  ),
  vpcPeering('peer', { peer: { namespace: 'b' } }, 'a'),
  vpcPeering('peer', { peer: { namespace: 'a' } }, 'b'),
];
const kinds = ['ExternalNetwork', 'VPC', 'Subnet', 'Port', 'FloatingIP', 'NatRule', 'VPCPeering'];

describe('objects that lost their statuses', () => {
  let cluster: OfflineCluster;
  beforeEach(async () => {
    cluster = new OfflineCluster();
    for (const manifest of everything) cluster.apply(manifest);
    await cluster.settle();
  });

  const objects = (): KubeObject[] =>
    everything.flatMap(({ kind, metadata: { name, namespace: ns } }) =>
      kinds.includes(kind) ? (cluster.get(kind, ns === undefined ? name : `${ns}/${name}`) ?? []) : [],
    );
  const statuses = () =>
    objects().map(({ kind, metadata, status }) => [kind, metadata.namespace, metadata.name, status]);
  const lose = (kind: string): void => {
    const type: ResourceType = { group: '', version: '', kind, plural: '', namespaced: true };
    for (const object of objects()) {
      if (object.kind === kind) void cluster.env.status.write(type, object, {});
    }
  };

  it.each<[string, readonly string[]]>([
    ...kinds.map((kind): [string, string[]] => [kind, [kind]]),
    ['all kinds', kinds],
  ])(
    'keep their rows and those of what depends on them, whoever is looked at first: %s',
    async (_what, lost) => {
      for (const { kind, metadata } of objects()) {
        const { namespace: ns, name } = metadata;
        expect(cluster.ready(kind, ns === undefined ? name : `${ns}/${name}`)).toBe('Ready');
      }
      const before = statuses();
      for (const order of [(all: KubeObject[]) => all, (all: KubeObject[]) => all.toReversed()]) {
        for (const kind of lost) lose(kind);
        cluster.writer.applied.length = 0;
        await cluster.settle(order);
        expect(cluster.writer.applied).toEqual([]);
        expect(statuses()).toEqual(before);
      }
    },
  );
});
