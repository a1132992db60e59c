import { describe, expect, it } from '@jest/globals';
import { checkServer, noProgress, readServerStatus } from '../../../src/ovn/ovsdb/cluster.ts';
import type { ServerStatus } from '../../../src/ovn/ovsdb/cluster.ts';
import type { Row } from '../../../src/ovn/ovsdb/values.ts';

const leader: ServerStatus = {
  model: 'clustered',
  connected: true,
  leader: true,
  clusterId: 'c1',
  index: 10,
};
const options = { leaderOnly: true, acceptsRelays: false };

describe('checkServer', () => {
  it.each<[string, ServerStatus | undefined]>([
    ['without the database', undefined],
    ['that lost its cluster', { ...leader, connected: false }],
    ['that is a follower', { ...leader, leader: false }],
    ['that is a relay', { ...leader, model: 'relay' }],
    ['with a lower index than before', { ...leader, index: 4 }],
  ])('rejects a server %s', (_, status) => {
    expect(checkServer(status, { clusterId: 'c1', index: 5 }, options).usable).toBe(false);
  });

  it('accepts a leader and returns its index', () => {
    expect(checkServer(leader, noProgress, options)).toEqual({
      usable: true,
      progress: { clusterId: 'c1', index: 10 },
    });
  });

  it('accepts a current follower if leaderOnly is not set', () => {
    const check = checkServer(
      { ...leader, leader: false },
      { clusterId: 'c1', index: 10 },
      { leaderOnly: false, acceptsRelays: false },
    );
    expect(check.usable).toBe(true);
  });

  it('accepts a relay of a client that needs the leader, but not a follower, if the client accepts relays', () => {
    const accepts = { leaderOnly: true, acceptsRelays: true };
    const progress = { clusterId: 'c1', index: 10 };
    const relay = { ...leader, model: 'relay', index: undefined };
    expect(checkServer(relay, progress, accepts)).toEqual({ usable: true, progress });
    expect(checkServer({ ...leader, leader: false }, progress, accepts).usable).toBe(false);
  });

  it('accepts another cluster, whose index is independent', () => {
    const check = checkServer(
      { ...leader, clusterId: 'c2', index: 1 },
      { clusterId: 'c1', index: 500 },
      options,
    );
    expect(check).toEqual({ usable: true, progress: { clusterId: 'c2', index: 1 } });
  });

  it('accepts a standalone server, which has no index', () => {
    const status = { ...leader, model: 'standalone', clusterId: undefined, index: undefined };
    expect(checkServer(status, { clusterId: 'c1', index: 9 }, options)).toEqual({
      usable: true,
      progress: noProgress,
    });
  });
});

describe('readServerStatus', () => {
  it('reads the row of the requested database', () => {
    const rows: Row[] = [
      { _uuid: '1', name: '_Server', model: 'standalone', connected: true, leader: true },
      {
        _uuid: '2',
        name: 'Test',
        model: 'clustered',
        connected: true,
        leader: false,
        cid: new Set(['c1']),
        index: new Set([3]),
      },
    ];
    expect(readServerStatus(rows, 'Test')).toEqual({
      ...leader,
      leader: false,
      index: 3,
    });
    expect(readServerStatus(rows, 'Other')).toBeUndefined();
  });
});
