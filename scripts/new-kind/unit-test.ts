import type { KindNames } from './names.ts';

/** The text of the unit test. */
export function testText({ kind, camel, singular }: KindNames): string {
  return `import { beforeEach, describe, expect, it } from '@jest/globals';
import type { ${kind} } from '../../../src/api/index.ts';
import { portGroupName } from '../../../src/controllers/${singular}/plan.ts';
import { vpc } from '../../support/controllers/manifests.ts';
import { OfflineCluster, type Manifest } from '../../support/controllers/offline-cluster.ts';

const KEY = 'default/test';

const ${camel} = (spec: Partial<${kind}['spec']> = {}): Manifest => ({ kind: '${kind}', metadata: { name: 'test' }, spec });

describe('a ${kind}', () => {
  let cluster: OfflineCluster;
  beforeEach(() => {
    cluster = new OfflineCluster();
  });

  /** The object as the API server has it. */
  const live = (): ${kind} => cluster.get('${kind}', KEY) as ${kind};
  /** The tables of the object's rows. */
  const tables = (uid: string): readonly string[] => cluster.writer.ownedBy(uid).map(({ table }) => table);

  it('has one port group in OVN, and its status shows the name of the group', async () => {
    cluster.apply(vpc('net'));
    cluster.apply(${camel}());
    await cluster.settle();
    const { uid } = live().metadata;
    expect(cluster.ready('${kind}', KEY)).toBe('Ready');
    expect(tables(uid)).toEqual(['Port_Group']);
    expect(live().status?.portGroupName).toBe(portGroupName(uid));
  });

  it('waits for the VPC that it names', async () => {
    cluster.apply(${camel}({ vpcRef: { name: 'net' } }));
    await cluster.settle();
    expect(cluster.condition('ResolvedRefs', '${kind}', KEY)).toMatch(/^!VPCNotFound: /);
    expect(tables(live().metadata.uid)).toEqual([]);
    cluster.apply(vpc('net'));
    await cluster.settle();
    expect(cluster.ready('${kind}', KEY)).toBe('Ready');
  });

  it('has no rows after its deletion', async () => {
    cluster.apply(vpc('net'));
    cluster.apply(${camel}());
    await cluster.settle();
    const { uid } = live().metadata;
    cluster.delete('${kind}', KEY);
    await cluster.settle();
    expect(cluster.get('${kind}', KEY)).toBeUndefined();
    expect(tables(uid)).toEqual([]);
  });

  it('keeps its VPC until it is deleted', async () => {
    cluster.apply(vpc('net', { defaults: 'None' }));
    cluster.apply(${camel}());
    await cluster.settle();
    cluster.delete('VPC', 'default/net');
    await cluster.settle();
    expect(cluster.ready('VPC', 'default/net')).toMatch(/^!InUse: .*${kind} test/);
    cluster.delete('${kind}', KEY);
    await cluster.settle();
    expect(cluster.get('VPC', 'default/net')).toBeUndefined();
  });

  it('keeps its status and its rows while OVN does not answer', async () => {
    cluster.apply(vpc('net'));
    cluster.apply(${camel}());
    await cluster.settle();
    const { uid } = live().metadata;
    cluster.writer.down = true;
    cluster.apply(vpc('net', { staticRoutes: [] }));
    cluster.apply(${camel}());
    await cluster.settle();
    expect(live().status?.portGroupName).toBe(portGroupName(uid));
    expect(tables(uid)).toEqual(['Port_Group']);
  });
});
`;
}
