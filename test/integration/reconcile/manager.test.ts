import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import {
  EventRecorder,
  LeaderElector,
  Manager,
  hasFinalizer,
  isLeaving,
  type Kind,
  type KubeObject,
  type ManagerOptions,
  type Reconciler,
  type RestClient,
  type Result,
} from '../../../src/reconcile/index.ts';
import { targets, type RunningServer } from '../../../packages/dev-apiserver/test/support/targets.ts';
import { eventually } from '../../support/eventually.ts';
import { clientOf, removeAll, serveTestKinds } from '../../support/reconcile/servers.ts';
import { newWidget, shelfType, widgetType, type Shelf, type Widget } from '../../support/reconcile/widget.ts';

const shelves: Kind<Shelf> = { type: shelfType, facts: ({ status }) => status?.ready };
const widgets: Kind<Widget> = {
  type: widgetType,
  references: {
    shelf: {
      to: 'Shelf',
      keys: ({ metadata, spec }) =>
        spec?.shelf === undefined ? [] : [`${metadata.namespace ?? ''}/${spec.shelf}`],
      wakesTarget: { afterMs: 50 },
    },
  },
};
const done: Result = { kind: 'done' };
const hold = 'example.org/hold';
const leaseRef = { namespace: 'default', name: 'operator' };

/**
 * A small operator. A widget is ready when its shelf is ready. A shelf counts its widgets, and its finalizer
 * keeps the shelf while it has widgets.
 */
class Operator {
  readonly manager: Manager;
  readonly writes: string[] = [];
  reconciles = 0;

  constructor(client: RestClient, options: Partial<ManagerOptions> = {}) {
    const manager = (this.manager = new Manager({ client, ...options }));
    const widget: Reconciler<Widget> = {
      reconcile: async (_key, object) => {
        this.reconciles++;
        if (object === undefined) return done;
        const shelf = manager.store<Shelf>('Shelf').get(`default/${object.spec?.shelf ?? ''}`);
        const ready = shelf?.status?.ready === true;
        this.#note(
          object,
          await manager.status.write(widgetType, object, { size: object.spec?.size, ready }),
        );
        if (ready && object.status?.ready !== true) {
          manager.events.record(object, {
            type: 'Normal',
            reason: 'Ready',
            action: 'Placing',
            note: 'on its shelf',
          });
        }
        return ready ? done : { kind: 'wait' };
      },
    };
    const shelf: Reconciler<Shelf> = {
      reconcile: async (key, object) => {
        this.reconciles++;
        if (object === undefined) return done;
        const count = manager.store('Widget').keysByIndex('shelf', key).size;
        if (!isLeaving(object) && !hasFinalizer(object, hold)) {
          this.#note(object, await manager.finalizers.add(shelfType, object, hold));
        }
        this.#note(object, await manager.status.write(shelfType, object, { count, ready: true }));
        if (isLeaving(object) && count === 0) await manager.finalizers.remove(shelfType, object, hold);
        return done;
      },
    };
    manager.addKind(widgets, widget);
    manager.addKind(shelves, shelf);
  }

  #note({ kind, metadata }: KubeObject, outcome: string): void {
    if (outcome !== 'unchanged') this.writes.push(`${kind} ${metadata.name} ${outcome}`);
  }

  count(): number | undefined {
    return this.manager.store<Shelf>('Shelf').get('default/s')?.status?.count;
  }

  ready(): number {
    return [...this.manager.store<Widget>('Widget').values()].filter(({ status }) => status?.ready === true)
      .length;
  }
}

describe.each(targets)('Manager with the $name API server', ({ start }) => {
  let server: RunningServer;
  let client: RestClient;
  let operators: Operator[] = [];
  beforeAll(async () => {
    server = await start();
    client = await clientOf(server);
    await serveTestKinds(client);
  });
  afterEach(async () => {
    for (const { manager } of operators) await manager.stop();
    operators = [];
    await removeAll(client);
  });
  afterAll(async () => {
    client.close();
    await server.stop();
  });

  async function operate(options?: (own: RestClient) => Partial<ManagerOptions>): Promise<Operator> {
    const own = await clientOf(server);
    const operator = new Operator(own, options?.(own));
    operators.push(operator);
    return operator;
  }

  const createMany = (from: number, to: number): Promise<unknown> =>
    Promise.all(
      Array.from({ length: to - from }, (_, i) =>
        client.create(widgetType, newWidget(`w${from + i}`, { size: from + i, shelf: 's' })),
      ),
    );
  const createShelf = (): Promise<unknown> => client.create(shelfType, { ...newWidget('s'), kind: 'Shelf' });

  it('reconciles 200 objects that were created before the object they refer to, with two status writes each', async () => {
    const operator = await operate();
    await operator.manager.start();
    await createMany(0, 200);
    const ofWidgets = (): string[] => operator.writes.filter((write) => write.startsWith('Widget'));
    await eventually(() => new Set(ofWidgets()).size === 200);
    await createShelf();
    await eventually(() => operator.ready() === 200 && operator.count() === 200);
    expect(ofWidgets()).toHaveLength(400);
  });

  it('writes nothing after a restart or a resync', async () => {
    const first = await operate();
    await first.manager.start();
    await createShelf();
    await createMany(0, 50);
    await eventually(() => first.ready() === 50 && first.count() === 50);
    await first.manager.stop();
    const second = await operate();
    await second.manager.start();
    await eventually(() => second.reconciles === 51);
    second.manager.resync();
    await eventually(() => second.reconciles === 102);
    expect(second.writes).toEqual([]);
  });

  it('keeps an object until its last referrer is deleted, and leaves no object', async () => {
    const operator = await operate();
    await operator.manager.start();
    await createShelf();
    await createMany(0, 10);
    await eventually(() => operator.count() === 10);
    await client.delete(shelfType, { namespace: 'default', name: 's' });
    for (let i = 0; i < 10; i++) await client.delete(widgetType, { namespace: 'default', name: `w${i}` });
    await eventually(async () => (await client.list(shelfType)).items.length === 0);
    await eventually(
      () => operator.manager.store('Shelf').size + operator.manager.store('Widget').size === 0,
    );
  });

  it('writes Events for transitions', async () => {
    const operator = await operate((own) => ({
      events: new EventRecorder({ client: own, controller: 'example.org/operator', instance: 'one' }),
    }));
    await operator.manager.start();
    await createShelf();
    await createMany(0, 3);
    await eventually(() => operator.ready() === 3);
    await operator.manager.stop();
    const type = { group: 'events.k8s.io', version: 'v1', kind: 'Event', plural: 'events', namespaced: true };
    const { items } = await client.list<KubeObject & { reason: string; regarding: { name: string } }>(type);
    const events = items.map(({ reason, regarding }) => `${reason} ${regarding.name}`);
    expect(events.sort()).toEqual(['Ready w0', 'Ready w1', 'Ready w2']);
  });

  it('becomes the leader only after the previous leader stops', async () => {
    const electorOf = (own: RestClient, identity: string): LeaderElector =>
      new LeaderElector({
        client: own,
        lease: leaseRef,
        identity,
        retryMs: 200,
        onLost: () => undefined,
      });
    const first = await operate((own) => ({ elector: electorOf(own, 'first') }));
    await first.manager.start();
    const second = await operate((own) => ({ elector: electorOf(own, 'second') }));
    const taking = second.manager.start();
    await createShelf();
    await createMany(0, 5);
    await eventually(() => first.ready() === 5 && first.count() === 5);
    expect(second.reconciles).toBe(0);
    await first.manager.stop();
    await taking;
    await createMany(5, 10);
    await eventually(() => second.ready() === 10 && second.count() === 10);
    expect(second.writes.filter((write) => /Widget w[0-4] /.test(write))).toEqual([]);
  });
});
