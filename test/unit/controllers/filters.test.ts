import { describe, expect, it } from '@jest/globals';
import { kindNames } from '../../../src/controllers/index.ts';
import { Applier } from '../../../src/ovn/apply/applier.ts';
import { Fence } from '../../../src/ovn/apply/fence.ts';
import { rowUuid } from '../../../src/ovn/index.ts';
import { keyOf, type KubeObject } from '../../../src/reconcile/index.ts';
import {
  externalNetwork,
  floatingIP,
  namespace,
  natRule,
  portIn,
  securityGroup,
  subnet,
  trafficPolicy,
  vpc,
  vpcPeering,
} from '../../support/controllers/manifests.ts';
import { OfflineCluster, type Manifest } from '../../support/controllers/offline-cluster.ts';
import { isolationsIn, openPorts } from '../../support/controllers/open-ports.ts';
import { randomOf, shuffled } from '../../support/operator/seeded-random.ts';
import { seedOf } from '../../support/seed.ts';
import { FakeDatabase } from '../ovn/fake-database.ts';
import { home } from '../ovn/scenario.ts';

const gateway = { externalNetworkRef: { name: 'public' } };
const target = { portRef: { name: 'p' } };
const member = (name: string) => ({ securityGroupRefs: [{ name }] });
const isolatedPorts = { portSelector: { matchLabels: { isolated: 'yes' } } };

const labelled = (name: string, isIsolated: boolean, spec: object): Manifest => {
  const port = portIn('a', name, { ...spec });
  return { ...port, metadata: { ...port.metadata, labels: isIsolated ? { isolated: 'yes' } : {} } };
};

/** Each entry lists the variants of one object. */
const variants: readonly (readonly Manifest[])[] = [
  [externalNetwork('public')],
  [
    vpc('net', { cidr: '10.1.0.0/16', defaults: 'None', externalGateway: gateway }),
    vpc('net', { cidr: '10.1.0.0/16', defaults: 'None', staticRoutes: [{ destination: 'x', nextHop: 'y' }] }),
  ],
  [vpc('other', { cidr: '10.3.0.0/16', defaults: 'None' })],
  [vpc('peer', { cidr: '10.2.0.0/16', defaults: 'None' }, 'b')],
  [
    subnet('a', { cidr: '10.1.1.0/24' }),
    subnet('a', { cidr: '10.1.1.0/24', dhcp: { domainName: 'not a name' } }),
    subnet('a', { cidr: '10.1.1.0/24', vpcRef: { name: 'net' } }),
  ],
  [subnet('b', { cidr: '10.1.2.0/24' })],
  [
    securityGroup('red', { ingress: [{ protocol: 'All', remote: { securityGroupRef: { name: 'blue' } } }] }),
    securityGroup('red', { ingress: [{ protocol: 'TCP' }] }),
  ],
  [securityGroup('blue', { egress: [{ protocol: 'All', remote: { securityGroupRef: { name: 'red' } } }] })],
  [
    trafficPolicy('isolation', { appliesTo: isolatedPorts, isolation: 'Subnet' }),
    trafficPolicy('isolation', { appliesTo: isolatedPorts, isolation: 'VPC', ingress: [] }),
  ],
  [trafficPolicy('quiet', { appliesTo: { subnetRefs: [{ name: 'a' }] }, egress: [] })],
  [
    labelled('p', true, member('red')),
    labelled('p', true, { ...member('red'), allowedAddresses: [{ cidr: 'nonsense' }] }),
    labelled('p', false, member('blue')),
  ],
  [labelled('q', true, { ...member('blue'), dhcp: { leaseSeconds: 600 } })],
  [portIn('b', 'r', member('red')), portIn('b', 'r', { ...member('red'), ipAddress: 'nonsense' })],
  [portIn('b', 'unfiltered', { trafficFiltering: 'Disabled' })],
  [floatingIP('ip', gateway)],
  [natRule('floating', { type: 'FloatingIP', floatingIPRef: { name: 'ip' }, target })],
  [natRule('port', { type: 'DNAT', protocol: 'TCP', externalPort: 80, target: { portRef: { name: 'q' } } })],
  [vpcPeering('peer', { peer: { namespace: 'b' } })],
  [vpcPeering('peer', { peer: { namespace: 'default' } }, 'b')],
];

const silent = { group: '', version: '', plural: '', namespaced: true };

/** A cluster with the real writer on a database in memory. It checks the filters after every transaction. */
class Scenario {
  readonly database = new FakeDatabase();
  readonly cluster: OfflineCluster;
  /** The first transaction that opened a Port, with the actions before it. */
  readonly failures: string[] = [];
  readonly history: string[] = [];
  readonly #random: () => number;
  #applier: Applier;
  #incarnation = 0;
  /** Whether an administrator changed rows, and the operator has not repaired them yet. */
  #isDamaged = false;
  #isolated: ReadonlyMap<string, ReadonlySet<string>> = new Map();

  private constructor(random: () => number, fence: Fence, database: FakeDatabase) {
    this.#random = random;
    this.database = database;
    this.#applier = new Applier({ cluster: 'offline', database, fence });
    this.cluster = new OfflineCluster({}, this.#applier);
    this.database.replica.subscribe(() => this.#check());
  }

  static async start(random: () => number): Promise<Scenario> {
    const database = new FakeDatabase();
    const fence = new Fence(database, 'offline');
    await fence.take(home);
    const scenario = new Scenario(random, fence, database);
    for (const name of ['default', 'b']) scenario.cluster.apply(namespace(name));
    return scenario;
  }

  /** Applies a variant of an object. A new object has a new UID. */
  apply(manifest: Manifest): void {
    const key = `${manifest.metadata.namespace === undefined ? '' : `${manifest.metadata.namespace}/`}${manifest.metadata.name}`;
    const isNew = this.cluster.get(manifest.kind, key) === undefined;
    const uid = rowUuid(`${manifest.kind}/${key}/${++this.#incarnation}`, 'test');
    this.cluster.apply(isNew ? { ...manifest, metadata: { ...manifest.metadata, uid } } : manifest);
  }

  async act(): Promise<void> {
    const dice = this.#random();
    const object = this.#pick(this.objects());
    if (dice < 0.2) {
      const manifest = this.#pick(this.#pick(variants) ?? []);
      if (manifest !== undefined)
        this.#record('apply', manifest.kind, manifest.metadata.name, () => this.apply(manifest));
    } else if (object === undefined) return;
    else if (dice < 0.24)
      this.#record('delete', object.kind, keyOf(object), () =>
        this.cluster.delete(object.kind, keyOf(object)),
      );
    else if (dice < 0.3)
      this.#record('force delete', object.kind, keyOf(object), () =>
        this.cluster.forceDelete(object.kind, keyOf(object)),
      );
    else if (dice < 0.34)
      this.#record(
        'lose status',
        object.kind,
        keyOf(object),
        () => void this.cluster.env.status.write({ ...silent, kind: object.kind }, object, {}),
      );
    else if (dice < 0.36) await this.restart();
    else if (dice < 0.38) this.#damage();
    else await this.#reconcileSome();
  }

  async restart(): Promise<void> {
    this.history.push('restart');
    await this.#applier.stop();
    const fence = new Fence(this.database, 'offline');
    await fence.take(home);
    this.#applier = new Applier({ cluster: 'offline', database: this.database, fence });
    Object.assign(this.cluster.env, { writer: this.#applier });
    await this.cluster.restart({ ignoreConflicts: true });
  }

  /** Reconciles everything until neither objects nor rows change. */
  async settle(): Promise<void> {
    for (let before = -1; before !== this.database.transactions.length;) {
      before = this.database.transactions.length;
      await this.cluster.settle((objects) => shuffled(objects, this.#random));
      await this.#applier.idle();
    }
    this.#isDamaged = false;
    this.#check();
  }

  objects(): KubeObject[] {
    return kindNames.flatMap((kind): KubeObject[] => [...this.cluster.stores[kind].values()]);
  }

  #check(): void {
    const { Port } = this.cluster.stores;
    const replica = this.database.replica;
    if (!this.#isDamaged) {
      const ports = [
        ...Port.values(),
        ...this.cluster.gone.filter(({ kind }) => kind === 'Port'),
      ] as KubeObject[];
      const filtered = new Set(
        ports.filter(({ metadata }) => metadata.name !== 'unfiltered').map(({ metadata }) => metadata.uid),
      );
      const found = openPorts(replica, { filtered, isolated: this.#stillIsolated() });
      if (found.length > 0 && this.failures.length === 0)
        this.failures.push(...found, ...this.history.slice(-25));
    }
    this.#isolated = isolationsIn(replica);
  }

  /** The isolations before the last transaction of the Ports that a policy still isolates in the same Subnet and VPC. */
  #stillIsolated(): ReadonlyMap<string, ReadonlySet<string>> {
    const policy = this.cluster.get('TrafficPolicy', 'default/isolation') as
      { spec: { isolation: string } } | undefined;
    const still = new Map<string, ReadonlySet<string>>();
    if (policy === undefined) return still;
    for (const [uid, groups] of this.#isolated) {
      const port = this.cluster.stores.Port.byUid(uid);
      if (port?.metadata.labels?.['isolated'] !== 'yes') continue;
      const kind = policy.spec.isolation === 'VPC' ? 'VPC' : 'Subnet';
      const wanted = [...groups].filter((each) => this.cluster.stores[kind].byUid(each) !== undefined);
      // A Port may leave the group of a VPC or Subnet only for the group of another one.
      if (wanted.length === 1 && [...this.cluster.stores[kind].values()].length === 1)
        still.set(uid, new Set(wanted));
    }
    return still;
  }

  async #reconcileSome(): Promise<void> {
    const all = [...this.objects(), ...this.cluster.gone];
    const some = shuffled(all, this.#random).slice(0, 1 + Math.floor(this.#random() * 4));
    this.history.push(`reconcile ${some.map((each) => `${each.kind} ${keyOf(each)}`).join(', ')}`);
    await Promise.all(some.map((each) => this.cluster.reconcile(each.kind, keyOf(each))));
  }

  /** Deletes a group, or removes an ACL or a member from a group, as an administrator by hand. */
  #damage(): void {
    const group = this.#pick([...this.database.replica.rows('Port_Group')]);
    if (group === undefined) return;
    const where = [['_uuid', '==', ['uuid', group._uuid]]];
    const column = this.#random() < 0.5 ? 'ports' : 'acls';
    const element = this.#pick([...(group[column] as ReadonlySet<string>)]);
    this.history.push(`damage ${group['name'] as string} ${column} ${String(element)}`);
    this.#isDamaged = true;
    if (element === undefined) this.database.elsewhere({ op: 'delete', table: 'Port_Group', where });
    else {
      const mutations = [[column, 'delete', ['set', [['uuid', element]]]]];
      this.database.elsewhere({ op: 'mutate', table: 'Port_Group', where, mutations });
    }
  }

  #pick<T>(items: readonly T[]): T | undefined {
    return items[Math.floor(this.#random() * items.length)];
  }

  #record(what: string, kind: string, name: string, action: () => unknown): void {
    this.history.push(`${what} ${kind} ${name}`);
    action();
  }
}

describe('the filters of Ports', () => {
  const seed = seedOf('filters', 20261130);

  it.each(Array.from({ length: 25 }, (_, index) => seed + index))(
    'exist as long as the Ports, in any order of creations, deletions, lost finalizers and statuses, and restarts (seed %d)',
    async (each) => {
      const scenario = await Scenario.start(randomOf(each));
      for (const [first] of variants) if (first !== undefined) scenario.apply(first);
      await scenario.settle();
      expect(scenario.failures).toEqual([]);
      for (let step = 0; step < 150 && scenario.failures.length === 0; step++) await scenario.act();
      expect(scenario.failures).toEqual([]);
      await scenario.settle();
      expect(scenario.failures).toEqual([]);
      for (const { kind, metadata } of scenario.objects())
        scenario.cluster.forceDelete(kind, keyOf({ metadata }));
      await scenario.settle();
      expect(scenario.failures).toEqual([]);
      expect([...scenario.cluster.env.writer.owners()]).toEqual([]);
    },
    60_000,
  );
});

describe('a filtered Port', () => {
  const simple = [
    vpc('net', { cidr: '10.1.0.0/16', defaults: 'None' }),
    subnet('a', { cidr: '10.1.1.0/24' }),
    portIn('a', 'p'),
  ];
  const started = async (...manifests: readonly Manifest[]): Promise<Scenario> => {
    const scenario = await Scenario.start(randomOf(1));
    for (const manifest of [...simple, ...manifests]) scenario.apply(manifest);
    await scenario.settle();
    return scenario;
  };
  const portRow = (scenario: Scenario) =>
    [...scenario.database.replica.rows('Logical_Switch_Port')].find(({ type }) => type === '')!;
  const isEnabled = (scenario: Scenario): boolean =>
    !(portRow(scenario)['enabled'] as Set<boolean>).has(false);
  const groups = (scenario: Scenario) =>
    [...scenario.database.replica.rows('Port_Group')].filter(({ ports }) =>
      (ports as Set<string>).has(portRow(scenario)._uuid),
    );
  const drop = (scenario: Scenario) =>
    groups(scenario).filter(({ name }) => (name as string).endsWith('_drop'));
  const conditions = (scenario: Scenario) =>
    ['Ready', 'Programmed'].map((type) =>
      scenario.cluster.condition(type, 'Port', 'default/p').replace(/:.*/, ''),
    );
  const deleteRow = (scenario: Scenario, table: string, uuid: string) =>
    scenario.database.elsewhere({ op: 'delete', table, where: [['_uuid', '==', ['uuid', uuid]]] });

  it('stays in the drop group of a VPC whose finalizer a user removed, and reports that the VPC does not exist', async () => {
    const scenario = await started();
    scenario.cluster.delete('VPC', 'default/net');
    scenario.cluster.forceDelete('VPC', 'default/net');
    await scenario.settle();
    expect([isEnabled(scenario), drop(scenario).length]).toEqual([true, 1]);
    expect(scenario.database.replica.count('Logical_Router')).toBe(0);
    expect(conditions(scenario)).toEqual(['!VPCNotFound', '!Pending']);
    await scenario.restart();
    await scenario.settle();
    expect([isEnabled(scenario), drop(scenario).length]).toEqual([true, 1]);
    expect(scenario.failures).toEqual([]);
  });

  it('moves to the drop group of a new VPC in one transaction, which ends the old group', async () => {
    const scenario = await started();
    const [before] = drop(scenario).map(({ _uuid }) => _uuid);
    scenario.cluster.forceDelete('VPC', 'default/net');
    await scenario.settle();
    scenario.apply(simple[0]!);
    await scenario.settle();
    expect(scenario.failures).toEqual([]);
    expect(drop(scenario)).toHaveLength(1);
    expect(drop(scenario)[0]?._uuid).not.toBe(before);
    expect(scenario.database.replica.get('Port_Group', before!)).toBeUndefined();
    expect(conditions(scenario)).toEqual(['Ready', 'Programmed']);
  });

  it.each(['Port_Group', 'ACL'])(
    'is disabled when its VPC does not exist and an administrator deletes a row of the drop group (%s)',
    async (table) => {
      const scenario = await started();
      scenario.cluster.forceDelete('VPC', 'default/net');
      await scenario.settle();
      const [group] = drop(scenario);
      const acls = [...(group!['acls'] as Set<string>)].map((uuid) =>
        scenario.database.replica.get('ACL', uuid)!,
      );
      if (table === 'ACL') {
        const acl = acls.find(({ direction, priority }) => direction === 'to-lport' && priority === 1000)!;
        const mutations = [['acls', 'delete', ['set', [['uuid', acl._uuid]]]]];
        scenario.database.elsewhere({
          op: 'mutate',
          table: 'Port_Group',
          where: [['_uuid', '==', ['uuid', group!._uuid]]],
          mutations,
        });
      } else deleteRow(scenario, table, group!._uuid);
      await scenario.restart();
      await scenario.settle();
      expect(isEnabled(scenario)).toBe(false);
      expect(scenario.cluster.condition('Programmed', 'Port', 'default/p')).toContain(
        'the operator disabled the Port',
      );
      scenario.apply(simple[0]!);
      await scenario.settle();
      expect([isEnabled(scenario), conditions(scenario)]).toEqual([true, ['Ready', 'Programmed']]);
    },
  );

  it('is back in its drop group in the transaction that repairs the group', async () => {
    const scenario = await started(
      ...Array.from({ length: 100 }, (_, index) => portIn('a', `port-${index}`)),
    );
    const [group] = drop(scenario);
    deleteRow(scenario, 'Port_Group', group!._uuid);
    await scenario.cluster.reconcile('VPC', 'default/net');
    expect(drop(scenario)[0]?.['ports']).toMatchObject({ size: 101 });
  });

  it('stays in the drop group of a VPC with an error, which repairs the group', async () => {
    const scenario = await started();
    scenario.apply(
      vpc('net', {
        cidr: '10.1.0.0/16',
        defaults: 'None',
        staticRoutes: [{ destination: 'x', nextHop: 'y' }],
      }),
    );
    await scenario.settle();
    expect(scenario.cluster.ready('VPC', 'default/net')).toContain('InvalidCIDR');
    deleteRow(scenario, 'Port_Group', drop(scenario)[0]!._uuid);
    await scenario.settle();
    expect([isEnabled(scenario), drop(scenario).length]).toEqual([true, 1]);
  });

  const quiet = trafficPolicy('quiet', { appliesTo: { portSelector: {} }, egress: [], isolation: 'Subnet' });

  it('with an error in its spec is restricted by a new TrafficPolicy', async () => {
    const scenario = await started();
    scenario.apply(portIn('a', 'p', { allowedAddresses: [{ cidr: 'nonsense' }] }));
    scenario.apply(quiet);
    await scenario.settle();
    expect(conditions(scenario)[0]).toBe('!InvalidCIDR');
    expect(groups(scenario)).toHaveLength(3);
  });

  it.each(['Port', 'TrafficPolicy'])(
    'with an error in its spec joins the group of a new TrafficPolicy without rules, whichever is reconciled first (%s)',
    async (first) => {
      const scenario = await started();
      scenario.apply(portIn('a', 'p', { allowedAddresses: [{ cidr: 'nonsense' }] }));
      await scenario.settle();
      scenario.apply(trafficPolicy('quiet', { appliesTo: { portSelector: {} } }));
      await scenario.cluster.reconcile(first, first === 'Port' ? 'default/p' : 'default/quiet');
      await scenario.cluster.runQueue();
      expect(groups(scenario)).toHaveLength(2);
    },
  );

  it('is not in OVN before the group of its TrafficPolicy', async () => {
    const scenario = await started(portIn('a', 'other'));
    scenario.cluster.delete('Port', 'default/p');
    scenario.cluster.delete('Port', 'default/other');
    await scenario.settle();
    scenario.apply(quiet);
    scenario.apply(portIn('a', 'p'));
    await scenario.cluster.settle((objects) => objects.filter(({ kind }) => kind === 'Port'));
    expect(portRow(scenario)).toBeUndefined();
    await scenario.settle();
    expect(groups(scenario)).toHaveLength(3);
  });

  it('stays in the group of a TrafficPolicy that lost its status', async () => {
    const scenario = await started(quiet);
    const policy = scenario.cluster.get('TrafficPolicy', 'default/quiet')!;
    void scenario.cluster.env.status.write({ ...silent, kind: 'TrafficPolicy' }, policy, {});
    await scenario.cluster.reconcile('Port', 'default/p');
    expect(groups(scenario)).toHaveLength(3);
  });
});
