import { describe, expect, it } from '@jest/globals';
import { judgeServer, noProgress, readServerStatus } from '../../../src/ovn/ovsdb/cluster.ts';
import type { ServerStatus } from '../../../src/ovn/ovsdb/cluster.ts';
import type { Row } from '../../../src/ovn/ovsdb/values.ts';

const leader: ServerStatus = {
  model: 'clustered',
  connected: true,
  leader: true,
  clusterId: 'c1',
  serverId: 's1',
  index: 10,
};
const wanted = { leaderOnly: true };

describe('judging a server', () => {
  it.each<[string, ServerStatus | undefined]>([
    ['does not have the database', undefined],
    ['has lost its cluster', { ...leader, connected: false }],
    ['follows', { ...leader, leader: false }],
    ['is a relay', { ...leader, model: 'relay' }],
    ['is behind what was seen', { ...leader, index: 4 }],
  ])('refuses one that %s', (_, status) => {
    expect(judgeServer(status, { clusterId: 'c1', index: 5 }, wanted).usable).toBe(false);
  });

  it('takes a leader, and remembers how far it is', () => {
    expect(judgeServer(leader, noProgress, wanted)).toEqual({
      usable: true,
      progress: { clusterId: 'c1', index: 10 },
    });
  });

  it('takes a follower that keeps up when any server will do', () => {
    const verdict = judgeServer(
      { ...leader, leader: false },
      { clusterId: 'c1', index: 10 },
      { leaderOnly: false },
    );
    expect(verdict.usable).toBe(true);
  });

  it('takes another cluster, which counts from its own beginning', () => {
    const verdict = judgeServer(
      { ...leader, clusterId: 'c2', index: 1 },
      { clusterId: 'c1', index: 500 },
      wanted,
    );
    expect(verdict).toEqual({ usable: true, progress: { clusterId: 'c2', index: 1 } });
  });

  it('takes a standalone server, which has no leader and no index', () => {
    const status = { ...leader, model: 'standalone', clusterId: undefined, index: undefined };
    expect(judgeServer(status, { clusterId: 'c1', index: 9 }, wanted)).toEqual({
      usable: true,
      progress: noProgress,
    });
  });
});

describe("the server's word", () => {
  it('is read from the row of the database asked for', () => {
    const rows: Row[] = [
      { _uuid: '1', name: '_Server', model: 'standalone', connected: true, leader: true },
      {
        _uuid: '2',
        name: 'Test',
        model: 'clustered',
        connected: true,
        leader: false,
        cid: new Set(['c1']),
        sid: new Set(),
        index: new Set([3]),
      },
    ];
    expect(readServerStatus(rows, 'Test')).toEqual({
      ...leader,
      leader: false,
      serverId: undefined,
      index: 3,
    });
    expect(readServerStatus(rows, 'Other')).toBeUndefined();
  });
});
