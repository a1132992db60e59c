import { beforeAll, describe, expect, it } from '@jest/globals';
import { kindNames } from '../../../src/controllers/index.ts';
import { namespaceKind } from '../../../src/controllers/common/namespace.ts';
import { modules } from '../../../src/controllers/kinds.ts';
import { keyOf, type Kind, type KubeObject, type ReadStore } from '../../../src/reconcile/index.ts';
import { enqueueDependents, type Link } from '../../../src/reconcile/references.ts';
import { variants } from '../../support/controllers/all-kinds.ts';
import { OfflineCluster } from '../../support/controllers/offline-cluster.ts';

/** Fields that never change in an object with the same UID. */
const constant =
  /^(kind|apiVersion|metadata\.(uid|name|namespace|creationTimestamp|resourceVersion|generation))$/;

type Path = readonly string[];
/** Fields of which a reader needs only whether they are set. */
const presence = new Set([
  'VPC status.routerName',
  'Subnet status.switchName',
  'SecurityGroup status.ruleCount',
  'TrafficPolicy status.matchCount',
]);

/** Reads without a wake-up by a reference, and why a change of the field wakes the reader nevertheless. */
const otherwise: readonly (readonly [RegExp, string])[] = [
  [
    /spec\.(subnetRef\.name of Port|vpcRef(\.name)? of Subnet|provider\..* of Subnet)$/,
    'The field is immutable.',
  ],
  [/spec\.(externalNetworkRef\.name of FloatingIP|cidr of ExternalNetwork)$/, 'The field is immutable.'],
  [/ reads metadata\.labels\..* of Namespace$/, 'The policies wake the objects that wait for a quota.'],
  [/^Port reads status\.matchCount of SecurityGroup$/, 'The facts contain the weight, which rounds up.'],
  [
    /^Port reads status\.cidr of VPC$/,
    'The range of a VPC does not change, and the Subnet reports another VPC.',
  ],
  [/^Port reads spec\..* of ProviderNetwork$/, 'The Subnet reports its segment in its status.'],
  [
    /^VPCPeering reads spec\.allowedNamespaces\..* of ExternalNetwork$/,
    'The VPC reports its gateway in its status.',
  ],
  [
    /^VPCPeering reads (spec|status)\.\w+ of (ExternalNetwork|Subnet)$/,
    'They decide which static routes the VPC uses, and the VPC reports every route that it does not use.',
  ],
];

interface Read {
  readonly object: KubeObject;
  readonly path: Path;
}

const allKinds = [
  namespaceKind,
  ...kindNames.map((name) => modules[name].kind),
] as unknown as readonly Kind<KubeObject>[];

/** Returns a view of an object that reports each field that a caller reads. */
function watched<T extends object>(target: T, path: Path, report: (path: Path) => void): T {
  return new Proxy(target, {
    get(object, name) {
      const value: unknown = Reflect.get(object, name);
      if (typeof name !== 'string') return value;
      const here = [...path, name];
      if (typeof value === 'object' && value !== null && !Array.isArray(value))
        return watched(value, here, report);
      report(here);
      return value;
    },
  });
}

/** Returns a store whose objects report what a caller reads. */
function watchedStore(store: ReadStore<KubeObject>, report: (read: Read) => void): ReadStore<KubeObject> {
  const wrap = (object: KubeObject): KubeObject => watched(object, [], (path) => report({ object, path }));
  const wrapAll = function* (objects: Iterable<KubeObject>) {
    for (const object of objects) yield wrap(object);
  };
  const maybe = (object: KubeObject | undefined) => object && wrap(object);
  return {
    get size() {
      return store.size;
    },
    get: (key) => maybe(store.get(key)),
    byUid: (uid) => maybe(store.byUid(uid)),
    values: () => wrapAll(store.values()),
    keys: () => store.keys(),
    byIndex: (index, value) => wrapAll(store.byIndex(index, value)),
    keysByIndex: (index, value) => store.keysByIndex(index, value),
    oldestFirst: (index, value) => wrapAll(store.oldestFirst(index, value)),
    subscribe: (listener) => store.subscribe(listener),
  };
}

/** Returns a copy of the object in which the field has another value, or none. */
function changed(object: object, [name = '', ...rest]: Path, isRemoved: boolean): KubeObject {
  const value = (object as Readonly<Record<string, unknown>>)[name];
  const next =
    rest.length > 0 ? changed(value as object, rest, isRemoved) : isRemoved ? undefined : another(value);
  return { ...object, [name]: next } as unknown as KubeObject;
}

function another(value: unknown): unknown {
  if (typeof value === 'boolean') return !value;
  if (typeof value === 'number') return value + 1;
  return Array.isArray(value) ? [] : `${String(value)}x`;
}

/** Returns the reads of a reconcile for which no change of the field wakes the reader. */
async function unwatchedReads(cluster: OfflineCluster, reader: KubeObject): Promise<readonly string[]> {
  const { env, stores } = cluster;
  const reads = new Map<string, Read>();
  const report = (read: Read): void => {
    const text = read.path.join('.');
    if (read.object.metadata.uid !== reader.metadata.uid && !constant.test(text))
      reads.set(`${read.object.metadata.uid} ${text}`, read);
  };
  Object.assign(env, {
    stores: Object.fromEntries(
      Object.entries(stores).map(([kind, store]) => [kind, watchedStore(store as never, report)]),
    ),
  });
  await cluster.reconcile(reader.kind, keyOf(reader));
  Object.assign(env, { stores });
  return [...reads.values()].flatMap(({ object, path }) => {
    const text = path.join('.');
    const isRemoved = presence.has(`${object.kind} ${text}`);
    const woken = wokenBy(stores, object, changed(object, path, isRemoved));
    return woken.has(`${reader.kind} ${keyOf(reader)}`)
      ? []
      : [`${reader.kind} reads ${text} of ${object.kind}`];
  });
}

/** Returns the objects that an update of an object wakes, as `Kind key`. */
function wokenBy(stores: OfflineCluster['stores'], old: KubeObject, object: KubeObject): ReadonlySet<string> {
  const storeOf = (kind: string) => stores[kind as 'Port'] as unknown as ReadStore<KubeObject>;
  const kind = allKinds.find(({ type }) => type.kind === object.kind)!;
  const links = allKinds.flatMap(({ type, references = {} }) =>
    Object.entries(references)
      .filter(([, { to }]) => to === object.kind)
      .map(([reference, { to, wakesOldest }]): Link => ({
        from: type.kind,
        reference,
        to,
        wakesOldest,
        store: storeOf(type.kind),
      })),
  );
  const woken = new Set<string>();
  const enqueue = (name: string, key: string) => woken.add(`${name} ${key}`);
  const change = { type: 'updated', key: keyOf(object), old, object } as const;
  enqueueDependents(change, links, kind, storeOf(object.kind), { enqueue, enqueueAfter: enqueue });
  return woken;
}

describe('the fields of other objects that a reconcile reads', () => {
  const unwatched = new Set<string>();

  beforeAll(async () => {
    const cluster = new OfflineCluster();
    for (const [first] of variants) cluster.apply(first!);
    for (const each of variants.flat()) {
      cluster.apply(each);
      await cluster.settle();
      const objects = kindNames.flatMap((kind): KubeObject[] => [...cluster.stores[kind].values()]);
      for (const object of objects)
        for (const read of await unwatchedReads(cluster, object)) unwatched.add(read);
    }
  }, 300_000);

  it('are in the facts of these objects, and a reference wakes the reader', () => {
    expect([...unwatched].filter((read) => !otherwise.some(([known]) => known.test(read)))).toEqual([]);
  });

  it.each(otherwise)('need the exception %s', (known) => {
    expect([...unwatched].some((read) => known.test(read))).toBe(true);
  });
});
