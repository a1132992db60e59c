import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { API_VERSION } from '../../src/api/index.ts';
import { targets } from '../../packages/dev-apiserver/test/support/targets.ts';
import { runClean, runWithFault, type CleanRun, type Scenario } from '../support/operator/fault-runs.ts';
import type { FaultMode, WritePoint } from '../support/operator/gate.ts';
import { example } from '../support/operator/examples.ts';
import { addGatewayChassis } from '../support/operator/gateways.ts';
import { externalScenario } from '../support/operator/external-scenario.ts';
import { TestCluster } from '../support/operator/test-cluster.ts';

/** The number of runs at the same time. A run mostly waits for the operator's own delays. */
const LANES = 6;

const scenarios: readonly Scenario[] = [
  {
    name: 'the quickstart, edits, a late Port and deletions',
    steps: [
      (cluster) => cluster.apply(...example('quickstart.yaml')),
      async (cluster) => {
        await cluster.edit('SecurityGroup', 'web', {
          spec: { ingress: [{ name: 'https', protocol: 'TCP', ports: { min: 443 } }] },
        });
        await cluster.apply({
          apiVersion: API_VERSION,
          kind: 'Port',
          metadata: { name: 'late' },
          spec: { subnetRef: { name: 'apps' } },
        });
        await cluster.edit('Port', 'client', { spec: { securityGroupRefs: [{ name: 'web' }] } });
      },
      async (cluster) => {
        await cluster.delete('Port', 'server');
        // The address is then free. An operator that missed the deletion would allocate it first.
        await cluster.delete('Port', 'client');
      },
    ],
  },
  {
    name: 'the deletion of everything',
    given: async (cluster) => {
      await cluster.apply(...example('quickstart.yaml'));
      await cluster.converged();
    },
    steps: [
      async (cluster) => {
        await cluster.delete('VPC', 'quickstart');
        await cluster.delete('Subnet', 'apps');
        await cluster.delete('SecurityGroup', 'web');
      },
      async (cluster) => {
        await cluster.delete('Port', 'client');
      },
      async (cluster) => {
        await cluster.delete('Port', 'server');
      },
    ],
  },
  externalScenario,
];

const modes: readonly FaultMode[] = ['exits before', 'exits after', 'loses the reply to'];

/**
 * Every write of a clean run, and one more transaction per step: a run has one more when the operator does not join two
 * changes in one transaction.
 */
function writePointsOf({ writes }: CleanRun): WritePoint[] {
  const transactions = new Map<number, number>();
  for (const { step, what, nth } of writes) if (what === 'transact') transactions.set(step, nth);
  return [...writes, ...[...transactions].map(([step, nth]) => ({ step, what: 'transact', nth: nth + 1 }))];
}

let lanes: TestCluster[];
beforeAll(async () => {
  const [embedded] = targets;
  lanes = await Promise.all(
    Array.from({ length: LANES }, () => TestCluster.start(embedded!, { northd: false })),
  );
  for (const { southbound } of lanes) await addGatewayChassis(southbound, ['gw1', 'gw2']);
}, 60_000);
afterAll(() => Promise.all(lanes.map((lane) => lane.stop())), 60_000);

describe.each(scenarios)('$name', (scenario) => {
  let clean: CleanRun;

  beforeAll(async () => {
    clean = await runClean(lanes[0]!, scenario);
  }, 60_000);

  it('reaches the same state in two clean runs', async () => {
    expect((await runClean(lanes[1]!, scenario)).states).toEqual(clean.states);
  });

  it.each(modes)(
    'reaches the same state when the operator %s any of its writes',
    async (mode) => {
      const hit = new Set<string>();
      const points = writePointsOf(clean).values();
      // Every lane must finish, also when another fails, because the next test uses the same lanes.
      const outcomes = await Promise.allSettled(
        lanes.map(async (lane) => {
          for (const point of points) {
            if ((await runWithFault(lane, scenario, clean, { point, mode })) !== undefined) {
              hit.add(JSON.stringify(point));
            }
          }
        }),
      );
      for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason;
      const certain = clean.certain.map((point) => JSON.stringify(point));
      expect(certain.length).toBeGreaterThan(scenario.steps.length * 3);
      expect(certain.filter((point) => !hit.has(point))).toEqual([]);
    },
    300_000,
  );
});
