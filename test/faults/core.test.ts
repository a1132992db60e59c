import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { API_VERSION } from '../../src/api/index.ts';
import { targets } from '../../packages/dev-apiserver/test/support/targets.ts';
import { runClean, runHit, type CleanRun, type Scenario } from '../support/operator/crash-runs.ts';
import type { Place, TripMode } from '../support/operator/gate.ts';
import { example } from '../support/operator/examples.ts';
import { addGatewayChassis } from '../support/operator/gateways.ts';
import { outside } from '../support/operator/outside.ts';
import { TestCluster } from '../support/operator/test-cluster.ts';

/** Runs go side by side: most of a run's time is the operator's own delays. */
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
        // Its address is free then, and the first that an operator gives out which did not see it go.
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
        await cluster.delete('Port', 'server');
      },
    ],
  },
  outside,
];

const modes: readonly TripMode[] = ['ends before', 'ends after', 'loses the reply of'];

/** Every write of a clean run, and one transaction more a step: there may be one when two are not joined. */
function placesOf({ writes }: CleanRun): Place[] {
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

  it('comes to the same twice', async () => {
    expect((await runClean(lanes[1]!, scenario)).states).toEqual(clean.states);
  });

  it.each(modes)(
    'comes to the same when the operator %s any of its writes',
    async (mode) => {
      const hit = new Set<string>();
      const places = placesOf(clean).values();
      // All to their end, also when one fails: the next test has the same lanes.
      const outcomes = await Promise.allSettled(
        lanes.map(async (lane) => {
          for (const place of places) {
            if ((await runHit(lane, scenario, clean, { place, mode })) !== undefined) {
              hit.add(JSON.stringify(place));
            }
          }
        }),
      );
      for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason;
      // Two runs may differ by a status that is written once or twice; what is written first is written in each.
      const certain = clean.writes.filter(({ nth }) => nth === 0).map((place) => JSON.stringify(place));
      expect(certain.length).toBeGreaterThan(scenario.steps.length * 3);
      expect(certain.filter((place) => !hit.has(place))).toEqual([]);
    },
    300_000,
  );
});
