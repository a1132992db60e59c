/** A lab with an operator, for tests that send traffic. */
import { readFileSync } from 'node:fs';
import { resources, type Kinds } from '../../../src/api/index.ts';
import { loadConfig } from '../../../src/config/index.ts';
import { startDevCluster, type DevCluster } from '../../../src/dev/cluster.ts';
import {
  createVm,
  startLab,
  startMetadataAgents,
  type AgentProcess,
  type Lab,
  type LabAccess,
  type LabOptions,
} from '../../../src/dev/lab/index.ts';
import { applyManifests, readManifests } from '../../../src/dev/manifests.ts';
import { startOperator } from '../../../src/operator/operator.ts';
import { isNotFound, type KubeClient } from '../../../src/reconcile/index.ts';
import { RecordingLog } from '../reconcile/recording-log.ts';
import { eventually, WAIT_TIMEOUT_MS } from '../eventually.ts';
import { ovnWarnings } from '../ovn-warnings.ts';
import { Guest } from './guest.ts';

/** Options of a new VM. */
interface GuestOptions {
  readonly name: string;
  /** Name of the Port; default: the name of the VM. */
  readonly port?: string;
  readonly namespace?: string;
  readonly subnet?: string;
  /** Number of the hypervisor, from 1. */
  readonly on?: number;
}

export interface TestLabOptions extends Partial<LabOptions> {
  /** Whether the metadata agent runs on each hypervisor; default: no. */
  readonly metadata?: boolean;
  /** Further options of the operator's command line, without dashes. */
  readonly flags?: Readonly<Record<string, unknown>>;
}

export class TestLab {
  readonly cluster: DevCluster;
  readonly lab: Lab;
  readonly log: RecordingLog;
  /** The metadata agents in the order of the hypervisors; empty without `metadata`. */
  readonly agents: readonly AgentProcess[];
  /** Stops everything. Idempotent. */
  readonly stop: () => Promise<void>;

  private constructor(parts: Pick<TestLab, 'cluster' | 'lab' | 'log' | 'agents' | 'stop'>) {
    this.cluster = parts.cluster;
    this.lab = parts.lab;
    this.log = parts.log;
    this.agents = parts.agents;
    this.stop = parts.stop;
  }

  /** Starts a development cluster, hypervisors (default: two, with Geneve) and the operator. */
  static async start(options: TestLabOptions = {}): Promise<TestLab> {
    const { hypervisors = 2, tunnel = 'geneve', metadata = false, flags = {} } = options;
    const cluster = await startDevCluster();
    const stops = [() => cluster.stop()];
    const stop = async (): Promise<void> => {
      for (const each of stops.splice(0).toReversed()) await each();
    };
    try {
      const lab = await startLab(cluster, { hypervisors, tunnel });
      stops.push(() => lab.stop());
      const metadataAgents = metadata ? await startMetadataAgents(lab, cluster) : undefined;
      if (metadataAgents !== undefined) stops.push(() => metadataAgents.stop());
      const config = loadConfig({
        flags: {
          kubeconfig: cluster.kubeconfig,
          'ovn-nb-endpoint': cluster.ovn.northbound.remote,
          'ovn-sb-endpoint': cluster.ovn.southbound.remote,
          'underlay-tunnel': tunnel,
          'leader-election-enabled': false,
          'listen-addr': '0',
          ...flags,
        },
      });
      const log = new RecordingLog();
      const operator = await startOperator(config, log);
      stops.push(() => operator.stop());
      await operator.ready;
      return new TestLab({ cluster, lab, log, agents: metadataAgents?.processes ?? [], stop });
    } catch (error) {
      await stop();
      throw error;
    }
  }

  get client(): KubeClient {
    return this.cluster.client;
  }

  /** The argument of functions that act on a lab. */
  get access(): LabAccess {
    return { lab: this.lab.state, client: this.client };
  }

  /** Creates objects from YAML, or merges them into existing objects. */
  async apply(...texts: readonly string[]): Promise<void> {
    await applyManifests(this.client, texts.flatMap(readManifests));
  }

  /** Creates a project. */
  async namespace(name: string, labels: Readonly<Record<string, string>> = {}): Promise<void> {
    await applyManifests(this.client, [{ apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels } }]);
  }

  /** Gets an object. `key` is `namespace/name`, or a name in the namespace `default`. */
  get<K extends keyof Kinds>(kind: K, key: string): Promise<Kinds[K]> {
    return this.client.get<Kinds[K]>(resources[kind], refOf(key));
  }

  /** Merges a patch into an object (RFC 7386). */
  async edit(kind: keyof Kinds, key: string, patch: object): Promise<void> {
    await this.client.patchMerge(resources[kind], refOf(key), patch);
  }

  async delete(kind: keyof Kinds, key: string): Promise<void> {
    await this.client.delete(resources[kind], refOf(key));
  }

  /** Creates a VM with its Port and its address. */
  async guest({ name, port = name, namespace = 'default', subnet, on }: GuestOptions): Promise<Guest> {
    const state = await createVm(this.access, {
      name,
      port: { namespace, name: port },
      timeoutMs: WAIT_TIMEOUT_MS,
      ...(subnet === undefined ? {} : { subnet }),
      ...(on === undefined ? {} : { hypervisor: on }),
    });
    const { status } = await this.get('Port', `${namespace}/${port}`);
    return new Guest(state, status?.ipAddress ?? '');
  }

  /** Creates several VMs at the same time. */
  guests<const T extends readonly GuestOptions[]>(...options: T): Promise<{ [K in keyof T]: Guest }> {
    return Promise.all(options.map((each) => this.guest(each))) as Promise<{ [K in keyof T]: Guest }>;
  }

  /** Waits until `check` neither throws nor returns false. */
  eventually<T>(check: () => T | Promise<T>, timeoutMs?: number): Promise<T> {
    return eventually(check, timeoutMs === undefined ? {} : { timeoutMs });
  }

  /**
   * Waits until traffic does not pass any more. One lost packet proves nothing on a busy machine, so four attempts must
   * fail.
   */
  stops(passes: () => Promise<boolean>): Promise<void> {
    return this.eventually(async () => {
      const attempts = [await passes(), ...(await Promise.all([passes(), passes(), passes()]))];
      if (attempts.includes(true)) throw new Error(`still passes: ${passes.toString()}`);
    });
  }

  /** Waits until an object does not exist. */
  async gone(kind: keyof Kinds, key: string): Promise<void> {
    await this.eventually(async () => {
      const error: unknown = await this.get(kind, key).then(
        () => new Error(`${kind} ${key} still exists`),
        (reason: unknown) => reason,
      );
      if (!isNotFound(error)) throw error;
    });
  }

  /** The warnings and errors of ovn-northd, the hypervisors' ovn-controllers and the operator. */
  warnings(): readonly string[] {
    const files = [
      this.cluster.ovn.northd.logFile,
      ...this.lab.hypervisors.map(({ controller }) => controller.logFile),
    ];
    const ofOperator = this.log.lines.filter(({ level }) => level === 'warn' || level === 'error');
    return [
      ...files.flatMap((file) => ovnWarnings(readFileSync(file, 'utf8'))),
      ...ofOperator.map((line) => JSON.stringify(line)),
    ];
  }
}

function refOf(key: string): { namespace: string; name: string } {
  const [namespace, name] = key.includes('/') ? (key.split('/') as [string, string]) : ['default', key];
  return { namespace, name };
}
