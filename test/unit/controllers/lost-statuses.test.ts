import { beforeEach, describe, expect, it } from '@jest/globals';
import type { ResourceType } from '../../../src/api/index.ts';
import { kindNames } from '../../../src/controllers/index.ts';
import { keyOf, type KubeObject } from '../../../src/reconcile/index.ts';
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
import { OfflineCluster, type Manifest } from '../../support/controllers/offline-cluster.ts';
import { example, exampleFiles } from '../../support/operator/examples.ts';

const gateway = { externalNetworkRef: { name: 'public' } };
const target = { portRef: { name: 'p' } };

/** Two peered projects; the first one uses all features of an ExternalNetwork. */
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

/** The scenario above, and the examples, which have every other kind. */
const scenarios: readonly (readonly [name: string, manifests: readonly Manifest[]])[] = [
  ['two peered projects', everything],
  ...exampleFiles.map(
    (file) => [`examples/${file}`, example(file) as unknown as readonly Manifest[]] as const,
  ),
];

const kindsOf = (manifests: readonly Manifest[]): typeof kindNames =>
  kindNames.filter((name) => manifests.some(({ kind }) => kind === name));

describe('the scenarios for lost statuses', () => {
  it('contain every kind', () => {
    expect(kindsOf(scenarios.flatMap(([, manifests]) => manifests))).toEqual(kindNames);
  });
});

describe.each(scenarios)('objects that lost their statuses (%s)', (_scenario, manifests) => {
  const kinds = kindsOf(manifests);
  let cluster: OfflineCluster;
  beforeEach(async () => {
    cluster = new OfflineCluster();
    for (const manifest of manifests) if (manifest.kind !== 'Secret') cluster.apply(manifest);
    await cluster.settle();
  });

  const objects = (): KubeObject[] => kinds.flatMap((kind) => [...cluster.stores[kind].values()]);
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
  ])('keep their rows and the rows of dependent objects, in any order: %s', async (_what, lost) => {
    for (const object of objects()) expect(cluster.ready(object.kind, keyOf(object))).toBe('Ready');
    const before = statuses();
    for (const order of [(all: KubeObject[]) => all, (all: KubeObject[]) => all.toReversed()]) {
      for (const kind of lost) lose(kind);
      cluster.writer.applied.length = 0;
      await cluster.settle(order);
      expect(cluster.writer.applied).toEqual([]);
      expect(statuses()).toEqual(before);
    }
  });
});
