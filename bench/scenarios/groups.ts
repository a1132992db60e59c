import type { Environment } from '../environment.ts';
import { PortWatch } from '../port-watch.ts';
import type { Operator } from '../processes.ts';
import { median, type Report } from '../report.ts';
import { createPorts, operatorWorld, pathOf } from '../world.ts';
import { names } from './bulk.ts';

/** The number of members of the small group, which is compared with the large group. */
const FEW_PORTS = 100;

/** The number of measured changes, and of changes before to warm up compilers and caches. */
const changes = { timed: 40, warmUp: 10 };

/** Measures changes of one rule of a group with N Ports: from the request until the group is Programmed. */
export function sgRule(environment: Environment): Promise<Report> {
  const ingress = (index: number): unknown => [
    { protocol: 'TCP', ports: { min: 443 }, remote: { cidr: '10.0.0.0/8' } },
    { protocol: 'TCP', ports: { min: 1000 + index }, remote: { cidr: '10.0.0.0/8' } },
  ];
  return compareMemberCounts(environment, 'sg-rule', 'securitygroups', 'web', (index) => ({
    ingress: ingress(index),
  }));
}

/** Measures a Port that joins and leaves a group with N members: from the request until the Port is Programmed. */
export function sgJoin(environment: Environment): Promise<Report> {
  const groups = (index: number): unknown =>
    index % 2 === 0 ? [{ name: 'ssh' }] : [{ name: 'ssh' }, { name: 'web' }];
  return compareMemberCounts(environment, 'sg-join', 'ports', 'port-0', (index) => ({
    securityGroupRefs: groups(index),
  }));
}

/**
 * Measures changes of one object while the group has few members, and again while it has N members. The first time is
 * the floor of the second, because the cost of a change must not depend on the number of members.
 */
async function compareMemberCounts(
  environment: Environment,
  scenario: string,
  plural: string,
  name: string,
  specOf: (index: number) => unknown,
): Promise<Report> {
  const { client, options } = environment;
  const operator = await environment.startOperator();
  const watch = await PortWatch.open(client, operatorWorld);
  const target = await ProgrammedWatch.open(environment, plural, name);
  const all = names(options.ports);
  const few = Math.min(FEW_PORTS, Math.ceil(options.ports / 2));
  try {
    let index = 0;
    const round = async (count: number): Promise<readonly number[]> => {
      const times: number[] = [];
      for (let i = 0; i < count; i++) times.push(await target.change(specOf(index++)));
      return times;
    };
    await grow(environment, watch, operator, all.slice(0, few));
    await round(changes.warmUp);
    const before = median(await round(changes.timed));
    await grow(environment, watch, operator, all.slice(few));
    await round(changes.warmUp);
    await operator.idle();
    const count = await environment.countWrites();
    const after = median(await round(changes.timed));
    await operator.idle();
    const { nb, api } = await count();
    return {
      scenario,
      ports: options.ports,
      api: options.api,
      ours_ms: after,
      floor_ms: before,
      ratio: after / before,
      ...(nb && {
        nb_transactions: nb.transactions / changes.timed,
        nb_rows_written: nb.rows / changes.timed,
      }),
      api_writes: api / changes.timed,
      rss_bytes: operator.rss(),
    };
  } finally {
    target.close();
    watch.close();
    await operator.stop();
  }
}

async function grow(
  { client }: Environment,
  watch: PortWatch,
  operator: Operator,
  more: readonly string[],
): Promise<void> {
  const total = watch.ready.size + more.length;
  await createPorts(client, operatorWorld, more);
  await watch.untilReady(total);
  await operator.idle();
}

interface Programmed {
  readonly metadata: { readonly generation: number };
  readonly status?: {
    readonly conditions?: readonly {
      readonly type: string;
      readonly status: string;
      readonly observedGeneration?: number;
    }[];
  };
}

/** Changes one object, and waits until the change is Programmed. */
class ProgrammedWatch {
  readonly #environment: Environment;
  readonly #path: string;
  #stop: () => void = () => undefined;
  #newest = 0;
  #wake: () => void = () => undefined;

  private constructor(environment: Environment, plural: string, name: string) {
    this.#environment = environment;
    this.#path = pathOf(operatorWorld, plural, name);
  }

  static async open(environment: Environment, plural: string, name: string): Promise<ProgrammedWatch> {
    const watch = new ProgrammedWatch(environment, plural, name);
    const query = `watch=true&timeoutSeconds=7200&fieldSelector=metadata.name%3D${name}`;
    const onEnd = (): void => undefined;
    const onLine = (line: string): void => watch.#see(line);
    watch.#stop = await environment.client.watch(`${pathOf(operatorWorld, plural)}?${query}`, onLine, onEnd);
    return watch;
  }

  /** Changes fields of the spec; resolves with the time until the change is Programmed, in ms. */
  async change(spec: unknown): Promise<number> {
    const since = performance.now();
    const body = JSON.stringify({ spec });
    const { client } = this.#environment;
    const answer = await client.send('PATCH', this.#path, body, 'application/merge-patch+json');
    const { generation } = (JSON.parse(answer) as Programmed).metadata;
    while (this.#newest < generation) {
      const seen = new Promise<void>((resolve) => (this.#wake = resolve));
      await Promise.race([seen, this.#environment.failure]);
    }
    return performance.now() - since;
  }

  close(): void {
    this.#stop();
  }

  #see(line: string): void {
    const { object } = JSON.parse(line) as { object: Programmed };
    const programmed = object.status?.conditions?.find(({ type }) => type === 'Programmed');
    if (programmed?.status !== 'True') return;
    this.#newest = Math.max(this.#newest, programmed.observedGeneration ?? 0);
    this.#wake();
  }
}
