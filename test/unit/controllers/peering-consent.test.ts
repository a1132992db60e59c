import { beforeEach, describe, expect, it } from '@jest/globals';
import { OfflineCluster } from '../../support/controllers/offline-cluster.ts';
import {
  createVpc,
  newUid,
  peer,
  peeringOf,
  project,
  routedTo,
  setStatus,
} from '../../support/controllers/peered.ts';
import { namespace } from '../../support/controllers/manifests.ts';
import { rowsOf } from '../../support/controllers/rows.ts';

let cluster: OfflineCluster;
beforeEach(async () => {
  cluster = new OfflineCluster();
  project(cluster, 'victim', '10.1.0.0/16');
  project(cluster, 'attacker', '10.2.0.0/16');
  peer(cluster, 'victim', 'attacker');
  peer(cluster, 'attacker', 'victim');
  await cluster.settle();
  expect(routedTo(cluster, 'victim', 'attacker')).toEqual(['10.2.0.0/16']);
});

const ready = (from: string, to: string) => cluster.ready('VPCPeering', `${from}/to-${to}`);

/** Deletes the VPC and the VPCPeering of the attacker, as the removal of the finalizer by hand allows at any time. */
function vanish(): void {
  cluster.delete('VPCPeering', 'attacker/to-victim');
  const { uid } = cluster.get('VPC', 'attacker/net')!.metadata;
  cluster.delete('VPC', 'attacker/net');
  void cluster.env.finalizers.remove(
    { group: '', version: '', kind: 'VPC', plural: '', namespaced: true },
    cluster.get('VPC', 'attacker/net') ?? ({ kind: 'VPC', metadata: { uid } } as never),
    '',
  );
}

/** Creates the VPC of the attacker again, with another range, and its VPCPeering. Returns the UID of the VPC. */
function comeBack(cidr = '100.64.0.0/10'): string {
  const uid = createVpc(cluster, 'attacker', cidr);
  peer(cluster, 'attacker', 'victim');
  return uid;
}

/** The events between the deletion and the new VPC, from the victim's point of view. */
const between: readonly (readonly [string, () => Promise<void> | void])[] = [
  ['after the operator has seen the deletion', () => cluster.settle()],
  ['before the operator reconciles again', () => undefined],
  ['while no operator runs', () => undefined],
  [
    'after the status of the VPCPeering was lost',
    async () => {
      await cluster.settle();
      setStatus(cluster, 'victim', 'attacker');
      await cluster.settle();
    },
  ],
  ['when the status is lost at the same time', () => setStatus(cluster, 'victim', 'attacker')],
  [
    'after the rows of the Northbound database were lost',
    async () => {
      await cluster.settle();
      cluster.writer.states.clear();
    },
  ],
  [
    'when the namespace is created again too',
    () => {
      cluster.delete('Namespace', 'attacker');
      cluster.apply({ ...namespace('attacker'), metadata: { name: 'attacker', uid: newUid() } });
    },
  ],
];

describe('the consent of a VPCPeering', () => {
  it.each(between)('does not apply to a VPC that is created again %s', async (what, event) => {
    vanish();
    await event();
    const uid = comeBack();
    if (what.startsWith('while no operator')) await cluster.restart();
    await cluster.settle((objects) => objects.toReversed());
    expect(routedTo(cluster, 'victim', 'attacker')).toEqual([]);
    expect(routedTo(cluster, 'attacker', 'victim')).toEqual([]);
    expect(ready('victim', 'attacker')).toContain('!ConsentRequired: ');
    expect(ready('victim', 'attacker')).toContain(`set spec.peer.vpcUID to "${uid}"`);
    expect(ready('attacker', 'victim')).toMatch(/^!PendingPeer: /);
    expect(peeringOf(cluster, 'attacker', 'victim')?.status).not.toHaveProperty('consent');
  });

  it('does not apply to another VPC of the namespace that takes effect', async () => {
    const older = {
      name: 'atom',
      namespace: 'attacker',
      uid: newUid(),
      creationTimestamp: '1970-01-01T00:00:00Z',
    };
    cluster.apply({ kind: 'VPC', metadata: older, spec: { cidr: '100.64.0.0/10', defaults: 'None' } });
    await cluster.settle();
    expect(ready('victim', 'attacker')).toMatch(/^!ConsentRequired: /);
    expect(routedTo(cluster, 'victim', 'attacker')).toEqual([]);
  });

  it('survives a deletion and creation of the VPCPeering of the other side with the same VPC', async () => {
    cluster.delete('VPCPeering', 'attacker/to-victim');
    await cluster.settle();
    expect(ready('victim', 'attacker')).toMatch(/^!PendingPeer: /);
    peer(cluster, 'attacker', 'victim');
    await cluster.settle();
    expect([ready('victim', 'attacker'), ready('attacker', 'victim')]).toEqual(['Ready', 'Ready']);
  });

  it('applies to the new VPC after the VPCPeering is created again', async () => {
    vanish();
    comeBack('10.9.0.0/16');
    await cluster.settle();
    cluster.delete('VPCPeering', 'victim/to-attacker');
    peer(cluster, 'victim', 'attacker');
    await cluster.settle();
    expect([ready('victim', 'attacker'), ready('attacker', 'victim')]).toEqual(['Ready', 'Ready']);
    expect(routedTo(cluster, 'victim', 'attacker')).toEqual(['10.9.0.0/16']);
  });

  it('applies to the VPC that spec.peer.vpcUID names, and to no other, also after the field is removed', async () => {
    vanish();
    const uid = comeBack('10.9.0.0/16');
    peer(cluster, 'victim', 'attacker', { peer: { vpcUID: uid } });
    await cluster.settle();
    expect([ready('victim', 'attacker'), ready('attacker', 'victim')]).toEqual(['Ready', 'Ready']);
    peer(cluster, 'victim', 'attacker');
    await cluster.settle();
    expect(ready('victim', 'attacker')).toBe('Ready');
    vanish();
    comeBack();
    await cluster.settle();
    expect(ready('victim', 'attacker')).toMatch(/^!ConsentRequired: /);
  });

  it('applies to no VPC of a namespace that was created again before it had a VPCPeering', async () => {
    cluster.apply(namespace('later'));
    peer(cluster, 'victim', 'later');
    await cluster.settle();
    const pending = ready('victim', 'later');
    cluster.delete('Namespace', 'later');
    cluster.apply({ ...namespace('later'), metadata: { name: 'later', uid: newUid() } });
    await cluster.settle();
    expect(ready('victim', 'later')).toBe(pending);
    createVpc(cluster, 'later', '10.3.0.0/16');
    peer(cluster, 'later', 'victim');
    await cluster.settle();
    expect(ready('victim', 'later')).toMatch(/^!ConsentRequired: /);
  });

  it('is not extended by a status that a tenant edits, and keeps the rows when the status is lost', async () => {
    const { status } = peeringOf(cluster, 'victim', 'attacker')!;
    cluster.writer.applied.length = 0;
    setStatus(cluster, 'victim', 'attacker', { consent: { vpcUID: newUid(), cidr: '100.64.0.0/10' } });
    await cluster.settle();
    expect(peeringOf(cluster, 'victim', 'attacker')?.status).toEqual(status);
    setStatus(cluster, 'victim', 'attacker');
    await cluster.restart();
    await cluster.settle();
    expect(peeringOf(cluster, 'victim', 'attacker')?.status).toEqual(status);
    expect(cluster.writer.applied).toEqual([]);
  });

  it('is not extended by an edited status of the other VPC', async () => {
    const net = cluster.get('VPC', 'attacker/net')!;
    const type = { group: '', version: '', kind: 'VPC', plural: '', namespaced: true };
    await cluster.env.status.write(type, net, { ...(net.status as object), cidr: '100.64.0.0/10' });
    await cluster.reconcileOnce((objects) => objects.filter(({ kind }) => kind === 'VPCPeering'));
    expect(routedTo(cluster, 'victim', 'attacker')).toEqual(['10.2.0.0/16']);
  });

  it('does not depend on the organizations of the namespaces', async () => {
    cluster.writer.applied.length = 0;
    cluster.apply(namespace('attacker', { 'network.plasmavmc.io/organization': 'other' }));
    await cluster.settle();
    expect(cluster.writer.applied).toEqual([]);
    expect(ready('victim', 'attacker')).toBe('Ready');
  });

  it('names no network that the new VPC does not advertise', async () => {
    vanish();
    createVpc(cluster, 'attacker', '10.9.0.0/16');
    peer(cluster, 'attacker', 'victim', { advertisedCIDRs: ['10.9.7.0/24'] });
    await cluster.settle();
    expect(ready('victim', 'attacker')).toContain('10.9.7.0/24');
    expect(ready('victim', 'attacker')).not.toContain('10.9.0.0');
    cluster.delete('VPCPeering', 'victim/to-attacker');
    peer(cluster, 'victim', 'attacker');
    await cluster.settle();
    expect(ready('victim', 'attacker')).toBe('Ready');
    expect(JSON.stringify(peeringOf(cluster, 'victim', 'attacker')?.status)).not.toContain('10.9.0.0');
  });
});

describe('the accepted networks of a VPCPeering', () => {
  const policy = (from: string, to: string) =>
    rowsOf(cluster, 'VPCPeering', `to-${to}`, 'Logical_Router_Policy', from)[0]?.['match'];

  it('limit the routes and the sources to the networks that both sides agreed on', async () => {
    peer(cluster, 'victim', 'attacker', { acceptedCIDRs: ['10.2.5.0/24', '10.3.0.0/16'] });
    peer(cluster, 'attacker', 'victim', { advertisedCIDRs: ['10.2.0.0/20', '10.2.64.0/24'] });
    await cluster.settle();
    expect(ready('victim', 'attacker')).toBe('Ready');
    expect(routedTo(cluster, 'victim', 'attacker')).toEqual(['10.2.5.0/24']);
    expect(policy('victim', 'attacker')).toContain('ip4.src == 10.2.5.0/24');
    expect(policy('attacker', 'victim')).toContain('ip4.dst == 10.2.5.0/24');
    expect(peeringOf(cluster, 'victim', 'attacker')?.status).toMatchObject({
      acceptedRoutes: ['10.2.5.0/24'],
      refusedRoutes: [
        {
          cidr: '10.2.0.0/20',
          reason: 'ConsentRequired',
          message: expect.stringMatching(/accepts only 10\.2\.5\.0\/24/),
        },
        { cidr: '10.2.64.0/24', reason: 'ConsentRequired' },
      ],
    });
    const accepted = (key: string) => cluster.condition('RoutesAccepted', 'VPCPeering', key);
    expect(accepted('victim/to-attacker')).toMatch(
      /^!RoutesRefused: .*10\.2\.64\.0\/24, which this VPCPeering/,
    );
    expect(accepted('attacker/to-victim')).toMatch(
      /^!RoutesRefused: The other side does not route to all of/,
    );
  });

  it('require a new consent if the other side advertises none of them', async () => {
    peer(cluster, 'victim', 'attacker', { acceptedCIDRs: ['10.3.0.0/16'] });
    await cluster.settle();
    expect(ready('victim', 'attacker')).toMatch(/^!ConsentRequired: .*10\.2\.0\.0\/16.*spec\.acceptedCIDRs/);
    expect(ready('attacker', 'victim')).toMatch(/^!PendingPeer: The other side accepts no network/);
    expect(routedTo(cluster, 'attacker', 'victim')).toEqual([]);
  });

  it('contain the whole range of the other VPC by default, also when the other side advertises more of it', async () => {
    peer(cluster, 'attacker', 'victim', { advertisedCIDRs: ['10.2.5.0/24'] });
    await cluster.settle();
    expect(routedTo(cluster, 'victim', 'attacker')).toEqual(['10.2.5.0/24']);
    peer(cluster, 'attacker', 'victim', { advertisedCIDRs: ['10.2.0.0/17'] });
    await cluster.settle();
    expect(routedTo(cluster, 'victim', 'attacker')).toEqual(['10.2.0.0/17']);
  });

  it.each(['169.254.0.0/16', '169.254.169.0/24', '224.0.0.0/8', '127.0.0.0/8'])(
    'never contain the reserved network %s',
    async (cidr) => {
      vanish();
      createVpc(cluster, 'attacker', cidr);
      peer(cluster, 'attacker', 'victim');
      cluster.delete('VPCPeering', 'victim/to-attacker');
      peer(cluster, 'victim', 'attacker', { acceptedCIDRs: [cidr] });
      await cluster.settle();
      expect(routedTo(cluster, 'victim', 'attacker')).toEqual([]);
      expect(ready('victim', 'attacker')).not.toBe('Ready');
    },
  );
});
