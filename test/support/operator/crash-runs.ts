/**
 * Runs a scenario again and again, each time with one write of the operator hit, and looks whether it comes to the same
 * as without (after Sieve, OSDI '22: compare end states, inject at exact writes).
 */
import { eventually } from '../eventually.ts';
import { canonical } from './canonical.ts';
import { ours } from './dump.ts';
import { Gate, type Place, type TripMode } from './gate.ts';
import type { NbRow } from './northbound.ts';
import type { Seen } from './objects.ts';
import type { TestCluster } from './test-cluster.ts';

/** What users do, step by step; between two steps everything is left to settle. */
export interface Scenario {
  readonly name: string;
  /** What is there before anything is hit. */
  readonly given?: (cluster: TestCluster) => Promise<void>;
  readonly steps: readonly ((cluster: TestCluster) => Promise<void>)[];
  /** What must hold at any time; objects are from before the rows. @throws Error when it does not */
  readonly always?: (objects: readonly Seen[], rows: readonly NbRow[]) => void;
}

/** A run in which nothing is hit. */
export interface CleanRun {
  /** The operator's writes, in order. */
  readonly writes: readonly Place[];
  /** What rows and statuses say after each step. */
  readonly states: readonly string[];
}

/** Longer than the operator puts anything off by itself. */
const quietMs = 1_000;

/** Runs the scenario and lets everything settle after each step. */
export async function runClean(cluster: TestCluster, scenario: Scenario): Promise<CleanRun> {
  await begin(cluster, scenario);
  const gate = new Gate();
  await cluster.startOperator({ gate });
  const states: string[] = [];
  for (const [index, step] of scenario.steps.entries()) {
    gate.beginStep(index);
    await step(cluster);
    await quiet(cluster, gate);
    states.push(await cluster.canonical());
  }
  return { writes: gate.places, states };
}

/**
 * Runs the scenario with one write hit; where that ends the operator, another takes its place. Each step must come to
 * what it comes to in a clean run.
 *
 * @returns the write that was hit; undefined when there were fewer. @throws Error when a state is another one
 */
export async function runHit(
  cluster: TestCluster,
  scenario: Scenario,
  clean: CleanRun,
  trip: { readonly place: Place; readonly mode: TripMode },
): Promise<string | undefined> {
  await begin(cluster, scenario);
  const gate = new Gate(trip);
  let replaced: Promise<unknown> | undefined;
  // What is left of the first waits for answers that never come; nobody waits for that.
  const first = await cluster.startOperator({ gate, asStandby: true, graceMs: 0 });
  gate.onEnd(() => {
    void first.stop();
    replaced = gate.settled().then(() => cluster.startOperator());
  });
  let broken: unknown;
  for (const [index, step] of scenario.steps.entries()) {
    gate.beginStep(index);
    await step(cluster);
    try {
      const look = async (): Promise<void> => {
        await replaced;
        const objects = await cluster.objects();
        const rows = ours(await cluster.nb.rows());
        try {
          scenario.always?.([...objects.values()], rows);
        } catch (error) {
          broken ??= error;
        }
        const state = canonical(objects, rows, { maskAllocated: false });
        if (state !== clean.states[index]) throw new Error(differences(clean.states[index] ?? '', state));
      };
      await eventually(look, { firstPauseMs: 150 });
      if (broken !== undefined) throw broken as Error;
    } catch (error) {
      const hit = `${trip.mode} ${gate.hit ?? `${trip.place.what}, which was not made`}`;
      throw new Error(
        `${scenario.name}, when the operator ${hit}: after step ${index + 1}: ${(error as Error).message}`,
      );
    }
  }
  return gate.hit;
}

async function begin(cluster: TestCluster, { given }: Scenario): Promise<void> {
  await cluster.reset();
  if (given === undefined) return;
  await cluster.startOperator();
  await given(cluster);
  await cluster.stopOperators();
}

function quiet(cluster: TestCluster, gate: Gate): Promise<void> {
  return cluster.eventually(() => {
    if (gate.quietMs < quietMs) throw new Error(`still writing: ${gate.writes.at(-1) ?? 'nothing'}`);
  });
}

/** The lines of two texts that are not in both. */
function differences(expected: string, actual: string): string {
  const [before, after] = [expected.split('\n'), actual.split('\n')];
  return [
    'not as in a clean run:',
    ...before.filter((line) => !after.includes(line)).map((line) => `- ${line}`),
    ...after.filter((line) => !before.includes(line)).map((line) => `+ ${line}`),
  ].join('\n');
}
