import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { describeLab } from '../support/dataplane/describe.ts';
import { ethernet, icmp, ipv4, sendFrames, Sniffer } from '../support/dataplane/frames.ts';
import type { Guest } from '../support/dataplane/guest.ts';
import { within } from '../support/within.ts';

const example = readFileSync(join(import.meta.dirname, '../../examples/tiers.yaml'), 'utf8');

/** A VM in the DMZ that may send any traffic. So traffic is dropped only at its destination. */
const visitor = `
apiVersion: network.plasmavmc.io/v1alpha1
kind: SecurityGroup
metadata: { name: visitor, namespace: tiers }
spec: { egress: [{ protocol: All }] }
---
apiVersion: network.plasmavmc.io/v1alpha1
kind: Port
metadata: { name: visitor, namespace: tiers }
spec: { subnetRef: { name: dmz }, securityGroupRefs: [{ name: visitor }] }
`;

type Name = 'web' | 'app' | 'db' | 'visitor';

describeLab('three tiers with security groups', (lab) => {
  const machines = {} as Record<Name, Guest>;

  beforeAll(async () => {
    await lab().apply(example, visitor);
    const [web, app, db, outsider] = await lab().guests(
      { name: 'web', port: 'web-1', namespace: 'tiers', on: 1 },
      { name: 'app', port: 'app-1', namespace: 'tiers', on: 2 },
      { name: 'db', port: 'db-1', namespace: 'tiers', on: 1 },
      { name: 'visitor', namespace: 'tiers', on: 2 },
    );
    Object.assign(machines, { web, app, db, visitor: outsider });
    await Promise.all([
      web.serveHttp(80, 443, 81, 8080),
      app.serveHttp(8079, 8080, 8090, 8091, 5432),
      db.serveHttp(5432, 5433),
      outsider.serveHttp(80, 8080, 5432),
    ]);
  }, 90_000);

  const connects = (from: Name, to: Name, port: number): Promise<boolean> =>
    machines[from].connects(machines[to].address, port);

  describe('allow connections', () => {
    it.each<[Name, Name, number]>([
      ['visitor', 'web', 80],
      ['visitor', 'web', 443],
      ['web', 'app', 8080],
      ['web', 'app', 8090],
      ['app', 'db', 5432],
    ])('from %s to %s on port %d', (from, to, port) =>
      lab().eventually(async () => expect(await connects(from, to, port)).toBe(true)),
    );
  });

  it('drop every other connection, also on the ports next to a range', async () => {
    const paths: readonly [Name, Name, number][] = [
      ['visitor', 'web', 81],
      ['visitor', 'web', 8080],
      ['visitor', 'app', 8080],
      ['visitor', 'db', 5432],
      ['web', 'app', 8079],
      ['web', 'app', 8091],
      ['web', 'app', 5432],
      ['web', 'db', 5432],
      ['web', 'visitor', 80],
      ['app', 'db', 5433],
      ['app', 'web', 80],
      ['app', 'web', 8080],
      ['app', 'visitor', 5432],
      ['db', 'app', 8080],
      ['db', 'app', 5432],
      ['db', 'web', 80],
      ['db', 'visitor', 5432],
    ];
    const passed = await Promise.all(
      paths.map(async (path) => ((await connects(...path)) ? path.join(' ') : undefined)),
    );
    expect(passed.filter((path) => path !== undefined)).toEqual([]);
  });

  it('answer pings when a rule allows pings, and no other ICMP message', async () => {
    const { web, app, db, visitor: outsider } = machines;
    await lab().eventually(() => web.reaches(app.address));
    await lab().eventually(() => outsider.reaches(web.address));
    expect((await outsider.ping(app.address)).received).toBe(0);
    expect((await app.ping(web.address)).received).toBe(0);
    expect((await app.ping(db.address)).received).toBe(0);

    const sniffer = await Sniffer.start(web, lab().cluster.dir);
    const messages = [8, 13, 8, 15].map((type, index) => icmp(type, 0, 0xbe00 + index));
    const frames = messages.map((message) =>
      ethernet(web.mac, outsider.mac, 0x0800, ipv4(outsider.address, web.address, 1, message)),
    );
    await sendFrames(outsider, ...frames);
    await lab().eventually(() => expect(sniffer.count(messages[2]!)).toBe(1));
    expect(messages.map((message) => sniffer.count(message))).toEqual([1, 0, 1, 0]);
  });

  it('admit a new member of a referenced group within a second', async () => {
    const { app, visitor: outsider } = machines;
    const join = (group: string) =>
      lab().edit('Port', 'tiers/visitor', { spec: { securityGroupRefs: [{ name: group }] } });
    await within(1000, async () => {
      await lab().stops(() => outsider.isAnsweredBy(app.address));
      const pings = outsider.ping(app.address, { count: 50 });
      const before = Date.now();
      await join('web');
      const [first = Infinity] = (await pings).answeredAt;
      await join('visitor');
      return first - before;
    });
    await lab().stops(() => outsider.isAnsweredBy(app.address));
  }, 120_000);

  it('stay protected by a TrafficPolicy when a group allows too much, until the policy is deleted', async () => {
    await lab().edit('SecurityGroup', 'tiers/db', {
      spec: { ingress: [{ protocol: 'All' }], egress: [{ protocol: 'All' }] },
    });
    await lab().eventually(async () => {
      const { status } = await lab().get('SecurityGroup', 'tiers/db');
      expect(status).toMatchObject({ ruleCount: 2, observedGeneration: 2 });
    });
    await lab().cluster.ovn.nbctl('--wait=hv', '--timeout=60', 'sync');
    await lab().eventually(() => connects('app', 'db', 5432));
    expect(await connects('visitor', 'db', 5432)).toBe(false);
    expect(await connects('db', 'web', 80)).toBe(false);
    await lab().delete('TrafficPolicy', 'tiers/db');
    await lab().eventually(async () => expect(await connects('visitor', 'db', 5432)).toBe(true));
    await lab().eventually(async () => expect(await connects('db', 'web', 80)).toBe(true));
  }, 60_000);

  it('can be isolated in their Subnet', async () => {
    await lab().apply(`
apiVersion: network.plasmavmc.io/v1alpha1
kind: TrafficPolicy
metadata: { name: alone, namespace: tiers }
spec: { appliesTo: { subnetRefs: [{ name: dmz }] }, isolation: Subnet }
`);
    await lab().stops(() => connects('visitor', 'db', 5432));
    await lab().stops(() => connects('db', 'web', 80));
    await lab().eventually(() => connects('visitor', 'web', 80));
  }, 60_000);
});
