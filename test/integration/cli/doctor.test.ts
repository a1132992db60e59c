import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { PassThrough } from 'node:stream';
import type { Finding } from '../../../src/doctor/index.ts';
import { runProgram } from '../../../src/cli/program.ts';
import { targets } from '../../support/apiserver/targets.ts';
import { ours } from '../../support/operator/dump.ts';
import { example } from '../../support/operator/examples.ts';
import { isRow } from '../../support/operator/northbound.ts';
import { TestCluster } from '../../support/operator/test-cluster.ts';

describe.each(targets)('overlay-network doctor with the $name API server', (target) => {
  let cluster: TestCluster;
  /** The real server that tests have is a small one: it is not asked who may do what. */
  const unasked = target.name === 'real' ? ['warning: Permissions'] : [];

  beforeAll(async () => {
    cluster = await TestCluster.start(target);
    await cluster.startOperator();
    await cluster.apply(...example('quickstart.yaml'));
    await cluster.converged();
    await cluster.ovn.nbctl('--wait=sb', 'sync');
    await cluster.stopOperators();
  }, 60_000);
  afterAll(() => cluster.stop());

  /** Runs it; findings by what was checked. */
  async function examined(
    settings: Readonly<Record<string, string>> = {},
  ): Promise<{ code: number; findings: Record<string, Finding> }> {
    const stdout = new PassThrough();
    const stderr = new PassThrough();
    const given = {
      kubeconfig: cluster.server.kubeconfigPath,
      'ovn-nb-endpoint': cluster.northbound.remote,
      'ovn-sb-endpoint': cluster.southbound.remote,
      ...settings,
    };
    const args = Object.entries(given).map(([flag, value]) => `--${flag}=${value}`);
    const { signal } = new AbortController();
    const code = await runProgram(['doctor', '--json', ...args], { stdout, stderr, env: {}, signal });
    expect(String(stderr.read() ?? '')).toBe('');
    const { findings } = JSON.parse(String(stdout.read())) as { findings: Finding[] };
    return { code, findings: Object.fromEntries(findings.map((finding) => [finding.check, finding])) };
  }

  const notOk = (findings: Record<string, Finding>): string[] =>
    Object.values(findings)
      .filter(({ outcome }) => outcome !== 'ok')
      .map(({ check, outcome }) => `${outcome}: ${check}`);

  it('finds nothing wrong with an installation without hosts but that', async () => {
    const { code, findings } = await examined();
    expect({ code, notOk: notOk(findings) }).toEqual({ code: 0, notOk: [...unasked, 'warning: Hosts'] });
    expect(findings['API server']?.found).toMatch(/is v1\.\d+/);
    expect(findings['Objects']?.found).toBe('All 7 are Ready.');
    expect(findings['Their schemas']?.found).toBe('They are those of this version.');
    for (const { outcome, remedy } of Object.values(findings))
      expect(remedy === undefined).toBe(outcome === 'ok');
  });

  it('says which databases do not answer, and goes on with the rest', async () => {
    const { code, findings } = await examined({ 'ovn-nb-endpoint': 'unix:/nonexistent/nb.sock' });
    expect(code).toBe(1);
    expect(findings['Northbound database']).toMatchObject({
      outcome: 'problem',
      found: expect.stringContaining('ENOENT'),
      remedy: expect.stringContaining('ovnNbEndpoint'),
    });
    expect(findings['Permissions']?.outcome).toBe(unasked.length === 0 ? 'ok' : 'warning');
  }, 20_000);

  it('says so when the API server does not answer, and still looks at OVN', async () => {
    const { code, findings } = await examined({ kubeconfig: '/nonexistent/kubeconfig' });
    expect(code).toBe(1);
    expect(notOk(findings)).toEqual(['problem: API server', 'warning: Hosts']);
    expect(findings['API server']?.found).toMatch(/ENOENT.*\/nonexistent\/kubeconfig/);
    expect(findings['Objects']).toBeUndefined();
  });

  it('finds another cluster name: nobody leads, and what is programmed has no rows', async () => {
    const { code, findings } = await examined({ 'cluster-name': 'elsewhere' });
    expect(code).toBe(1);
    expect(notOk(findings)).toEqual([...unasked, 'warning: Leader', 'warning: Hosts', 'problem: Drift']);
  });

  it('counts rows without an object, ports that northd has not translated, and hosts that are behind', async () => {
    await cluster.ovn.northd.kill();
    const [row] = ours(await cluster.nb.rows()).filter(({ table }) => table === 'Logical_Switch_Port');
    await cluster.delete('Port', 'client');
    await cluster.nb.transact({
      op: 'update',
      table: 'Logical_Switch_Port',
      where: isRow(row!.uuid),
      row: { name: 'another-name' },
    });
    await cluster.ovn.sbctl('chassis-add', 'hv1', 'geneve', '127.0.0.1');
    await cluster.ovn.sbctl('set', 'SB_Global', '.', 'nb_cfg=7');
    const { code, findings } = await examined();
    expect(code).toBe(1);
    expect(notOk(findings)).toEqual([
      ...unasked,
      'problem: ovn-northd',
      'warning: Hosts',
      'warning: Orphans',
    ]);
    expect(findings['ovn-northd']?.found).toMatch(/^It is behind: 1 ports/);
    expect(findings['Hosts']?.found).toBe('1 of 1 are behind: hv1.');
    expect(findings['Orphans']?.found).toMatch(/^1 objects are gone .*: Port\/default\/client/);
  });
});
