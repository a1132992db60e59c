import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { settled } from '../support/operator/dump.ts';
import { Replicas } from '../support/operator/replicas.ts';
import { backUp, restoreCluster } from '../support/ovsdb/restore.ts';

const leads = /"message":"this operator is the leader"/;
const soon = { lease: 3, renew: 2, retry: 0.3 };

describe('two operators on a Northbound database of three servers', () => {
  let replicas: Replicas;

  beforeAll(async () => {
    replicas = await Replicas.start();
  }, 60_000);
  beforeEach(() => replicas.reset());
  afterAll(() => replicas.stop());

  it('lose nothing and do nothing twice when the leader is killed while Ports are created', async () => {
    const leader = await replicas.operator(soon);
    await leader.logged(leads);
    const standby = await replicas.operator(soon);
    await replicas.network();
    await replicas.createPorts('vm', 120, (created) => {
      if (created === 40) leader.child.kill('SIGKILL');
    });
    expect(await leader.ended()).toBe('SIGKILL');
    await standby.logged(leads);
    await replicas.ready(20_000);
    expect(await replicas.wrongs()).toEqual([]);
    expect(await replicas.epoch()).toBe(2);
  }, 60_000);

  it('have the database refuse what a leader writes that was stopped past its Lease; it ends with 1', async () => {
    const leader = await replicas.operator(soon);
    await leader.logged(leads);
    const standby = await replicas.operator(soon);
    await replicas.network();

    // One transaction is sent and not answered, and the next one waits behind it: there the leader is stopped.
    for (const node of replicas.northbound.nodes) node.pause();
    await replicas.createPorts('vm', 40);
    await replicas.eventually(async () =>
      expect(await leader.metrics()).toMatch(/^controller_runtime_active_workers\{controller="Port"\} 40$/m),
    );
    leader.child.kill('SIGSTOP');
    for (const node of replicas.northbound.nodes) node.resume();

    await standby.logged(leads);
    await replicas.ready(20_000);
    expect(await replicas.wrongs()).toEqual([]);
    // Now what the first one was about to write is wrong: it would bring back Ports that are gone.
    for (const { metadata } of await replicas.list('Port')) await replicas.delete('Port', metadata.name);
    await replicas.eventually(async () => expect(await replicas.wrongs()).toEqual([]));
    const rows = await replicas.rows();
    leader.child.kill('SIGCONT');
    expect(await leader.ended()).toBe(1);
    expect(leader.stderr()).toMatch(
      /"reason":"superseded".*"message":"the Northbound database no longer accepts the epoch of this operator"/,
    );
    expect(await replicas.rows()).toEqual(rows);
    expect(await replicas.wrongs()).toEqual([]);
    expect(standby.child.exitCode).toBe(null);
  }, 60_000);

  it('come to the same when it is restored from a backup of a leader that was stopped, which writes nothing', async () => {
    const leader = await replicas.operator(soon);
    await leader.logged(leads);
    const standby = await replicas.operator(soon);
    await replicas.network();
    await replicas.createPorts('old', 6);
    await replicas.ready(20_000);
    const { northbound } = replicas;
    const backup = await backUp(northbound.dir, northbound.remotes, northbound.database);
    leader.child.kill('SIGSTOP');
    await standby.logged(leads);
    // Those made now get addresses of those that go, which come back with the backup.
    for (const index of [0, 1, 2]) await replicas.delete('Port', `old-${index}`);
    await replicas.eventually(async () => expect(await replicas.wrongs()).toEqual([]));
    await replicas.createPorts('new', 3);
    await replicas.ready(20_000);
    const rows = settled(await replicas.rows());

    await restoreCluster(northbound, backup);
    leader.child.kill('SIGCONT');
    expect(await leader.ended()).toBe(1);
    await replicas.eventually(async () => expect(settled(await replicas.rows())).toEqual(rows), 30_000);
    expect(await replicas.wrongs()).toEqual([]);
    expect(await replicas.epoch()).toBeGreaterThan(2);
    expect(standby.child.exitCode).toBe(null);
  }, 90_000);

  it('hand over at once when the leader is asked to end, long before its Lease runs out', async () => {
    const times = { lease: 60, renew: 40, retry: 0.3 };
    const leader = await replicas.operator(times);
    await leader.logged(leads);
    const standby = await replicas.operator(times);
    await replicas.network();
    leader.child.kill('SIGTERM');
    expect(await leader.ended()).toBe(0);
    await standby.logged(leads);
    await replicas.createPorts('vm', 5);
    await replicas.ready();
    expect(await replicas.wrongs()).toEqual([]);
  }, 30_000);
});
