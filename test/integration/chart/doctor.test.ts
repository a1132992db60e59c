import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { runProgram } from '../../../src/cli/program.ts';
import type { Finding } from '../../../src/doctor/index.ts';
import { startEmbedded } from '../../../packages/dev-apiserver/test/support/embedded.ts';
import { startAuthorizingProxy } from '../../support/chart/authorizing-proxy.ts';
import { minimalValues, release, render } from '../../support/chart/chart.ts';
import { grantsTo, type Grant } from '../../support/chart/rules.ts';
import { example } from '../../support/operator/examples.ts';
import { TestCluster } from '../../support/operator/test-cluster.ts';

describe("overlay-network doctor in the operator's pod", () => {
  let cluster: TestCluster;
  let folder: string;
  const grants = grantsTo(render(minimalValues), { namespace: release.namespace, name: release.name });

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'overlay-doctor-'));
    cluster = await TestCluster.start({ start: startEmbedded }, { northd: false });
    await cluster.startOperator();
    await cluster.apply(...example('quickstart.yaml'));
    await cluster.converged();
    await cluster.stopOperators();
  }, 60_000);
  afterAll(async () => {
    await cluster.stop();
    await rm(folder, { recursive: true });
  });

  /** Runs doctor with these permissions and returns the findings by their checks. */
  async function runDoctor(permissions: readonly Grant[]): Promise<Record<string, Finding>> {
    const proxy = await startAuthorizingProxy(cluster.server, permissions);
    try {
      const kubeconfig = join(folder, 'kubeconfig');
      await writeFile(kubeconfig, proxy.kubeconfig, { mode: 0o600 });
      const [stdout, stderr] = [new PassThrough(), new PassThrough()];
      const env = {
        OVERLAY_NETWORK_KUBECONFIG: kubeconfig,
        OVERLAY_NETWORK_LEADER_ELECTION_NAMESPACE: release.namespace,
        OVERLAY_NETWORK_OVN_NB_ENDPOINT: cluster.northbound.remote,
        OVERLAY_NETWORK_OVN_SB_ENDPOINT: cluster.southbound.remote,
      };
      await runProgram(['doctor', '--json'], { stdout, stderr, env, signal: new AbortController().signal });
      expect(String(stderr.read() ?? '')).toBe('');
      const { findings } = JSON.parse(String(stdout.read())) as { findings: Finding[] };
      return Object.fromEntries(findings.map((finding) => [finding.check, finding]));
    } finally {
      await proxy.close();
    }
  }

  /** The chart's permissions without one verb on one resource. */
  const without = (verb: string, resource: string): Grant[] =>
    grants.map(({ namespace, rules }) => ({
      namespace,
      rules: rules.flatMap((rule) =>
        rule.resources.includes(resource)
          ? [
              { ...rule, resources: rule.resources.filter((each) => each !== resource) },
              { ...rule, resources: [resource], verbs: rule.verbs.filter((each) => each !== verb) },
            ]
          : [rule],
      ),
    }));

  it('runs every check with the permissions of the chart', async () => {
    const findings = await runDoctor(grants);
    const notOk = Object.values(findings).filter(({ outcome }) => outcome !== 'ok');
    // In this test, no northd, no host and no operator runs.
    const stopped = ['ovn-northd', 'Hosts', 'Leader'];
    expect(notOk.filter(({ check }) => !stopped.includes(check))).toEqual([]);
    expect(findings).toMatchObject({ Permissions: { outcome: 'ok' }, Objects: { outcome: 'ok' } });
    expect(findings['Custom resource schemas']?.found).toBe(
      'The API server has the schemas of this version.',
    );
  });

  it('names a missing permission and runs the other checks', async () => {
    const findings = await runDoctor(without('list', 'ports'));
    expect(findings['Permissions']).toMatchObject({
      outcome: 'problem',
      found: 'This user lacks permissions of the operator: list ports.network.plasmavmc.io.',
      remedy: expect.stringContaining('ClusterRole'),
    });
    expect(findings['Skipped kinds']).toMatchObject({
      outcome: 'warning',
      found: 'This user may not list Port; doctor did not check these kinds.',
      remedy: expect.stringContaining('ClusterRole'),
    });
    // Doctor does not report the rows of Ports as orphans.
    expect(findings).toMatchObject({
      Objects: { outcome: 'ok', found: 'All 5 objects are Ready.' },
      Orphans: { outcome: 'ok' },
      Drift: {
        outcome: 'warning',
        found: 'Skipped: the rows depend on kinds that this user may not list (Port).',
      },
    });
  });

  it('names all permissions when the user has none', async () => {
    const findings = await runDoctor([]);
    expect(findings['Permissions']?.found).toMatch(
      /^This user lacks permissions of the operator: .* and \d+ more\.$/,
    );
    expect(findings['Skipped kinds']?.found).toMatch(/VPC, .*; doctor did not check these kinds/);
    expect(findings['Northbound database']?.outcome).toBe('ok');
  });
});
