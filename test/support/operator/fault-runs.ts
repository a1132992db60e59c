/**
 * Runs a scenario repeatedly, each time with a fault at one write of the operator, and compares the final states with a
 * run without faults (the method of Sieve, OSDI '22: inject faults at exact writes, compare end states).
 */
import { resources } from '../../../src/api/index.ts';
import { eventually } from '../eventually.ts';
import { canonical } from './canonical.ts';
import { managedRows } from './dump.ts';
import { Gate, type WritePoint, type FaultMode } from './gate.ts';
import type { NbRow } from './northbound.ts';
import type { Kind, TestObject } from './objects.ts';
import type { TestCluster } from './test-cluster.ts';

/** Actions of users in steps. After each step, the run waits until the operator is idle. */
export interface Scenario {
  readonly name: string;
  /** Prepares the state before the steps, without faults. */
  readonly given?: (cluster: TestCluster) => Promise<void>;
  readonly steps: readonly ((cluster: TestCluster) => Promise<void>)[];
  /**
   * Checks an invariant at any time. The objects were read before the rows.
   * @throws Error when the invariant is violated
   */
  readonly always?: (objects: readonly TestObject[], rows: readonly NbRow[]) => void;
}

/** A run without faults. */
export interface CleanRun {
  /** The operator's writes, in order. */
  readonly writes: readonly WritePoint[];
  /**
   * The writes that every run has: the first of each label and step. A status of an object that the same step deletes is
   * not one of them: the operator writes such a status only if the object still exists when the status changes.
   */
  readonly certain: readonly WritePoint[];
  /** The canonical state after each step. */
  readonly states: readonly string[];
}

/** The operator counts as idle after this time without a write. It is longer than the operator's own delays. */
const IDLE_MS = 1_000;

/** Runs the scenario without faults. */
export async function runClean(cluster: TestCluster, scenario: Scenario): Promise<CleanRun> {
  await begin(cluster, scenario);
  const gate = new Gate();
  await cluster.startOperator({ gate });
  const states: string[] = [];
  const statuses: Set<string>[] = [];
  for (const [index, step] of scenario.steps.entries()) {
    gate.beginStep(index);
    await step(cluster);
    await untilIdle(cluster, gate);
    states.push(await cluster.canonical());
    statuses.push(new Set([...(await cluster.objects()).values()].map(statusLabel)));
  }
  const certain = gate.points.filter(
    ({ step, what, nth }) => nth === 0 && (!what.endsWith('/status') || statuses[step]?.has(what)),
  );
  return { writes: gate.points, certain, states };
}

/**
 * Runs the scenario with a fault at one write. When the fault ends the operator, a new operator starts. Each step must
 * reach the same state as in the clean run.
 * @returns the interrupted write; undefined when the run has no such write
 * @throws Error when a state differs, or when the invariant is violated
 */
export async function runWithFault(
  cluster: TestCluster,
  scenario: Scenario,
  clean: CleanRun,
  fault: { readonly point: WritePoint; readonly mode: FaultMode },
): Promise<string | undefined> {
  await begin(cluster, scenario);
  const gate = new Gate(fault);
  let replaced: Promise<unknown> | undefined;
  // The first operator waits for answers that never arrive, so nothing waits for its stop.
  const first = await cluster.startOperator({ gate, asStandby: true, graceMs: 0 });
  gate.onEnd(() => {
    void first.stop();
    replaced = gate.settled().then(() => cluster.startOperator());
  });
  let violation: unknown;
  for (const [index, step] of scenario.steps.entries()) {
    gate.beginStep(index);
    await step(cluster);
    try {
      const check = async (): Promise<void> => {
        await replaced;
        const objects = await cluster.objects();
        const rows = managedRows(await cluster.nb.rows());
        try {
          scenario.always?.([...objects.values()], rows);
        } catch (error) {
          violation ??= error;
        }
        const state = canonical(objects, rows, { maskAllocated: false });
        if (state !== clean.states[index]) throw new Error(differences(clean.states[index] ?? '', state));
      };
      await eventually(check, { firstPauseMs: 150 });
      if (violation !== undefined) throw violation as Error;
    } catch (error) {
      const hit = `${fault.mode} ${gate.hit ?? `${fault.point.what} (the run had no such write)`}`;
      throw new Error(
        `${scenario.name}, when the operator ${hit}: after step ${index + 1}: ${(error as Error).message}`,
      );
    }
  }
  return gate.hit;
}

/** The label that the proxy gives to a write of the object's status. */
function statusLabel({ kind, metadata: { namespace, name } }: TestObject): string {
  const { plural } = resources[kind as Kind];
  return `PATCH ${namespace === undefined ? '' : `${namespace}/`}${plural}/${name}/status`;
}

async function begin(cluster: TestCluster, { given }: Scenario): Promise<void> {
  await cluster.reset();
  if (given === undefined) return;
  await cluster.startOperator();
  await given(cluster);
  await cluster.stopOperators();
}

function untilIdle(cluster: TestCluster, gate: Gate): Promise<void> {
  return cluster.eventually(() => {
    if (gate.idleMs < IDLE_MS)
      throw new Error(`the operator still writes: ${gate.writes.at(-1) ?? 'nothing'}`);
  });
}

/** The lines that only one of two texts contains. */
function differences(expected: string, actual: string): string {
  const [before, after] = [expected.split('\n'), actual.split('\n')];
  return [
    'the state differs from the clean run:',
    ...before.filter((line) => !after.includes(line)).map((line) => `- ${line}`),
    ...after.filter((line) => !before.includes(line)).map((line) => `+ ${line}`),
  ].join('\n');
}
