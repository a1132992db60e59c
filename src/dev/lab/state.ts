import { readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { isAlive } from '../owner.ts';
import type { Owner } from '../owner.ts';
import { LabError } from './errors.ts';
import type { HypervisorPlace, Tunnel } from './hypervisor.ts';
import type { Lease } from './lease.ts';

/** The data that a process needs to act on a running lab. It is stored in `lab.json` in the lab's folder. */
export interface LabState {
  /** The process that runs the lab. */
  readonly owner: Owner;
  /** The folder of the development cluster. */
  readonly dir: string;
  readonly kubeconfig: string;
  /** The prefix of the names of its network namespaces. */
  readonly prefix: string;
  readonly tunnel: Tunnel;
  readonly hypervisors: readonly HypervisorPlace[];
}

/** A VM of the lab. Each VM has its own state file, so that several processes can create VMs at the same time. */
export interface VmState {
  readonly name: string;
  /** Name of its network namespace. */
  readonly netns: string;
  /** Name of its hypervisor. */
  readonly hypervisor: string;
  /** Name of its device on the hypervisor. */
  readonly device: string;
  readonly port: { readonly namespace: string; readonly name: string };
  /** Whether the Port was created for the VM. Such a Port is deleted with the VM. */
  readonly madePort: boolean;
  readonly interfaceID: string;
  readonly macAddress: string;
  /** Its DHCP lease; undefined when its Subnet has no DHCP. */
  readonly lease?: Lease;
}

const STATE_FILE = 'lab.json';
const vmFolder = (dir: string): string => join(dir, 'vms');
const vmFile = (dir: string, name: string): string => join(vmFolder(dir), `${name}.json`);

/** Writes the state file, so that other processes can find the lab. */
export function writeLabState(state: LabState): void {
  writeAtomically(join(state.dir, STATE_FILE), state);
}

/**
 * Finds the lab to act on: the lab in `dir`; or else the lab of `kubeconfig`; or else the only running lab.
 * @throws LabError NO_LAB when no such lab runs, or when several labs run and none is named
 */
export function findLab(
  options: { readonly dir?: string; readonly kubeconfig?: string; readonly parent?: string } = {},
): LabState {
  const { dir, kubeconfig, parent = tmpdir() } = options;
  if (dir !== undefined) {
    const lab = running(dir);
    if (lab === undefined)
      throw new LabError(
        'NO_LAB',
        `No lab is running in ${dir}. Name the folder of a running lab with --dir.`,
      );
    return lab;
  }
  const named = kubeconfig === undefined ? undefined : running(dirname(kubeconfig));
  if (named !== undefined) return named;
  const labs = readdirSync(parent).flatMap((name) =>
    name.startsWith('overlay-network-dev-') ? (running(join(parent, name)) ?? []) : [],
  );
  const [only, ...others] = labs;
  if (only === undefined)
    throw new LabError(
      'NO_LAB',
      'No lab is running. Start a lab with `npm run dev -- --hypervisors 2`, or name its folder with --dir.',
    );
  if (others.length > 0)
    throw new LabError(
      'NO_LAB',
      `Several labs are running. Select one with --dir: ${labs.map((lab) => lab.dir).join(', ')}.`,
    );
  return only;
}

function running(dir: string): LabState | undefined {
  const state = readJson(join(dir, STATE_FILE)) as LabState | undefined;
  return state !== undefined && isAlive(state.owner) ? state : undefined;
}

/** The VMs of a lab, sorted by name. */
export function listVms({ dir }: Pick<LabState, 'dir'>): readonly VmState[] {
  return readdirSync(vmFolder(dir))
    .filter((file) => file.endsWith('.json'))
    .sort()
    .flatMap((file) => (readJson(join(vmFolder(dir), file)) as VmState | undefined) ?? []);
}

/**
 * Reads the state of a VM.
 * @throws LabError NO_SUCH_VM
 */
export function readVm(lab: Pick<LabState, 'dir'>, name: string): VmState {
  const vms = listVms(lab);
  const vm = vms.find((each) => each.name === name);
  if (vm !== undefined) return vm;
  const names = vms.map((each) => each.name);
  throw new LabError(
    'NO_SUCH_VM',
    `The lab has no VM ${JSON.stringify(name)}. ` +
      (names.length === 0 ? 'It has no VMs.' : `It has ${names.join(', ')}.`),
  );
}

/** Writes the state of a VM. */
export function writeVm({ dir }: Pick<LabState, 'dir'>, vm: VmState): void {
  writeAtomically(vmFile(dir, vm.name), vm);
}

/** Removes the state of a VM. */
export function removeVm({ dir }: Pick<LabState, 'dir'>, name: string): void {
  for (const file of [vmFile(dir, name), join(vmFolder(dir), `${name}.lease`)]) rmSync(file, { force: true });
}

/** Replaces a file in one step: a reader sees the old or the new content, never a part. */
function writeAtomically(file: string, value: unknown): void {
  const fresh = `${file}.${process.pid}.new`;
  writeFileSync(fresh, JSON.stringify(value, undefined, 2), { mode: 0o600 });
  renameSync(fresh, file);
}

function readJson(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as unknown;
  } catch {
    return undefined;
  }
}
