import { beforeEach, describe, expect, it } from '@jest/globals';
import { likelyNames } from '../../../src/controllers/common/missing-references.ts';
import { UnresolvedWarnings } from '../../../src/controllers/common/unresolved-warnings.ts';
import { isKind, modules } from '../../../src/controllers/kinds.ts';
import {
  externalNetwork,
  floatingIP,
  natRule,
  port,
  portIn,
  securityGroup,
  subnet,
  trafficPolicy,
  vpc,
} from '../../support/controllers/manifests.ts';
import { OfflineCluster } from '../../support/controllers/offline-cluster.ts';
import { FakeClock } from '../../support/reconcile/fake-clock.ts';

let cluster: OfflineCluster;
let clock: FakeClock;
let warnings: UnresolvedWarnings;
let events: string[];
beforeEach(async () => {
  cluster = new OfflineCluster();
  clock = new FakeClock();
  events = [];
  const { stores } = cluster;
  warnings = new UnresolvedWarnings({
    clock,
    events: {
      record: ({ kind, metadata }, { type, reason, note }) =>
        events.push(`${type} ${kind}/${metadata.namespace}/${metadata.name} ${reason}: ${note}`),
    },
    find: ({ kind, metadata }) => (isKind(kind) ? stores[kind].byUid(metadata.uid) : undefined),
    likelyNames: (object) =>
      isKind(object.kind) ? likelyNames(stores, modules[object.kind].kind, object) : [],
  });
  Object.assign(cluster.env, { status: warnings.observing(cluster.env.status) });
  cluster.apply(vpc('net', { cidr: '10.9.0.0/16', defaults: 'None' }));
  cluster.apply(subnet('apps', { cidr: '10.9.1.0/24' }));
  await cluster.settle();
});
const notes = () => events.map((event) => event.replace(/^\S+ /, ''));

describe('an unresolved reference', () => {
  it('creates one Warning after 30 seconds, whatever the number of reconciles', async () => {
    cluster.apply(portIn('app', 'p'));
    await cluster.settle();
    await clock.advance(29_999);
    expect(events).toEqual([]);
    await cluster.settle();
    await clock.advance(1);
    expect(events).toEqual([
      'Warning Port/default/p SubnetNotFound: There is no Subnet "app" in the namespace; create the Subnet, or ' +
        'correct the name: did you mean `apps`?',
    ]);
    for (let minute = 0; minute < 5; minute++) {
      await cluster.settle();
      await clock.advance(60_000);
    }
    expect(events).toHaveLength(1);
  });

  it('creates no Warning when the object appears in time, or the referrer is deleted', async () => {
    cluster.apply(portIn('later', 'p'));
    cluster.apply(portIn('never', 'q'));
    await cluster.settle();
    await clock.advance(20_000);
    cluster.apply(subnet('later', { cidr: '10.9.2.0/24' }));
    cluster.delete('Port', 'default/q');
    await cluster.settle();
    await clock.advance(60_000);
    expect(events).toEqual([]);
  });

  it('creates another Warning after a change of the spec or of the reason', async () => {
    cluster.apply(portIn('one', 'p'));
    await cluster.settle();
    await clock.advance(30_000);
    cluster.apply(portIn('two', 'p'));
    await cluster.settle();
    await clock.advance(30_000);
    expect(notes().map((note) => /"(\w+)"/.exec(note)?.[1])).toEqual(['one', 'two']);
  });

  it('keeps no timer after a stop or after the deletion of its object', async () => {
    cluster.apply(portIn('one', 'p'));
    cluster.apply(portIn('two', 'q'));
    await cluster.settle();
    expect(clock.pending).toBe(2);
    warnings.forget(cluster.get('Port', 'default/p')!);
    expect(clock.pending).toBe(1);
    warnings.stop();
    expect(clock.pending).toBe(0);
    cluster.apply(portIn('three', 'q'));
    await cluster.settle();
    expect(clock.pending).toBe(0);
  });

  it.each([
    [
      'a SecurityGroup',
      port('p', { subnetRef: { name: 'apps' }, securityGroupRefs: [{ name: 'wbe' }] }),
      'web',
    ],
    ['a VPC', subnet('x', { vpcRef: { name: 'nett' } }), 'net'],
    [
      'the remote group of a rule',
      securityGroup('x', { ingress: [{ protocol: 'TCP', remote: { securityGroupRef: { name: 'we' } } }] }),
      'web',
    ],
    [
      'a Subnet of a TrafficPolicy',
      trafficPolicy('x', { appliesTo: { subnetRefs: [{ name: 'aps' }] } }),
      'apps',
    ],
  ])('suggests the name of %s', async (_what, manifest, name) => {
    cluster.apply(securityGroup('web'));
    cluster.apply(manifest);
    await cluster.settle();
    await clock.advance(30_000);
    expect(notes()).toEqual([expect.stringMatching(new RegExp(`: did you mean \`${name}\`\\?$`))]);
  });

  it('suggests Ports and FloatingIPs for a NatRule', async () => {
    cluster.apply(externalNetwork('public'));
    const externalGateway = { externalNetworkRef: { name: 'public' } };
    cluster.apply(vpc('net', { cidr: '10.9.0.0/16', defaults: 'None', externalGateway }));
    cluster.apply(portIn('apps', 'server'));
    cluster.apply(floatingIP('ip', { externalNetworkRef: { name: 'public' } }));
    cluster.apply(
      natRule('x', {
        type: 'FloatingIP',
        floatingIPRef: { name: 'ip' },
        target: { portRef: { name: 'sever' } },
      }),
    );
    await cluster.settle();
    await clock.advance(30_000);
    expect(notes()).toEqual([expect.stringMatching(/^NatRule.* PortNotFound: .*: did you mean `server`\?$/)]);
  });

  it('suggests no object of another namespace, and no network of administrators', async () => {
    cluster.apply(vpc('net', { defaults: 'None' }, 'other'));
    cluster.apply(subnet('secret', {}, 'other'));
    cluster.apply(externalNetwork('public', { allowedNamespaces: {} }));
    cluster.apply(portIn('secre', 'p'));
    cluster.apply(floatingIP('ip', { externalNetworkRef: { name: 'publi' } }));
    await cluster.settle();
    await clock.advance(30_000);
    expect(notes()).toEqual([
      expect.stringMatching(/^Port\/default\/p SubnetNotFound: [^:]*\.$/),
      expect.stringMatching(/^FloatingIP\/default\/ip ExternalNetworkNotAllowed: [^:]*\.$/),
    ]);
  });
});
