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
  /** The number of hypervisors, from 1 to {@link MAX_HYPERVISORS}. */
  readonly hypervisors: number;
  /** Default: geneve. */
  readonly tunnel?: Tunnel;
}

/** The limit for one machine. Each hypervisor needs several processes. */
export const MAX_HYPERVISORS = 16;

/** Hypervisors of a development cluster, the network between them, and a simulated internet. */
export interface Lab {
  /** The data that other processes need to act on the lab, for example to create VMs. */
  readonly state: LabState;
  readonly hypervisors: readonly Hypervisor[];
  readonly internet: Internet;
  /** Stops the lab and its VMs. Idempotent. The cluster must still run. The exit of this process removes the lab too. */
  stop(): Promise<void>;
}

/**
 * Starts the hypervisors of a development cluster; resolves when OVN knows their chassis. The lab has its own network
 * namespaces and changes nothing outside of them. {@link startDevCluster} removes the namespaces of crashed labs.
 * @throws LabError LAB_UNAVAILABLE when this machine cannot run a lab
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
    await learnNeighbours(hypervisors);
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
 * Makes the hypervisors learn each other's MAC addresses. The userspace datapath drops the first tunnel packet to an
 * unknown hypervisor, so the first ping of a VM would be lost.
 */
async function learnNeighbours(hypervisors: readonly Hypervisor[]): Promise<void> {
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

/** Returns the part of the prefix that distinguishes the labs of one process: empty for the first lab. */
function nextLab(): string {
  labs += 1;
  return labs === 1 ? '' : `${labs}-`;
}
