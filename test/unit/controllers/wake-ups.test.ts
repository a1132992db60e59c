import { describe, expect, it } from '@jest/globals';
import { Applier } from '../../../src/ovn/apply/applier.ts';
import { Fence } from '../../../src/ovn/apply/fence.ts';
import { kindNames } from '../../../src/controllers/index.ts';
import { rowUuid } from '../../../src/ovn/index.ts';
import { keyOf, type KubeObject } from '../../../src/reconcile/index.ts';
import { variants } from '../../support/controllers/all-kinds.ts';
import { vpc } from '../../support/controllers/manifests.ts';
import { OfflineCluster, printable, type Manifest } from '../../support/controllers/offline-cluster.ts';
import { randomOf, shuffled } from '../../support/operator/seeded-random.ts';
import { seedOf } from '../../support/seed.ts';
import { FakeDatabase } from '../ovn/fake-database.ts';
import { home } from '../ovn/scenario.ts';

const STEPS = 80;

/** An object that conflicts with another one. */
const younger = vpc('younger', { cidr: '10.3.0.0/16', defaults: 'None' });

const objectsOf = ({ stores }: OfflineCluster): readonly KubeObject[] =>
  (['Namespace', ...kindNames] as const).flatMap((kind): KubeObject[] => [...stores[kind].values()]);

let incarnations = 0;

/** Applies a manifest. A new object has a new UID. */
function apply(cluster: OfflineCluster, manifest: Manifest): void {
  const { namespace: ns, name } = manifest.metadata;
  const key = ns === undefined ? name : `${ns}/${name}`;
  const isNew = cluster.get(manifest.kind, key) === undefined;
  const uid = rowUuid(`${manifest.kind}/${key}/${++incarnations}`, 'test');
  cluster.apply(isNew ? { ...manifest, metadata: { ...manifest.metadata, uid } } : manifest);
}

/** Makes a random change: creates, edits or deletes an object, or removes its finalizer. Returns a description. */
function change(cluster: OfflineCluster, random: () => number): string {
  const pick = <T>(items: readonly T[]): T => items[Math.floor(random() * items.length)] as T;
  const dice = random();
  if (dice < 0.7) {
    const manifest = pick(pick([...variants, [younger]]));
    apply(cluster, manifest);
    return `apply ${JSON.stringify(manifest)}`;
  }
  const [object] = shuffled(objectsOf(cluster), random).filter(({ kind }) => kind !== 'Namespace');
  if (object === undefined) return 'nothing';
  const how = dice < 0.92 ? 'delete' : 'forceDelete';
  cluster[how](object.kind, keyOf(object));
  return `${how} ${object.kind} ${keyOf(object)}`;
}

type State = Readonly<Record<string, unknown>>;

/** The controllers with the real stores, queue, wake-ups and writer, on a database in memory. */
class Scenario {
  readonly cluster: OfflineCluster;
  readonly #database: FakeDatabase;
  readonly #applier: Applier;

  private constructor(database: FakeDatabase, applier: Applier) {
    this.#database = database;
    this.#applier = applier;
    this.cluster = new OfflineCluster({}, applier);
  }

  static async start(): Promise<Scenario> {
    const database = new FakeDatabase();
    const fence = new Fence(database, 'offline');
    await fence.take(home);
    return new Scenario(database, new Applier({ cluster: 'offline', database, fence }));
  }

  /** Reconciles what changes and wake-ups enqueued, in random order, until nothing is enqueued. */
  async run(random: () => number): Promise<void> {
    while (this.cluster.isBusy) {
      await this.cluster.runQueue((size) => Math.floor(random() * size));
      await this.#applier.idle();
    }
  }

  /** Reconciles everything until neither objects nor rows change. */
  async settle(): Promise<void> {
    for (let before = -1; before !== this.#database.transactions.length;) {
      before = this.#database.transactions.length;
      await this.cluster.settle();
      await this.#applier.idle();
    }
  }

  /** Returns the status of every object, and all rows. */
  state(): State {
    const statuses = objectsOf(this.cluster).map(
      (object) => [`${object.kind} ${keyOf(object)}`, withoutGenerations(object.status)] as const,
    );
    return { ...Object.fromEntries(statuses), ...this.#database.dump((table) => table !== 'NB_Global') };
  }
}

/** Returns the objects whose states differ, with both states. */
function differences(before: State, after: State): readonly unknown[] {
  return [...new Set([...Object.keys(before), ...Object.keys(after)])]
    .filter((name) => JSON.stringify(before[name]) !== JSON.stringify(after[name]))
    .map((name) => ({ name, ...partsThatDiffer(before[name], after[name]) }));
}

const withoutGenerations = (status: unknown): unknown =>
  JSON.parse(
    JSON.stringify(printable(status) ?? null, (key, value: unknown) =>
      key === 'observedGeneration' ? undefined : value,
    ),
  );

/** Returns the values that differ, before and after. */
function partsThatDiffer(
  before: unknown,
  after: unknown,
): { readonly before: unknown; readonly after: unknown } {
  if (typeof before !== 'object' || typeof after !== 'object' || before === null || after === null)
    return { before, after };
  const [a, b] = [before, after] as [Record<string, unknown>, Record<string, unknown>];
  const keys = [...new Set([...Object.keys(a), ...Object.keys(b)])].filter(
    (key) => JSON.stringify(a[key]) !== JSON.stringify(b[key]),
  );
  if (keys.length === 1 && !Array.isArray(before)) return partsThatDiffer(a[keys[0]!], b[keys[0]!]);
  return {
    before: Object.fromEntries(keys.map((key) => [key, a[key]])),
    after: Object.fromEntries(keys.map((key) => [key, b[key]])),
  };
}

/** Returns a cluster that gets the objects, with what their statuses record, in this order. */
async function received(objects: readonly KubeObject[], random: () => number): Promise<Scenario> {
  const scenario = await Scenario.start();
  for (const object of objects)
    scenario.cluster.apply({ ...object, metadata: { ...object.metadata, finalizers: [] } } as Manifest);
  await scenario.cluster.restart({ ignoreConflicts: true });
  await scenario.run(random);
  return scenario;
}

describe('after random creations, edits and deletions of all kinds', () => {
  const seed = seedOf('wake-ups', 20261130);

  it.each(Array.from({ length: 6 }, (_, index) => seed + index))(
    'the wake-ups are complete, and the order of the objects does not matter (seed %d)',
    async (each) => {
      const random = randomOf(each);
      const scenario = await Scenario.start();
      const { cluster } = scenario;
      for (const [first] of shuffled(variants, random)) apply(cluster, first!);
      await scenario.run(random);
      for (let step = 0; step < STEPS; step++) {
        const changes = [change(cluster, random)];
        while (random() < 0.3) changes.push(change(cluster, random));
        await scenario.run(random);
        const before = scenario.state();
        await scenario.settle();
        expect([changes, ...differences(before, scenario.state())].slice(0, 3)).toEqual([changes]);
      }
      // An object with an error keeps earlier rows, and a VPCPeering an earlier consent. So the order is compared when
      // all objects are valid, none is being deleted, and the VPCPeerings are new.
      cluster.forceDelete('VPC', 'default/younger');
      for (const { kind, metadata } of objectsOf(cluster))
        if (kind === 'VPCPeering' || metadata.deletionTimestamp !== undefined)
          cluster.forceDelete(kind, keyOf({ metadata }));
      await scenario.run(random);
      for (const [first] of variants) apply(cluster, first!);
      await scenario.run(random);
      const copy = await received(shuffled(objectsOf(cluster), random), random);
      expect(differences(scenario.state(), copy.state()).slice(0, 3)).toEqual([]);
    },
    300_000,
  );
});
