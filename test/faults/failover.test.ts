import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { stableContent } from '../support/operator/dump.ts';
import { Replicas } from '../support/operator/replicas.ts';
import { backUp, restoreCluster } from '../support/ovsdb/restore.ts';

const leads = /"message":"this operator is the leader"/;
const soon = { lease: 3, renew: 2, retry: 0.3 };

describe('two operators with a Northbound cluster of three servers', () => {
  let replicas: Replicas;

  beforeAll(async () => {
    replicas = await Replicas.start();
  }, 60_000);
  beforeEach(() => replicas.reset());
  afterAll(() => replicas.stop());

  it('lose no Port and create no duplicate row when the leader is killed while Ports are created', async () => {
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
    expect(await replicas.inconsistencies()).toEqual([]);
    expect(await replicas.epoch()).toBe(2);
  }, 60_000);

  it('do not both write: the database rejects a leader that was suspended past its Lease, which exits with 1', async () => {
    const leader = await replicas.operator(soon);
    await leader.logged(leads);
    const standby = await replicas.operator(soon);
    await replicas.network();

    // One transaction is sent and not answered, and the next transaction waits. At this point the leader is suspended.
    for (const node of replicas.northbound.nodes) node.pause();
    await replicas.createPorts('vm', 40);
    await replicas.eventually(async () =>
      expect(await leader.metrics()).toMatch(/^controller_runtime_active_workers\{controller="Port"\} 40$/m),
    );
    leader.child.kill('SIGSTOP');
    for (const node of replicas.northbound.nodes) node.resume();

    await standby.logged(leads);
    await replicas.ready(20_000);
    expect(await replicas.inconsistencies()).toEqual([]);
    // The pending writes of the first leader are now outdated: they would restore deleted Ports.
    for (const { metadata } of await replicas.list('Port')) await replicas.delete('Port', metadata.name);
    await replicas.eventually(async () => expect(await replicas.inconsistencies()).toEqual([]));
    const rows = await replicas.rows();
    leader.child.kill('SIGCONT');
    expect(await leader.ended()).toBe(1);
    expect(leader.stderr()).toMatch(
      /"reason":"superseded".*"message":"the Northbound database no longer accepts the epoch of this operator"/,
    );
    expect(await replicas.rows()).toEqual(rows);
    expect(await replicas.inconsistencies()).toEqual([]);
    expect(standby.child.exitCode).toBe(null);
  }, 60_000);

  it('repair a database that is restored from a backup of a suspended leader, which writes nothing', async () => {
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
    // New Ports get addresses of deleted Ports, whose rows return with the backup.
    for (const index of [0, 1, 2]) await replicas.delete('Port', `old-${index}`);
    await replicas.eventually(async () => expect(await replicas.inconsistencies()).toEqual([]));
    await replicas.createPorts('new', 3);
    await replicas.ready(20_000);
    const rows = stableContent(await replicas.rows());

    await restoreCluster(northbound, backup);
    leader.child.kill('SIGCONT');
    expect(await leader.ended()).toBe(1);
    await replicas.eventually(async () => expect(stableContent(await replicas.rows())).toEqual(rows), 30_000);
    expect(await replicas.inconsistencies()).toEqual([]);
    expect(await replicas.epoch()).toBeGreaterThan(2);
    expect(standby.child.exitCode).toBe(null);
  }, 90_000);

  it('hand over immediately when the leader receives SIGTERM, long before its Lease expires', async () => {
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
    expect(await replicas.inconsistencies()).toEqual([]);
  }, 30_000);
});
