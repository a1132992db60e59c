import { resources } from '../../api/index.ts';
import type { Port } from '../../api/index.ts';
import { isNotFound } from '../../reconcile/index.ts';
import type { KubeClient } from '../../reconcile/index.ts';
import { CommandError } from '../../process/command.ts';
import { obtainLease } from './dhcp.ts';
import { LabError } from './errors.ts';
import type { HypervisorPlace } from './hypervisor.ts';
import { connectVeth } from './machine.ts';
import { Namespace, namespacesOf, removeNamespaces } from './netns.ts';
import { deviceName, plug, unplug } from './plug.ts';
import { releasePort, takePort, untilBound, untilReady } from './ports.ts';
import type { PortRef } from './ports.ts';
import { listVms, readVm, removeVm, writeVm } from './state.ts';
import type { LabState, VmState } from './state.ts';

/** A running lab and a client of its API server. */
export interface LabAccess {
  readonly lab: LabState;
  readonly client: KubeClient;
}

export interface VmOptions {
  /** Up to 40 lower case letters, digits and dashes. */
  readonly name: string;
  /** The Port of the VM. It is created when it does not exist. */
  readonly port: PortRef;
  /** Subnet of a new Port. Default: the Subnet `default`. */
  readonly subnet?: string;
  /** Number of the hypervisor, from 1. Default: the host that the Port names, or else the host with the fewest VMs. */
  readonly hypervisor?: number;
  readonly signal?: AbortSignal;
  /** Time limit of each wait (first for Ready, then for Bound), in milliseconds. Default: 60 000. */
  readonly timeoutMs?: number;
}

/**
 * Returns the hypervisor with a number.
 * @throws LabError NO_SUCH_HYPERVISOR
 */
export function hypervisorOf(lab: LabState, number: number): HypervisorPlace {
  const found = lab.hypervisors[number - 1];
  if (found === undefined)
    throw new LabError(
      'NO_SUCH_HYPERVISOR',
      `The lab has no hypervisor ${number}. It has ${lab.hypervisors.length}, numbered from 1.`,
    );
  return found;
}

/**
 * Returns the hypervisor with a name.
 * @throws LabError NO_SUCH_HYPERVISOR
 */
export function hypervisorNamed(lab: LabState, name: string): HypervisorPlace {
  const found = lab.hypervisors.find((each) => each.name === name);
  if (found === undefined)
    throw new LabError(
      'NO_SUCH_HYPERVISOR',
      `The lab has no hypervisor ${name}. It has ${lab.hypervisors.map((each) => each.name).join(', ')}.`,
    );
  return found;
}

/**
 * Creates a VM (a network namespace with one interface) and connects it as a VM manager does:
 * 1. Attaches the VM to its Port, or creates the Port, and waits until the Port is Ready.
 * 2. Plugs a device with the Port's `interfaceID` and MAC address, and waits until the Port is Bound.
 * 3. Gets an address by DHCP, or configures the Port's address statically when the Subnet has no DHCP.
 *
 * When a step fails, everything that was created is removed.
 * @throws LabError when the name, the Port or the hypervisor is invalid, or when a step fails
 */
export async function createVm({ lab, client }: LabAccess, options: VmOptions): Promise<VmState> {
  const { name, port: ref, subnet, signal, timeoutMs } = options;
  const wait = {
    ...(signal === undefined ? {} : { signal }),
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
  };
  checkName(lab, name);
  const hypervisor = await chooseHypervisor({ lab, client }, options);
  const netns = `${lab.prefix}vm-${name}`;
  const namespace = await claimNamespace(netns, name);
  const undo: (() => Promise<void> | void)[] = [() => removeNamespaces([netns]), () => removeVm(lab, name)];
  try {
    const { made } = await takePort(client, ref, subnet, { vmID: name, host: hypervisor.name });
    undo.push(() => releasePort(client, ref, made));
    const { metadata, status: { interfaceID = '', macAddress = '' } = {} } = await untilReady(
      client,
      ref,
      wait,
    );
    const device = deviceName(interfaceID);
    await connectVeth(namespace, hypervisor, { device, mac: macAddress });
    await namespace.ip('link set eth0 up');
    undo.push(() => unplug(hypervisor, device));
    await plug(hypervisor, { device, interfaceID, mac: macAddress, vm: name });
    const port = await untilBound(client, ref, hypervisor.name, wait);
    const lease = port.status?.dhcp === 'Disabled' ? undefined : await obtainLease(lab.dir, name, namespace);
    if (lease === undefined) await configure(namespace, port);
    const vm: VmState = {
      name,
      netns,
      hypervisor: hypervisor.name,
      device,
      port: { namespace: metadata.namespace ?? ref.namespace, name: ref.name },
      madePort: made,
      interfaceID,
      macAddress,
      ...(lease === undefined ? {} : { lease }),
    };
    writeVm(lab, vm);
    return vm;
  } catch (error) {
    for (const step of undo.toReversed()) await step();
    throw error;
  }
}

/**
 * Unplugs a VM and removes it. Also deletes its Port when the Port was created for the VM.
 * @throws LabError NO_SUCH_VM
 */
export async function deleteVm({ lab, client }: LabAccess, name: string): Promise<void> {
  const vm = readVm(lab, name);
  await unplug(hypervisorNamed(lab, vm.hypervisor), vm.device);
  removeNamespaces([vm.netns]);
  await releasePort(client, vm.port, vm.madePort);
  removeVm(lab, name);
}

function checkName(lab: LabState, name: string): void {
  if (!/^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$/.test(name))
    throw new LabError(
      'NO_SUCH_VM',
      `${JSON.stringify(name)} is not a valid name for a VM. Use up to 40 lower case letters, digits and dashes; ` +
        'the first and the last character must be a letter or a digit.',
    );
  if (listVms(lab).some((vm) => vm.name === name)) throw vmExists(name);
}

const vmExists = (name: string): LabError =>
  new LabError('VM_EXISTS', `The VM ${name} already exists. Use another name, or delete that VM.`);

/** Creates the namespace of a VM. Its name is unique, so two processes cannot create the same VM at the same time. */
async function claimNamespace(netns: string, name: string): Promise<Namespace> {
  try {
    return await Namespace.create(netns);
  } catch (error) {
    if (error instanceof CommandError && namespacesOf(netns).includes(netns)) throw vmExists(name);
    throw error;
  }
}

async function chooseHypervisor(
  { lab, client }: LabAccess,
  { port: ref, hypervisor }: VmOptions,
): Promise<HypervisorPlace> {
  if (hypervisor !== undefined) return hypervisorOf(lab, hypervisor);
  const host = await hostOf(client, ref);
  if (host !== undefined) return hypervisorNamed(lab, host);
  const vms = listVms(lab);
  const load = ({ name }: HypervisorPlace): number => vms.filter((vm) => vm.hypervisor === name).length;
  return [...lab.hypervisors].sort((a, b) => load(a) - load(b))[0] ?? hypervisorOf(lab, 1);
}

/** The host in the Port's `spec.attachment`; undefined without one, or when the Port does not exist. */
async function hostOf(client: KubeClient, ref: PortRef): Promise<string | undefined> {
  try {
    return (await client.get<Port>(resources.Port, ref)).spec.attachment?.host;
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

/** Configures MTU, address and default route statically, as an administrator does in a network without DHCP. */
async function configure(namespace: Namespace, { status = {} }: Port): Promise<void> {
  await namespace.ip(
    `link set eth0 mtu ${status.mtu ?? 1500}`,
    `addr add ${status.ipAddress ?? ''}/${status.prefixLength ?? 32} dev eth0`,
    ...(status.gatewayIP === undefined ? [] : [`route add default via ${status.gatewayIP}`]),
  );
}
