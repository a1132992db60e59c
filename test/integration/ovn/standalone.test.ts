import { rmSync } from 'node:fs';
import { afterEach, describe, expect, it } from '@jest/globals';
import { nothing, row, rowUuid } from '../../../src/ovn/index.ts';
import type { ApplyError, Owner } from '../../../src/ovn/index.ts';
import { mutateExternalIds } from '../../../src/ovn/apply/operations.ts';
import type { FenceLoss } from '../../../src/ovn/apply/retake-fence.ts';
import {
  Cleanup,
  connect,
  connectOther,
  home,
  lspRow,
  nbctl,
  ownerOf,
  plain,
  portState,
  startNb,
  subnet,
  subnetState,
  switchRow,
  until,
} from './support.ts';
import { everything, foreignRows, uuidIn } from './everything.ts';

const cleanup = new Cleanup();
afterEach(() => cleanup.run());

const ports = Array.from({ length: 30 }, (_, index) => ownerOf('Port', `vm-${index}`));

describe('apply with a standalone Northbound database', () => {
  it('writes rows once that ovn-nbctl shows, and writes nothing when nothing has changed', async () => {
    const nb = await startNb(cleanup);
    const { applier, reports, drift, client } = await connect(cleanup, nb.remote);
    await applier.apply(subnet, subnetState);
    reports.length = 0;
    await Promise.all(ports.map((port) => applier.apply(port, portState(port))));
    expect(reports).toHaveLength(1);
    expect(reports[0]).toMatchObject({ rows: 30, owners: 30, ok: true });
    for (const port of ports) expect(client.replica.get('Logical_Switch_Port', lspRow(port))).toBeDefined();
    expect((await nbctl(nb.remote, 'lsp-list', 'on_web')).trim().split('\n')).toHaveLength(30);
    expect(
      await nbctl(
        nb.remote,
        'get',
        'Logical_Switch_Port',
        lspRow(ports[0]!),
        'external_ids:overlay-network/owner',
      ),
    ).toContain('Port/shop/vm-0');

    const again = await Promise.all(
      [subnet, ...ports].map((of) => applier.apply(of, of === subnet ? subnetState : portState(of))),
    );
    expect(again).toMatchObject(again.map(() => ({ changed: false })));
    // A new process, which knows only the database, writes nothing either.
    const { applier: restarted, reports: later } = await connect(cleanup, nb.remote);
    expect(await restarted.apply(ports[0]!, portState(ports[0]!))).toMatchObject({ changed: false });
    expect([...restarted.owners()]).toHaveLength(31);
    expect([reports.length, later.length, drift]).toEqual([1, 0, []]);
  });

  it('creates, keeps and removes a row in every table, and leaves foreign rows unchanged', async () => {
    const nb = await startNb(cleanup);
    const { applier, reports } = await connect(cleanup, nb.remote);
    const other = await connectOther(cleanup, nb.remote);
    const all = ownerOf('Test', 'all');
    await applier.apply(all, everything(all));
    await other.transact(foreignRows(all));
    const foreign = () =>
      ['Logical_Switch', 'Logical_Switch_Port', 'Port_Group', 'ACL', 'Logical_Router', 'NAT'].flatMap(
        (table) =>
          [...other.replica.rows(table)].filter(({ _uuid }) => _uuid.startsWith('ffffffff')).map(plain),
      );
    const before = foreign();
    expect(before).toHaveLength(8);
    reports.length = 0;
    expect(await applier.apply(all, everything(all))).toMatchObject({ changed: false });
    expect(reports).toEqual([]);
    expect(other.replica.get('Logical_Switch', uuidIn(all, 'Logical_Switch'))?.['acls']).toEqual(
      new Set([uuidIn(all, 'ACL'), 'ffffffff-0000-4000-8000-000000000007']),
    );
    await applier.remove(all);
    expect([...applier.owners()]).toEqual([]);
    await until(() => other.replica.count('HA_Chassis_Group') === 0);
    // The foreign ACL in the switch disappears with the switch. All other foreign rows stay unchanged.
    expect(foreign()).toEqual(before.filter((one) => (one as { match?: string }).match !== 'arp'));
  });

  it('reports the error of an invalid state, and writes the states of the other owners', async () => {
    const nb = await startNb(cleanup);
    const { applier, client } = await connect(cleanup, nb.remote);
    await applier.apply(subnet, subnetState);
    const namesake = ownerOf('Port', 'namesake');
    const wrong = ownerOf('Subnet', 'wrong');
    const badEnum = {
      rows: [row('Load_Balancer', rowUuid(wrong.uid, 'lb'), { name: 'x', protocol: 'icmp' })],
      memberships: [],
    };
    const results = await Promise.allSettled([
      ...ports.map((port) => applier.apply(port, portState(port))),
      applier.apply(namesake, portState(namesake, { name: ports[3]!.uid })),
      applier.apply(wrong, badEnum),
    ]);
    const errors = results.flatMap((result) =>
      result.status === 'rejected' ? [result.reason as ApplyError] : [],
    );
    expect(errors.map(({ code, retry }) => [code, retry])).toEqual([
      ['NAME_CONFLICT', 'backoff'],
      ['INVALID_ROW', 'never'],
    ]);
    expect(errors[0]!.message).toMatch(/^Port\/shop\/namesake: .*vm-3-0000/);
    expect(errors[1]!.message).toMatch(/^Subnet\/shop\/wrong: .*icmp/);
    expect(client.replica.count('Logical_Switch_Port')).toBe(30);
  });

  it('keeps the connection when a state contains text that ovsdb-server rejects', async () => {
    const nb = await startNb(cleanup);
    const { applier, client } = await connect(cleanup, nb.remote);
    const states: string[] = [];
    client.onState((state) => states.push(state));
    const nasty = ['nul\0', 'half \ud83d', '"quoted"', 'line\nbreak', '\u2028 \u{1f600} \u0001'];
    const results = await Promise.allSettled(
      nasty.map((text, index) => {
        const of = ownerOf('Subnet', `s${index}`);
        return applier.apply(of, {
          rows: [row('Logical_Switch', rowUuid(of.uid, 'switch'), { name: text })],
          memberships: [],
        });
      }),
    );
    expect(results.map(({ status }) => status)).toEqual([
      'rejected',
      'rejected',
      'fulfilled',
      'fulfilled',
      'fulfilled',
    ]);
    expect([...client.replica.rows('Logical_Switch')].map((one) => one['name']).sort()).toEqual(
      [...nasty.slice(2)].sort(),
    );
    expect(states).toEqual([]);
  });
});

describe('the fence in a real database', () => {
  it('rejects all writes of a superseded leader', async () => {
    const nb = await startNb(cleanup);
    const losses: FenceLoss[] = [];
    const first = await connect(cleanup, nb.remote, { onFenced: (loss) => (losses.push(loss), 'retake') });
    await first.applier.apply(subnet, subnetState);
    const second = await connect(cleanup, nb.remote);
    expect([first.fence.epoch, second.fence.epoch]).toEqual([1, 2]);
    await expect(first.applier.apply(ports[0]!, portState(ports[0]!))).rejects.toMatchObject({
      code: 'FENCED',
      retry: 'never',
    });
    expect(losses).toEqual([{ reason: 'superseded', epoch: 1 }]);
    expect(await second.applier.apply(ports[1]!, portState(ports[1]!))).toMatchObject({ changed: true });
    expect((await nbctl(nb.remote, 'lsp-list', 'on_web')).trim().split('\n')).toHaveLength(1);
  });

  it('ignores the changes of ovn-northd and other clients in NB_Global', async () => {
    const nb = await startNb(cleanup);
    await nbctl(nb.remote, 'init');
    const { applier, client, fence } = await connect(cleanup, nb.remote);
    await nbctl(
      nb.remote,
      'set',
      'NB_Global',
      '.',
      'nb_cfg=7',
      'options:mac_prefix="0a:00:00"',
      'external_ids:note=x',
    );
    expect(await applier.apply(subnet, subnetState)).toMatchObject({ changed: true });
    expect(client.replica.count('NB_Global')).toBe(1);
    expect(fence.epoch).toBe(1);
    expect(await nbctl(nb.remote, 'get', 'NB_Global', '.', 'external_ids')).toMatch(
      /note=x.*"overlay-network\/epoch\/alpha"="1\//,
    );
  });

  it('gives different epochs to operators that take over at the same time', async () => {
    const nb = await startNb(cleanup);
    const operators = await Promise.all([1, 2, 3].map(() => connect(cleanup, nb.remote, { lead: false })));
    expect((await Promise.all(operators.map(({ fence }) => fence.take(home)))).sort()).toEqual([1, 2, 3]);
  });

  it('is taken again by the leader after another client deleted the epoch', async () => {
    const nb = await startNb(cleanup);
    const { applier, client, fence } = await connect(cleanup, nb.remote, { onFenced: () => 'retake' });
    const [global] = client.replica.rows('NB_Global');
    await client.transact([
      { op: 'update', table: 'NB_Global', where: [], row: { external_ids: ['map', []] } },
    ]);
    expect(await applier.apply(subnet, subnetState)).toMatchObject({ changed: true });
    expect(fence.epoch).toBe(2);
    await client.transact([mutateExternalIds('NB_Global', global!._uuid, { put: new Map([['a', 'b']]) })]);
    expect(await applier.apply(subnet, nothing)).toMatchObject({ changed: true });
  });
});

describe('a Northbound database that is restarted', () => {
  /** A small controller: it applies every reported or failed owner again. */
  function keep(operator: Awaited<ReturnType<typeof connect>>, owners: readonly Owner[]): void {
    const reconcile = (of: Owner): void => {
      if (!owners.some(({ uid }) => uid === of.uid)) return;
      operator.applier
        .apply(of, of.uid === subnet.uid ? subnetState : portState(of))
        .catch((error: unknown) => {
          if ((error as ApplyError).retry === 'backoff') setTimeout(() => reconcile(of), 50);
        });
    };
    operator.applier.onDrift(reconcile);
  }

  it('without its file gets the same rows again', async () => {
    const nb = await startNb(cleanup);
    const operator = await connect(cleanup, nb.remote, {
      onFenced: () => 'retake',
      backoff: { baseMs: 10, maxMs: 100 },
    });
    const { applier, client } = operator;
    await applier.apply(subnet, subnetState);
    await Promise.all(ports.map((port) => applier.apply(port, portState(port))));
    const rows = () =>
      ['Logical_Switch', 'Logical_Switch_Port'].flatMap((table) =>
        [...client.replica.rows(table)].map(plain),
      );
    const before = new Set(rows().map((one) => JSON.stringify(one)));
    keep(operator, [subnet, ...ports]);
    await nb.kill();
    rmSync(nb.file);
    const { startDatabase } = await import('../../../src/dev/ovn/processes.ts');
    const blank = await startDatabase({
      schema: '/usr/share/ovn/ovn-nb.ovsschema',
      name: 'OVN_Northbound',
      dir: nb.dir,
    });
    cleanup.add(() => blank.stop());
    await until(() => client.connected && client.replica.count('Logical_Switch_Port') === 30);
    await applier.idle();
    expect(new Set(rows().map((one) => JSON.stringify(one)))).toEqual(before);
    expect(operator.fence.epoch).toBe(2);
    expect((await nbctl(blank.remote, 'lsp-list', 'on_web')).trim().split('\n')).toHaveLength(30);
  });

  it('with its file gets the waiting writes', async () => {
    const nb = await startNb(cleanup);
    const { applier, client, drift, fence } = await connect(cleanup, nb.remote, {
      onFenced: () => 'retake',
      backoff: { baseMs: 10, maxMs: 100 },
    });
    await applier.apply(subnet, subnetState);
    await nb.kill();
    await until(() => !client.connected);
    const waiting = ports.map((port) => applier.apply(port, portState(port)));
    await nb.start();
    await Promise.all(waiting);
    expect(drift).toEqual([]);
    // The file may contain an older state.
    expect(fence.epoch).toBe(2);
    expect(client.replica.get('Logical_Switch', switchRow)?.['ports']).toHaveProperty('size', 30);
  });

  it('too late lets the writes fail with OVN_CONNECTION_FAILED', async () => {
    const nb = await startNb(cleanup);
    const { applier, client } = await connect(cleanup, nb.remote, { reconnectDeadlineMs: 200 });
    await applier.apply(subnet, subnetState);
    await nb.kill();
    await until(() => !client.connected);
    await expect(applier.apply(ports[0]!, portState(ports[0]!))).rejects.toMatchObject({
      code: 'OVN_CONNECTION_FAILED',
      retry: 'backoff',
    });
    expect(await applier.apply(subnet, subnetState)).toMatchObject({ changed: false });
  });
});
