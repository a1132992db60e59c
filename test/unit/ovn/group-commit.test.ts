import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { ApplyError, member, row, rowUuid } from '../../../src/ovn/index.ts';
import type { DesiredState, Owner } from '../../../src/ovn/index.ts';
import { insertRow, deleteRow } from '../../../src/ovn/apply/operations.ts';
import { OvsdbError } from '../../../src/ovn/ovsdb/index.ts';
import {
  group,
  groupState,
  lspUuid,
  operationsOf,
  operator,
  owner,
  portState,
  subnet,
  subnetState,
  switchUuid,
  until,
} from './scenario.ts';

const ports = Array.from({ length: 12 }, (_, index) => owner('Port', `vm-${index}`));

async function ready(options: Parameters<typeof operator>[0] = {}) {
  const it = await operator(options);
  await it.applier.apply(subnet, subnetState());
  it.database.transactions.length = 0;
  return it;
}

/** Blocks transactions until `open` is called. */
function gate(database: { before: unknown }): { open: () => void } {
  let waiting: (() => void)[] = [];
  let opened = false;
  database.before = () => (opened ? undefined : new Promise<void>((resolve) => waiting.push(resolve)));
  return {
    open: () => {
      opened = true;
      for (const resolve of waiting) resolve();
      waiting = [];
    },
  };
}

function codeOf(result: PromiseSettledResult<unknown>): string {
  return result.status === 'fulfilled' ? 'ok' : (result.reason as ApplyError).code;
}

/** A port with the name of another port. The database detects the conflict only at the commit. */
const namesake = owner('Port', 'namesake');
const namesakeState: DesiredState = portState(namesake, { name: ports[0]!.uid });

/** A port group with an ACL that every schema rejects. */
const broken = owner('SecurityGroup', 'broken');
const brokenState: DesiredState = {
  rows: [
    row('Port_Group', rowUuid(broken.uid, 'pg'), { name: 'pg_broken' }),
    row('ACL', rowUuid(broken.uid, 'acl'), {
      priority: 99_999,
      direction: 'to-lport',
      match: '1',
      action: 'drop',
    }),
  ],
  memberships: [member('Port_Group', rowUuid(broken.uid, 'pg'), 'acls', rowUuid(broken.uid, 'acl'))],
};

describe('group commit', () => {
  it('combines simultaneous applies into one transaction with one mutation of their switch', async () => {
    const { database, applier } = await ready();
    await Promise.all(ports.map((port) => applier.apply(port, portState(port))));
    expect(database.transactions).toHaveLength(1);
    expect(operationsOf(database.transactions[0])).toEqual([
      ...ports.map(() => 'insert'),
      'wait',
      'wait',
      'mutate',
    ]);
  });

  it('combines applies that arrive while a transaction is in flight into the next transaction', async () => {
    const { database, applier } = await ready();
    const { open } = gate(database);
    const [first, ...others] = ports;
    const all = [applier.apply(first!, portState(first!))];
    await until(() => database.transactions.length === 1);
    for (const port of others) {
      all.push(applier.apply(port, portState(port)));
      await new Promise(setImmediate);
    }
    expect(database.transactions).toHaveLength(1);
    open();
    await Promise.all(all);
    expect(database.transactions).toHaveLength(2);
    expect(database.replica.count('Logical_Switch_Port')).toBe(ports.length);
  });

  it('limits the rows of a transaction, but never splits the rows of one owner', async () => {
    const { database, applier } = await ready({ rowsPerTransaction: 5 });
    await Promise.all([
      ...ports.map((port) => applier.apply(port, portState(port))),
      applier.apply(group, groupState(20)),
    ]);
    const inserts = database.transactions.map(
      (one) => operationsOf(one).filter((op) => op === 'insert').length,
    );
    expect(inserts).toEqual([5, 5, 2, 21]);
  });

  it('resolves an apply only when the replica shows the rows', async () => {
    const { database, applier } = await ready();
    await Promise.all(
      ports.map(async (port) => {
        await applier.apply(port, portState(port));
        expect(database.replica.get('Logical_Switch_Port', lspUuid(port))).toBeDefined();
        expect(applier.ownedBy(port.uid)).toHaveLength(1);
      }),
    );
  });

  it('writes only the newest waiting state of an owner, and resolves all calls', async () => {
    const { database, applier } = await ready();
    const { open } = gate(database);
    const [one, two] = ports as [Owner, Owner];
    const blocking = applier.apply(one, portState(one));
    await until(() => database.transactions.length === 1);
    const calls = [
      applier.apply(two, portState(two, { addresses: ['old'] })),
      applier.apply(two, portState(two)),
    ];
    // The owner in flight gets a new state too.
    const again = applier.apply(one, portState(one, { addresses: ['newer'] }));
    open();
    expect(await Promise.all([...calls, again, blocking])).toMatchObject(Array(4).fill({ changed: true }));
    expect(database.replica.get('Logical_Switch_Port', lspUuid(two))?.['addresses']).toEqual(
      new Set(['0a:00:00:00:00:01 10.0.0.4']),
    );
    expect(database.replica.get('Logical_Switch_Port', lspUuid(one))?.['addresses']).toEqual(
      new Set(['newer']),
    );
    expect(JSON.stringify(database.transactions)).not.toContain('"old"');
  });

  it('writes parent and child in one transaction, in any order of the calls', async () => {
    const { database, applier } = await operator();
    const port = ports[0]!;
    const results = await Promise.all([
      applier.apply(port, portState(port)),
      applier.apply(subnet, subnetState()),
    ]);
    expect(results).toMatchObject([{ changed: true }, { changed: true }]);
    expect(database.transactions).toHaveLength(1);
  });

  it('never deletes a parent in the transaction that adds an element to it', async () => {
    const { database, applier } = await ready();
    const port = ports[0]!;
    const results = await Promise.allSettled([applier.apply(port, portState(port)), applier.remove(subnet)]);
    expect(results.map(codeOf)).toEqual(['ok', 'ok']);
    expect(database.transactions).toHaveLength(2);
    expect(database.replica.count('Logical_Switch_Port')).toBe(0);
  });

  it('reports each transaction to the metrics', async () => {
    const reports: unknown[] = [];
    const { applier } = await ready({ onTransaction: (report) => reports.push(report) });
    reports.length = 0;
    await Promise.all(ports.map((port) => applier.apply(port, portState(port))));
    expect(reports).toEqual([
      { rows: 12, owners: 12, operations: 16, durationMs: expect.any(Number), ok: true },
    ]);
  });
});

describe('an invalid state in a transaction of many owners', () => {
  it.each([
    ['the name of another row', namesake, namesakeState, 'NAME_CONFLICT', 'backoff'],
    ['a value that the schema rejects', broken, brokenState, 'INVALID_ROW', 'never'],
  ])('with %s fails alone and with its own error', async (_, bad, state, code, retry) => {
    const { applier, database } = await ready();
    const calls = [...ports.map((port) => applier.apply(port, portState(port))), applier.apply(bad, state)];
    const results = await Promise.allSettled(calls);
    expect(results.map(codeOf)).toEqual([...ports.map(() => 'ok'), code]);
    const { reason } = results.at(-1) as PromiseRejectedResult;
    expect(reason).toMatchObject({ retry, cause: expect.any(OvsdbError) });
    expect((reason as ApplyError).message).toContain(bad.name);
    expect(database.replica.count('Logical_Switch_Port')).toBe(ports.length);
    expect(applier.ownedBy(bad.uid)).toEqual([]);
    // The applier divides the transaction in halves: 13 owners need at most 1 + 2·4 transactions.
    expect(database.transactions.length).toBeLessThanOrEqual(9);
  });

  it('fails alone at any position, and with any number of invalid states', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.boolean(), { minLength: 1, maxLength: 20 }), async (plan) => {
        const { applier } = await ready();
        const calls = plan.map((good, index) => {
          const of = owner('Port', `x${index}`);
          return good
            ? applier.apply(of, portState(of))
            : applier.apply(of, {
                ...brokenState,
                rows: brokenState.rows.map((one) => ({
                  ...one,
                  columns: { ...one.columns, name: one.table === 'ACL' ? new Set<string>() : `pg_${index}` },
                })),
              });
        });
        const results = await Promise.allSettled(calls);
        // All invalid states contain the same UUIDs, so the error of the later ones may be ROW_NOT_OURS.
        expect(results.map((result) => codeOf(result) === 'ok')).toEqual(plan);
      }),
      { seed: 20260104, numRuns: 40 },
    );
  });
});

describe('apply with a stale replica', () => {
  it('succeeds if the row already exists in the database', async () => {
    const { applier, database } = await ready();
    const port = ports[0]!;
    database.before = () => {
      database.before = () => undefined;
      // Simulates that the first attempt was committed.
      database.elsewhere(...database.transactions[0]!.slice(1));
    };
    expect(await applier.apply(port, portState(port))).toMatchObject({ changed: false });
    expect(database.transactions).toHaveLength(1);
    expect(database.replica.count('Logical_Switch_Port')).toBe(1);
  });

  it('fails with PARENT_MISSING if another client deleted the parent', async () => {
    const { applier, database } = await ready();
    const port = ports[0]!;
    database.before = () => {
      database.before = () => undefined;
      database.elsewhere(deleteRow('Logical_Switch', switchUuid()));
    };
    await expect(applier.apply(port, portState(port))).rejects.toMatchObject({
      code: 'PARENT_MISSING',
      retry: 'wait',
    });
    expect(database.transactions).toHaveLength(1);
  });

  it('writes rows again that another client removes, but stops after a few attempts', async () => {
    const { applier, database } = await ready();
    const port = ports[0]!;
    let undone = 0;
    database.after = () => {
      if (undone++ < 2) database.elsewhere(deleteRow('Logical_Switch_Port', lspUuid(port)), clearPorts());
    };
    expect(await applier.apply(port, portState(port))).toMatchObject({ changed: true });
    expect(database.transactions).toHaveLength(3);
    undone = Number.NEGATIVE_INFINITY;
    await expect(applier.apply(port, portState(port, { addresses: ['x'] }))).rejects.toMatchObject({
      code: 'TRANSACTION_FAILED',
      retry: 'backoff',
    });
  });
});

function clearPorts() {
  return { op: 'update', table: 'Logical_Switch', where: [], row: { ports: ['set', []] } };
}

describe('apply during the loss of the connection', () => {
  it('succeeds and writes the row once if only the reply is lost', async () => {
    const { applier, database } = await ready();
    const port = ports[0]!;
    database.after = () => {
      database.after = () => undefined;
      database.setConnected(false);
      setImmediate(() => database.setConnected(true));
      throw new OvsdbError('CONNECTION_LOST', 'no reply', { outcomeUnknown: true });
    };
    await applier.apply(port, portState(port));
    expect(database.transactions).toHaveLength(1);
    expect(database.replica.count('Logical_Switch_Port')).toBe(1);
  });

  it('sends the transaction again if the request is lost', async () => {
    const { applier, database } = await ready();
    database.before = () => {
      database.before = () => undefined;
      database.setConnected(false);
      setImmediate(() => database.setConnected(true));
    };
    await Promise.all(ports.map((port) => applier.apply(port, portState(port))));
    expect(database.transactions).toHaveLength(2);
    expect(database.replica.count('Logical_Switch_Port')).toBe(ports.length);
  });

  it('fails after the deadline, fails later writes at once, and succeeds without a write', async () => {
    const clock = fakeClock();
    const { applier, database, drift } = await ready({ clock, reconnectDeadlineMs: 10_000 });
    const [one, two, three] = ports as [Owner, Owner, Owner];
    await applier.apply(one, portState(one));
    database.setConnected(false);
    const waiting = applier.apply(two, portState(two));
    await until(() => clock.pending() > 0);
    clock.advance(10_000);
    await expect(waiting).rejects.toMatchObject({ code: 'OVN_CONNECTION_FAILED', retry: 'backoff' });
    await expect(applier.apply(three, portState(three))).rejects.toMatchObject({
      code: 'OVN_CONNECTION_FAILED',
    });
    expect(await applier.apply(one, portState(one))).toMatchObject({ changed: false });
    database.setConnected(true);
    expect(drift).toEqual(['vm-1', 'vm-2']);
    expect(await applier.apply(two, portState(two))).toMatchObject({ changed: true });
  });

  it('does not report an undone change as written while the outcome of the change is unknown', async () => {
    const clock = fakeClock();
    const { applier, database } = await ready({ clock, reconnectDeadlineMs: 10_000 });
    const [port] = ports as [Owner];
    const addresses = () => database.replica.get('Logical_Switch_Port', lspUuid(port))?.['addresses'];
    await applier.apply(port, portState(port, { addresses: ['before'] }));
    // The transaction is committed, but the client receives no update until it is connected again.
    const { elsewhere } = database;
    let late: () => void = () => undefined;
    database.elsewhere = (...operations) => {
      late = () => elsewhere.call(database, ...operations);
      database.elsewhere = elsewhere;
      database.setConnected(false);
      throw new OvsdbError('CONNECTION_LOST', 'no reply', { outcomeUnknown: true });
    };
    const change = applier.apply(port, portState(port, { addresses: ['after'] }));
    const failed = expect(change).rejects.toMatchObject({ code: 'OVN_CONNECTION_FAILED' });
    await until(() => clock.pending() > 0);
    clock.advance(10_000);
    await failed;
    const undone = portState(port, { addresses: ['before'] });
    await expect(applier.apply(port, undone)).rejects.toMatchObject({ code: 'OVN_CONNECTION_FAILED' });
    late();
    database.setConnected(true);
    expect(addresses()).toEqual(new Set(['after']));
    expect(await applier.apply(port, undone)).toMatchObject({ changed: true });
    expect(addresses()).toEqual(new Set(['before']));
  });

  it('fails after a limited number of attempts if every transaction fails', async () => {
    const clock = fakeClock();
    const { applier, database } = await ready({ clock });
    database.before = () => {
      throw new OvsdbError('DATABASE_NOT_AVAILABLE', 'no leader');
    };
    const call = applier.apply(ports[0]!, portState(ports[0]!));
    const failed = expect(call).rejects.toMatchObject({ code: 'OVN_CONNECTION_FAILED' });
    for (let tries = 1; tries < 5; tries++) {
      await until(() => clock.pending() > 0);
      clock.advance(2_000);
    }
    await failed;
    expect(database.transactions).toHaveLength(5);
  });

  it('reports the owner again after a delay if a connected database accepts no transactions', async () => {
    const clock = fakeClock();
    const { applier, database, drift } = await ready({ clock });
    const [port] = ports as [Owner];
    database.before = () => {
      throw new OvsdbError('IO_ERROR', 'no space left on device');
    };
    const failed = expect(applier.apply(port, portState(port))).rejects.toMatchObject({
      code: 'OVN_CONNECTION_FAILED',
    });
    for (let tries = 1; tries < 5; tries++) {
      await until(() => clock.pending() > 0);
      clock.advance(2_000);
    }
    await failed;
    expect(drift).toEqual([]);
    clock.advance(5_000);
    expect(drift).toEqual([port.name]);
    clock.advance(60_000);
    expect(drift).toHaveLength(1);
  });
});

describe('stop', () => {
  it('waits for the transaction in flight, and rejects waiting and later applies', async () => {
    const { applier, database } = await ready();
    const { open } = gate(database);
    const [one, two, three] = ports as [Owner, Owner, Owner];
    const inFlight = applier.apply(one, portState(one));
    await until(() => database.transactions.length === 1);
    const waiting = applier.apply(two, portState(two));
    const stopped = applier.stop();
    await expect(waiting).rejects.toMatchObject({ code: 'STOPPED' });
    open();
    await Promise.allSettled([inFlight]);
    await stopped;
    expect(database.replica.count('Logical_Switch_Port')).toBe(1);
    await expect(applier.apply(three, portState(three))).rejects.toMatchObject({
      code: 'STOPPED',
      retry: 'never',
    });
    expect(database.transactions).toHaveLength(1);
  });

  it('is safe after idle, which resolves when all applies are done', async () => {
    const { applier, database } = await ready();
    for (const port of ports) void applier.apply(port, portState(port));
    await applier.idle();
    expect(database.replica.count('Logical_Switch_Port')).toBe(ports.length);
  });
});

describe('a foreign row', () => {
  it('with the same name stays unchanged, and the apply fails with NAME_CONFLICT', async () => {
    const { applier, database } = await ready();
    const theirs = 'aaaaaaaa-0000-4000-8000-000000000001';
    database.elsewhere(
      insertRow('Logical_Switch', 'aaaaaaaa-0000-4000-8000-000000000002', {
        name: 'theirs',
        ports: new Set([theirs]),
      }),
      insertRow('Logical_Switch_Port', theirs, { name: ports[0]!.uid }),
    );
    await expect(applier.apply(ports[0]!, portState(ports[0]!))).rejects.toMatchObject({
      code: 'NAME_CONFLICT',
    });
    expect(database.replica.get('Logical_Switch_Port', theirs)).toBeDefined();
  });
});

function fakeClock() {
  let now = 0;
  const timers = new Set<{ at: number; callback: () => void }>();
  return {
    now: () => now,
    date: () => new Date(now),
    setTimer: (ms: number, callback: () => void) => {
      const timer = { at: now + ms, callback };
      timers.add(timer);
      return { cancel: () => void timers.delete(timer) };
    },
    pending: () => timers.size,
    advance: (ms: number) => {
      now += ms;
      for (const timer of [...timers]) {
        if (timer.at > now) continue;
        timers.delete(timer);
        timer.callback();
      }
    },
  };
}
