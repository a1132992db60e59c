import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { DevCluster } from '../cluster.ts';
import { thisProcess } from '../owner.ts';
import { writeDhcpScript } from './dhcp.ts';
import { LabError } from './errors.ts';
import { startHypervisor } from './hypervisor.ts';
import type { Hypervisor, Tunnel } from './hypervisor.ts';
import { createInternet } from './internet.ts';
import type { Internet } from './internet.ts';
import { Namespace, namespacesOf, removeNamespaces } from './netns.ts';
import { prefixOf } from './prefix.ts';
import { labProblem } from './requirements.ts';
import { writeLabState } from './state.ts';
import type { LabState } from './state.ts';
import { createUnderlay, underlayAddress } from './underlay.ts';

export interface LabOptions {
  /** How many hypervisors, 1 to {@link MOST_HYPERVISORS}. */
  readonly hypervisors: number;
  /** Default: geneve. */
  readonly tunnel?: Tunnel;
}

/** Each has a handful of processes; more than this is no use on one machine. */
export const MOST_HYPERVISORS = 16;

/** Hypervisors for a development cluster, a network between them, and a world outside. */
export interface Lab {
  /** What other processes need to act on it; machines are made with it. */
  readonly state: LabState;
  readonly hypervisors: readonly Hypervisor[];
  readonly internet: Internet;
  /** Ends all of it, machines too; may be called again. Happens at exit as well. The cluster must still run. */
  stop(): Promise<void>;
}

/**
 * Starts the hypervisors of a development cluster; resolves when OVN knows their chassis. All that it makes is in
 * network namespaces of its own (what labs that crashed left behind was removed when the cluster started).
 * @throws LabError LAB_UNAVAILABLE
 */
export async function startLab(cluster: DevCluster, options: LabOptions): Promise<Lab> {
  const { hypervisors: count, tunnel = 'geneve' } = options;
  const problem = labProblem();
  if (problem !== undefined) throw new LabError('LAB_UNAVAILABLE', problem);
  const owner = thisProcess();
  const prefix = `${prefixOf(owner)}${nextLab()}`;
  const removeAll = (): void => removeNamespaces(namespacesOf(prefix));
  process.once('exit', removeAll);

  const { dir, kubeconfig, ovn } = cluster;
  const hypervisors: Hypervisor[] = [];
  let stopping: Promise<void> | undefined;
  const stop = (): Promise<void> =>
    (stopping ??= (async () => {
      rmSync(join(dir, 'lab.json'), { force: true });
      await Promise.all(hypervisors.map((hypervisor) => hypervisor.stop()));
      removeAll();
      process.off('exit', removeAll);
    })());
  try {
    const underlay = await createUnderlay(prefix);
    const [internet] = await Promise.all([
      createInternet(prefix, underlay),
      ...Array.from({ length: count }, async (_, index) => {
        const place = { prefix, index: index + 1, dir, underlay, tunnel, southbound: ovn.southbound.remote };
        hypervisors[index] = await startHypervisor(place);
      }),
    ]);
    for (const { name } of hypervisors) await ovn.sbctl('wait-until', 'Chassis', name, `name=${name}`);
    await acquaint(hypervisors);
    mkdirSync(join(dir, 'vms'), { mode: 0o700 });
    writeDhcpScript(dir);
    const places = hypervisors.map(({ name, namespace, dir: folder, database }) => ({
      name,
      namespace,
      dir: folder,
      database,
    }));
    const state: LabState = { owner, dir, kubeconfig, prefix, tunnel, hypervisors: places };
    writeLabState(state);
    return { state, hypervisors, internet, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/**
 * Has the hypervisors learn each other's MAC addresses. The userspace datapath drops a tunnel's first packet to one
 * that it does not know, and a machine's first ping would be lost.
 */
async function acquaint(hypervisors: readonly Hypervisor[]): Promise<void> {
  await Promise.all(
    hypervisors.map(async ({ namespace }, index) => {
      for (const other of hypervisors.keys())
        if (other !== index)
          await new Namespace(namespace).run([
            'ping',
            '-n',
            '-c',
            '1',
            '-w',
            '10',
            underlayAddress(other + 1),
          ]);
    }),
  );
}

let labs = 0;

/** Tells the labs of one process apart; the first, which is the only one a person has, needs nothing. */
function nextLab(): string {
  labs += 1;
  return labs === 1 ? '' : `${labs}-`;
}
