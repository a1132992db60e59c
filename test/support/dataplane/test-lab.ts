/** A lab with an operator, for tests that prove networks with traffic. */
import { readFileSync } from 'node:fs';
import { resources, type Kinds } from '../../../src/api/index.ts';
import { loadConfig } from '../../../src/config/config.ts';
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
import type { KubeClient } from '../../../src/reconcile/index.ts';
import { RecordingLog } from '../reconcile/recording-log.ts';
import { eventually, patienceMs } from '../eventually.ts';
import { ovnComplaints } from '../ovn-complaints.ts';
import { Guest } from './guest.ts';

/** A machine to make: the name of its Port is its own unless it says otherwise. */
export interface GuestOptions {
  readonly name: string;
  readonly port?: string;
  readonly namespace?: string;
  readonly subnet?: string;
  /** Number of the hypervisor, from 1. */
  readonly on?: number;
}

export interface TestLabOptions extends Partial<LabOptions> {
  /** Whether the metadata agent runs on each hypervisor; default: no. */
  readonly metadata?: boolean;
}

export class TestLab {
  readonly cluster: DevCluster;
  readonly lab: Lab;
  readonly log: RecordingLog;
  /** The metadata agents in the order of the hypervisors, where they were asked for. */
  readonly agents: readonly AgentProcess[];
  /** Ends all of it; may be called again. */
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
    const { hypervisors = 2, tunnel = 'geneve', metadata = false } = options;
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

  /** For the functions that act on a lab. */
  get access(): LabAccess {
    return { lab: this.lab.state, client: this.client };
  }

  /** Creates objects, or merges them into those that are there; YAML. */
  async apply(...texts: readonly string[]): Promise<void> {
    await applyManifests(this.client, texts.flatMap(readManifests));
  }

  /** Creates a project. */
  async namespace(name: string, labels: Readonly<Record<string, string>> = {}): Promise<void> {
    await applyManifests(this.client, [{ apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels } }]);
  }

  /** The object; `key` is `namespace/name`, or a name in `default`. */
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

  /** Makes a machine, plugs it in and gets its address. */
  async guest({ name, port = name, namespace = 'default', subnet, on }: GuestOptions): Promise<Guest> {
    const state = await createVm(this.access, {
      name,
      port: { namespace, name: port },
      timeoutMs: patienceMs,
      ...(subnet === undefined ? {} : { subnet }),
      ...(on === undefined ? {} : { hypervisor: on }),
    });
    const { status } = await this.get('Port', `${namespace}/${port}`);
    return new Guest(state, status?.ipAddress ?? '');
  }

  /** Makes several at once. */
  guests<const T extends readonly GuestOptions[]>(...options: T): Promise<{ [K in keyof T]: Guest }> {
    return Promise.all(options.map((each) => this.guest(each))) as Promise<{ [K in keyof T]: Guest }>;
  }

  /** Waits until `look` neither throws nor returns false. */
  eventually<T>(look: () => T | Promise<T>, timeoutMs?: number): Promise<T> {
    return eventually(look, timeoutMs === undefined ? {} : { timeoutMs });
  }

  /** What northd, the hypervisors' ovn-controllers and the operator complained about. */
  complaints(): readonly string[] {
    const files = [
      this.cluster.ovn.northd.logFile,
      ...this.lab.hypervisors.map(({ controller }) => controller.logFile),
    ];
    const ours = this.log.lines.filter(({ level }) => level === 'warn' || level === 'error');
    return [
      ...files.flatMap((file) => ovnComplaints(readFileSync(file, 'utf8'))),
      ...ours.map((line) => JSON.stringify(line)),
    ];
  }
}

function refOf(key: string): { namespace: string; name: string } {
  const [namespace, name] = key.includes('/') ? (key.split('/') as [string, string]) : ['default', key];
  return { namespace, name };
}
