import { readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { isAlive } from '../owner.ts';
import type { Owner } from '../owner.ts';
import { LabError } from './errors.ts';
import type { HypervisorPlace, Tunnel } from './hypervisor.ts';
import type { Lease } from './lease.ts';

/** What any process needs to know of a running lab to act on it; kept in `lab.json` in its folder. */
export interface LabState {
  /** The process that runs it. */
  readonly owner: Owner;
  /** The folder, which is the development cluster's. */
  readonly dir: string;
  readonly kubeconfig: string;
  /** What the names of its network namespaces begin with. */
  readonly prefix: string;
  readonly tunnel: Tunnel;
  readonly hypervisors: readonly HypervisorPlace[];
}

/** A machine of the lab; each has a file of its own, so that many can be made at once. */
export interface VmState {
  readonly name: string;
  /** Its network namespace. */
  readonly netns: string;
  /** Where it runs. */
  readonly hypervisor: string;
  /** Its device on the hypervisor. */
  readonly device: string;
  readonly port: { readonly namespace: string; readonly name: string };
  /** Whether the Port was made with the machine, and goes with it. */
  readonly madePort: boolean;
  readonly interfaceID: string;
  readonly macAddress: string;
  /** What it was told by DHCP; unset where its Subnet has none. */
  readonly lease?: Lease;
}

const stateFile = 'lab.json';
const vmFolder = (dir: string): string => join(dir, 'vms');
const vmFile = (dir: string, name: string): string => join(vmFolder(dir), `${name}.json`);

/** Makes a lab known to other processes. */
export function writeLabState(state: LabState): void {
  writeWhole(join(state.dir, stateFile), state);
}

/**
 * Finds the lab to act on: the one in `dir`; else the one whose kubeconfig is in use; else the only one that runs.
 * @throws LabError NO_LAB
 */
export function findLab(
  options: { readonly dir?: string; readonly kubeconfig?: string; readonly parent?: string } = {},
): LabState {
  const { dir, kubeconfig, parent = tmpdir() } = options;
  if (dir !== undefined) {
    const lab = running(dir);
    if (lab === undefined) throw new LabError('NO_LAB', `No lab runs in ${dir}.`);
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
      'No lab runs: start one with `overlay-network dev --hypervisors 2`, or say where it is with --dir.',
    );
  if (others.length > 0)
    throw new LabError(
      'NO_LAB',
      `Several labs run: say which with --dir (${labs.map((lab) => lab.dir).join(', ')}).`,
    );
  return only;
}

function running(dir: string): LabState | undefined {
  const state = readWhole(join(dir, stateFile)) as LabState | undefined;
  return state !== undefined && isAlive(state.owner) ? state : undefined;
}

/** The machines of a lab, by name. */
export function listVms({ dir }: Pick<LabState, 'dir'>): readonly VmState[] {
  return readdirSync(vmFolder(dir))
    .filter((file) => file.endsWith('.json'))
    .sort()
    .flatMap((file) => (readWhole(join(vmFolder(dir), file)) as VmState | undefined) ?? []);
}

/** @throws LabError NO_SUCH_VM */
export function readVm(lab: Pick<LabState, 'dir'>, name: string): VmState {
  const vm = listVms(lab).find((one) => one.name === name);
  if (vm !== undefined) return vm;
  const names = listVms(lab).map((one) => one.name);
  throw new LabError(
    'NO_SUCH_VM',
    `There is no VM ${JSON.stringify(name)}; there ${names.length === 0 ? 'are none' : `are ${names.join(', ')}`}.`,
  );
}

/** Notes a machine, in place of what was noted of it. */
export function writeVm({ dir }: Pick<LabState, 'dir'>, vm: VmState): void {
  writeWhole(vmFile(dir, vm.name), vm);
}

/** Forgets a machine. */
export function removeVm({ dir }: Pick<LabState, 'dir'>, name: string): void {
  for (const file of [vmFile(dir, name), join(vmFolder(dir), `${name}.lease`)]) rmSync(file, { force: true });
}

/** In one step for readers: they see all of it or nothing. */
function writeWhole(file: string, value: unknown): void {
  const fresh = `${file}.${process.pid}.new`;
  writeFileSync(fresh, JSON.stringify(value, undefined, 2), { mode: 0o600 });
  renameSync(fresh, file);
}

function readWhole(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as unknown;
  } catch {
    return undefined;
  }
}
