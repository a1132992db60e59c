import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { PassThrough } from 'node:stream';
import type { Finding } from '../../../src/doctor/index.ts';
import { API_VERSION } from '../../../src/api/index.ts';
import { runProgram } from '../../../src/cli/program.ts';
import { definitionType } from '../../../src/dev/manifests.ts';
import { readCrds } from '../../../src/doctor/index.ts';
import { targets } from '../../../packages/dev-apiserver/test/support/targets.ts';
import { managedRows } from '../../support/operator/dump.ts';
import { everything } from '../../support/operator/examples.ts';
import { addGatewayChassis } from '../../support/operator/gateways.ts';
import { isRow } from '../../support/operator/northbound.ts';
import { confirmingHosts } from '../../support/ovn-hosts.ts';
import { TestCluster } from '../../support/operator/test-cluster.ts';

describe.each(targets)('overlay-network doctor with the $name API server', (target) => {
  let cluster: TestCluster;
  const lease = { 'leader-election-namespace': 'default' };
  /** The real API server of the tests has no authorization, so doctor cannot check permissions. */
  const unchecked = target.name === 'real' ? ['warning: Permissions'] : [];

  beforeAll(async () => {
    cluster = await TestCluster.start(target);
    await addGatewayChassis(cluster.southbound, ['gw1', 'gw2']);
    await cluster.startOperator({
      settings: { ...lease, 'leader-election-enabled': true, 'leader-election-retry-seconds': 0.5 },
    });
    await cluster.apply(...everything());
    await cluster.converged();
    await cluster.ovn.nbctl('--wait=sb', 'sync');
  }, 60_000);
  afterAll(() => cluster.stop());

  /** Runs doctor and returns the findings by check. */
  async function examined(
    settings: Readonly<Record<string, string>> = {},
    ...switches: readonly string[]
  ): Promise<{ code: number; findings: Record<string, Finding> }> {
    const stdout = new PassThrough();
    const stderr = new PassThrough();
    const given = {
      kubeconfig: cluster.server.kubeconfigPath,
      'ovn-nb-endpoint': cluster.northbound.remote,
      'ovn-sb-endpoint': cluster.southbound.remote,
      ...lease,
      ...settings,
    };
    const args = Object.entries(given).map(([flag, value]) => `--${flag}=${value}`);
    const { signal } = new AbortController();
    const code = await runProgram(['doctor', '--json', ...switches, ...args], {
      stdout,
      stderr,
      env: {},
      signal,
    });
    expect(String(stderr.read() ?? '')).toBe('');
    const { findings } = JSON.parse(String(stdout.read())) as { findings: Finding[] };
    return { code, findings: Object.fromEntries(findings.map((finding) => [finding.check, finding])) };
  }

  const notOk = (findings: Record<string, Finding>): string[] =>
    Object.values(findings)
      .filter(({ outcome }) => outcome !== 'ok')
      .map(({ check, outcome }) => `${outcome}: ${check}`);

  it('finds only that no host is alive in a complete installation', async () => {
    const { code, findings } = await examined();
    expect({ code, notOk: notOk(findings) }).toEqual({ code: 0, notOk: [...unchecked, 'warning: Hosts'] });
    expect(findings['API server']?.found).toMatch(/ is v1\.\d+/);
    expect(findings['Objects']?.found).toMatch(/^All \d+ objects are Ready\.$/);
    expect(findings['Drift']?.found).toMatch(/^The rows in OVN match the \d+ objects that are Programmed/);
    expect(findings['Custom resource schemas']?.found).toBe(
      'The API server has the schemas of this version.',
    );
    expect(findings['Leader']?.found).toMatch(/ leads and renews the Lease default\/overlay-network\.$/);
    for (const { outcome, remedy } of Object.values(findings))
      expect(remedy === undefined).toBe(outcome === 'ok');
  });

  it('names hosts without their own router MAC address when a VPC routes to a provider Subnet', async () => {
    const provider = { networkRef: { name: 'hall' }, vlanID: 20 };
    await cluster.apply({
      apiVersion: API_VERSION,
      kind: 'ProviderNetwork',
      metadata: { name: 'hall' },
      spec: {
        physicalNetwork: 'physnet1',
        vlanIDs: [{ min: 20 }],
        allowedNamespaces: { selector: {} },
      },
    });
    const metadata = { namespace: 'hosted', name: 'plant' };
    await cluster.apply({
      apiVersion: API_VERSION,
      kind: 'Subnet',
      metadata,
      spec: { cidr: '10.2.0.0/24', provider },
    });
    await cluster.converged();
    const judged = async () => (await examined()).findings['MAC addresses of routers'];
    expect(await judged()).toMatchObject({
      outcome: 'warning',
      found: expect.stringMatching(/: gw1 \(none on physnet1\), gw2 \(none on physnet1\)\.$/),
      remedy: expect.stringContaining('ovn-chassis-mac-mappings=physnet1:MAC'),
    });
    for (const [name, mac] of [
      ['gw1', '02:00:00:00:01:01'],
      ['gw2', '02:00:00:00:01:02'],
    ]) {
      const mapping = `other_config:ovn-chassis-mac-mappings="physnet1:${mac}"`;
      await cluster.ovn.sbctl('set', 'Chassis', name!, mapping);
    }
    expect(await judged()).toMatchObject({ outcome: 'ok' });
    await cluster.delete('Subnet', 'hosted/plant');
    await cluster.gone('Subnet', 'hosted/plant');
    await cluster.delete('ProviderNetwork', 'hall');
    await cluster.gone('ProviderNetwork', 'hall');
  });

  it('names the databases that do not answer, and runs the other checks', async () => {
    const { code, findings } = await examined({ 'ovn-nb-endpoint': 'unix:/nonexistent/nb.sock' });
    expect(code).toBe(1);
    expect(findings['Northbound database']).toMatchObject({
      outcome: 'problem',
      found: expect.stringContaining('ENOENT'),
      remedy: expect.stringContaining('ovnNbEndpoint'),
    });
    expect(findings['Permissions']?.outcome).toBe(unchecked.length === 0 ? 'ok' : 'warning');
  });

  it('reports an API server that does not answer, and still checks OVN', async () => {
    const { code, findings } = await examined({ kubeconfig: '/nonexistent/kubeconfig' });
    expect(code).toBe(1);
    expect(notOk(findings)).toEqual(['problem: API server', 'warning: Hosts']);
    expect(findings['API server']?.found).toMatch(/ENOENT.*\/nonexistent\/kubeconfig/);
    expect(findings['Objects']).toBeUndefined();
  });

  it('reports a missing epoch and drift for another cluster name', async () => {
    const { code, findings } = await examined({ 'cluster-name': 'elsewhere' });
    expect(code).toBe(1);
    expect(notOk(findings)).toEqual([...unchecked, 'warning: Epoch', 'warning: Hosts', 'problem: Drift']);
  });

  it('compares the schemas of the API server with the schemas of this version', async () => {
    const [port] = readCrds().filter(({ spec }) => spec.names.kind === 'Port');
    const { name } = port!.metadata as { name: string };
    const setText = (text: string) =>
      cluster.client.patchJson(definitionType, { name }, [
        {
          op: 'replace',
          path: '/spec/versions/0/schema/openAPIV3Schema/properties/spec/description',
          value: text,
        },
      ]);
    const { schema } = port!.spec.versions[0] as unknown as {
      schema: { openAPIV3Schema: { properties: { spec: { description: string } } } };
    };
    await setText('Of an older version.');
    // The API server publishes a changed schema after a delay.
    await cluster.eventually(async () => {
      const { code, findings } = await examined();
      expect(code).toBe(0);
      expect(findings['Custom resource schemas']).toMatchObject({
        outcome: 'warning',
        found: 'The API server has schemas of another version for Port.',
        remedy: expect.stringContaining('kubectl apply'),
      });
    });
    await setText(schema.openAPIV3Schema.properties.spec.description);
    await cluster.eventually(async () => {
      expect((await examined()).findings['Custom resource schemas']?.outcome).toBe('ok');
    });
  }, 120_000);

  it('measures the lag of ovn-northd and of the hosts with --sync', async () => {
    const answer = await confirmingHosts(cluster.ovn, ['gw1', 'gw2']);
    const [{ code, findings }] = await Promise.all([examined({}, '--sync'), answer()]);
    expect({ code, notOk: notOk(findings) }).toEqual({ code: 0, notOk: unchecked });
    expect(findings['Lag']?.found).toMatch(
      /^ovn-northd applied the change in \d+ ms, the slowest host \(gw[12]\) in \d+ ms\.$/,
    );
  });

  it('reports that no operator leads after the operator stopped', async () => {
    await cluster.stopOperators();
    const { code, findings } = await examined();
    expect(code).toBe(1);
    expect(notOk(findings)).toEqual([...unchecked, 'problem: Leader']);
    expect(findings['Leader']?.found).toMatch(/^No operator leads: /);
    const withoutElection = await examined({ 'leader-election-enabled': 'false' });
    expect(withoutElection.code).toBe(0);
    expect(withoutElection.findings['Leader']?.outcome).toBe('warning');
  });

  it('reports that ovn-northd does not run, even when ovn-northd has nothing to do', async () => {
    await cluster.ovn.northd.kill();
    const { code, findings } = await examined();
    expect(code).toBe(1);
    expect(findings['ovn-northd']).toMatchObject({
      outcome: 'problem',
      found: expect.stringMatching(/^No ovn-northd is active .*: 0 logical switch ports are not translated/),
    });
  });

  it('counts rows without an object, ports that ovn-northd has not translated, and hosts that are behind', async () => {
    const { uid } = (await cluster.get('Port', 'default/server')).metadata;
    const row = managedRows(await cluster.nb.rows()).find(({ columns }) => columns['name'] === uid);
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
      ...unchecked,
      'problem: Leader',
      'problem: ovn-northd',
      'warning: Hosts',
      'problem: Drift',
      'warning: Orphans',
    ]);
    expect(findings['ovn-northd']?.found).toMatch(/: 1 logical switch ports are not translated/);
    expect(findings['Hosts']?.found).toMatch(/hosts are behind: .*hv1/);
    expect(findings['Drift']?.found).toMatch(
      /^The rows of 1 objects that are Programmed differ from the objects: Port default\/server \(update Logical_Switch_Port \(name\)\)\.$/,
    );
    expect(findings['Orphans']?.found).toMatch(
      /^1 deleted objects still have rows in OVN: Port\/default\/client/,
    );
  });
});
