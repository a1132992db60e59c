import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { RaftCluster } from '../../../src/dev/ovn/processes.ts';
import { connectTransport } from '../../../src/ovn/ovsdb/transport.ts';
import type { Connect, Operation, OvsdbClient, RowChange } from '../../../src/ovn/ovsdb/index.ts';
import { build, Live, newSwitch, stateOf, until } from '../../support/ovsdb/live.ts';

let live: Live;
let cluster: RaftCluster;

beforeAll(async () => {
  live = new Live();
  cluster = await live.cluster();
}, 60_000);
afterEach(async () => {
  await live.stopClients();
  // Restart crashed and killed nodes, so that each test starts with a complete cluster.
  for (const node of cluster.nodes) await node.start();
  await cluster.leaderIndex();
}, 60_000);
afterAll(() => live.cleanUp());

/** Connects and records the remotes of the transports in the order of the connections. */
function recordingConnect(): { connect: Connect; remotes: string[] } {
  const remotes: string[] = [];
  return {
    remotes,
    connect: async (remote, options) => {
      const transport = await connectTransport(remote, options);
      remotes.push(remote.kind === 'unix' ? `unix:${remote.path}` : '');
      return transport;
    },
  };
}

/** Sends the same transaction until its outcome is certain, and returns the codes of the failures. */
async function retryUntilCertain(client: OvsdbClient, operations: readonly Operation[]): Promise<string[]> {
  const failures: string[] = [];
  for (;;) {
    await stateOf(client, 'connected');
    try {
      await client.transact(operations);
      return failures;
    } catch (error) {
      const { code } = error as { code: string };
      failures.push(code);
      if (code === 'DUPLICATE_UUID') return failures;
    }
  }
}

async function countSwitches(name: string): Promise<number> {
  const leader = await cluster.leaderIndex();
  const list = await live.tool(
    'ovn-nbctl',
    `--db=${cluster.node(leader).remote}`,
    '--bare',
    '--columns=_uuid',
    'find',
    'Logical_Switch',
    `name=${name}`,
  );
  return list.split('\n').filter((line) => line !== '').length;
}

describe('a client of a cluster with three servers', () => {
  it('connects to the leader, regardless of the server that it tries first', async () => {
    const leader = await cluster.leaderIndex();
    for (const random of [0, 0.4, 0.999]) {
      const { connect, remotes } = recordingConnect();
      const client = await live.started(cluster.remotes, { connect, random: () => random });
      expect(remotes.at(-1)).toBe(cluster.node(leader).remote);
      await client.transact(newSwitch(client, `leader-${random}`).operations);
    }
  });

  it('can use a follower, which shows a write when the write resolves', async () => {
    const leader = await cluster.leaderIndex();
    const follower = cluster.node((leader + 1) % 3);
    const client = await live.started(follower.remote, { leaderOnly: false });
    const { uuid, operations } = newSwitch(client, 'at a follower');
    await client.transact(operations);
    expect(client.replica.get('Logical_Switch', uuid)).toBeDefined();
  });

  it('shows each write when the write resolves, with many writes in flight', async () => {
    const client = await live.started(cluster.remotes);
    await Promise.all(
      Array.from({ length: 100 }, async (_, index) => {
        const { uuid, operations } = newSwitch(client, `under way ${index}`, 1);
        await client.transact(operations);
        expect(client.replica.get('Logical_Switch', uuid)).toBeDefined();
      }),
    );
  });

  it('follows a transfer of the leadership, and reports only differences', async () => {
    const client = await live.started(cluster.remotes);
    await client.transact(newSwitch(client, 'before the move', 50).operations);
    const changes: RowChange[] = [];
    client.replica.subscribe((some) => changes.push(...some));
    const old = await cluster.leaderIndex();
    await cluster.node(old).appctl('cluster/failure-test', 'transfer-leadership');
    const leader = await cluster.leaderIndex({ except: old });
    await until('the client has left the ex-leader', async () => {
      await stateOf(client, 'connected');
      try {
        await client.transact([build(client).comment('hello')]);
        return (await cluster.role(leader)) === 'leader';
      } catch {
        return false;
      }
    });
    expect(changes).toEqual([]);
    await client.transact(newSwitch(client, 'after the move').operations);
  });

  it('keeps its rows and connects to the next leader when the leader dies', async () => {
    const client = await live.started(cluster.remotes);
    const { uuid, operations } = newSwitch(client, 'survives');
    await client.transact(operations);
    const old = await cluster.leaderIndex();
    await cluster.node(old).kill();
    await stateOf(client, 'disconnected');
    expect(client.replica.get('Logical_Switch', uuid)).toBeDefined();
    await stateOf(client, 'connected');
    const after = newSwitch(client, 'after the death');
    await client.transact(after.operations);
    expect(client.replica.get('Logical_Switch', after.uuid)).toBeDefined();
  });

  it('disconnects when the cluster loses its majority, and reconnects afterwards', async () => {
    const client = await live.started(cluster.remotes);
    const leader = await cluster.leaderIndex();
    const others = cluster.nodes.filter((_, index) => index !== leader);
    await Promise.all(others.map((node) => node.kill()));
    const stuck = client.transact(newSwitch(client, 'without a majority').operations, { timeoutMs: 15_000 });
    await expect(stuck).rejects.toMatchObject({ outcomeUnknown: true });
    await stateOf(client, 'disconnected');
    await Promise.all(others.map((node) => node.start()));
    await stateOf(client, 'connected');
    await client.transact(newSwitch(client, 'with a majority').operations);
  });
});

describe('a retried insert creates exactly one row', () => {
  it.each(['crash-before-sending-append-request', 'crash-after-sending-append-request'])(
    'when the leader fails with %s',
    async (failure) => {
      const client = await live.started(cluster.remotes);
      const leader = await cluster.leaderIndex();
      await cluster.node(leader).appctl('cluster/failure-test', failure);
      const { uuid, operations } = newSwitch(client, failure, 1);
      const failures = await retryUntilCertain(client, operations);
      expect(failures[0]).toBe('CONNECTION_LOST');
      await stateOf(client, 'connected');
      expect(client.replica.get('Logical_Switch', uuid)).toBeDefined();
      expect(await countSwitches(failure)).toBe(1);
    },
  );

  it('when the follower of the client crashes before the leader can answer', async () => {
    const leader = await cluster.leaderIndex();
    const follower = cluster.node((leader + 1) % 3);
    const client = await live.started(`${follower.remote},${cluster.node((leader + 2) % 3).remote}`, {
      leaderOnly: false,
      random: () => 0.999,
    });
    await follower.appctl('cluster/failure-test', 'crash-after-sending-execute-command-request');
    const { operations } = newSwitch(client, 'through a follower');
    await retryUntilCertain(client, operations);
    expect(await countSwitches('"through a follower"')).toBe(1);
  });

  it('when the leadership moves while writes are in flight', async () => {
    const client = await live.started(cluster.remotes);
    const leader = await cluster.leaderIndex();
    const switches = Array.from({ length: 40 }, (_, index) => newSwitch(client, `moving-${index}`));
    const writes = switches.map(({ operations }) => retryUntilCertain(client, operations));
    await cluster.node(leader).appctl('cluster/failure-test', 'transfer-leadership');
    await Promise.all(writes);
    await stateOf(client, 'connected');
    for (const { uuid } of switches) expect(client.replica.get('Logical_Switch', uuid)).toBeDefined();
    const named = [...client.replica.rows('Logical_Switch')].map((row) => row['name']);
    expect(named.filter((name) => typeof name === 'string' && name.startsWith('moving-'))).toHaveLength(40);
  });

  it('when the reply is lost', async () => {
    let dropsData = false;
    const connect: Connect = async (remote, options) => {
      const transport = await connectTransport(remote, options);
      return {
        write: (text) => {
          if (text.includes('"transact"') && text.includes('lost reply') && !dropsData) {
            dropsData = true;
            setTimeout(() => transport.destroy(), 300);
          }
          transport.write(text);
        },
        destroy: () => transport.destroy(),
        onData: (listener) =>
          transport.onData((chunk) => (dropsData && !isReconnected ? undefined : listener(chunk))),
        onClose: (listener) =>
          transport.onClose((error) => {
            if (dropsData) isReconnected = true;
            listener(error);
          }),
      };
    };
    let isReconnected = false;
    const client = await live.started(cluster.remotes, { connect });
    const { operations } = newSwitch(client, 'lost reply');
    const failures = await retryUntilCertain(client, operations);
    expect(failures).toEqual(['CONNECTION_LOST', 'DUPLICATE_UUID']);
    expect(await countSwitches('"lost reply"')).toBe(1);
  });
});
