import { resources } from '../../api/index.ts';
import type { Port } from '../../api/index.ts';
import type { KubeClient } from '../../reconcile/index.ts';
import { CommandError } from '../../process/command.ts';
import { obtainLease } from './dhcp.ts';
import { LabError } from './errors.ts';
import type { HypervisorPlace } from './hypervisor.ts';
import { cable } from './machine.ts';
import { Namespace, namespacesOf, removeNamespaces } from './netns.ts';
import { deviceName, plug, unplug } from './plug.ts';
import { releasePort, takePort, untilBound, untilReady } from './ports.ts';
import type { PortRef } from './ports.ts';
import { listVms, readVm, removeVm, writeVm } from './state.ts';
import type { LabState, VmState } from './state.ts';

/** A running lab, and a client of its API server. */
export interface LabAccess {
  readonly lab: LabState;
  readonly client: KubeClient;
}

export interface VmOptions {
  /** Lower case letters, digits and dashes. */
  readonly name: string;
  /** The Port to plug into; it is made when there is none. */
  readonly port: PortRef;
  /** Subnet of a Port that is to be made; unset: `default`. */
  readonly subnet?: string;
  /** Number of the hypervisor, from 1; unset: where the Port is to be, else the one with the fewest machines. */
  readonly hypervisor?: number;
  readonly signal?: AbortSignal;
  /** How long to wait until the Port is Ready, and then until it is Bound, in ms; default 60 000. */
  readonly timeoutMs?: number;
}

/** The hypervisor with that number. @throws LabError NO_SUCH_HYPERVISOR */
export function hypervisorOf(lab: LabState, number: number): HypervisorPlace {
  const found = lab.hypervisors[number - 1];
  if (found === undefined)
    throw new LabError(
      'NO_SUCH_HYPERVISOR',
      `There is no hypervisor ${number}: the lab has ${lab.hypervisors.length}, counted from 1.`,
    );
  return found;
}

/** The hypervisor with that name. @throws LabError NO_SUCH_HYPERVISOR */
export function hypervisorNamed(lab: LabState, name: string): HypervisorPlace {
  const found = lab.hypervisors.find((each) => each.name === name);
  if (found === undefined) throw new LabError('NO_SUCH_HYPERVISOR', `There is no hypervisor ${name}.`);
  return found;
}

/**
 * Makes a machine (a network namespace with one interface) and plugs it in as a VM manager does: takes or makes the
 * Port, waits until it is Ready, plugs a device with its `interfaceID` and MAC, waits until OVN has it up; then the
 * machine asks for its address by DHCP, where its Subnet has DHCP. Nothing is left of one that fails.
 * @throws LabError
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
    await cable(namespace, hypervisor, { device, mac: macAddress });
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

/** Unplugs a machine and removes it, with its Port if that was made for it. @throws LabError NO_SUCH_VM */
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
      `${JSON.stringify(name)} is no name for a VM: use up to 40 lower case letters, digits and dashes.`,
    );
  if (listVms(lab).some((vm) => vm.name === name)) throw exists(name);
}

const exists = (name: string): LabError =>
  new LabError('VM_EXISTS', `There is a VM ${name} already: take another name, or delete that one.`);

/** Its namespace is what makes a machine the only one of its name, whoever else makes one at the same time. */
async function claimNamespace(netns: string, name: string): Promise<Namespace> {
  try {
    return await Namespace.create(netns);
  } catch (error) {
    if (error instanceof CommandError && namespacesOf(netns).includes(netns)) throw exists(name);
    throw error;
  }
}

async function chooseHypervisor(
  { lab, client }: LabAccess,
  { port: ref, hypervisor }: VmOptions,
): Promise<HypervisorPlace> {
  if (hypervisor !== undefined) return hypervisorOf(lab, hypervisor);
  const { items } = await client.list<Port>(resources.Port, {
    namespace: ref.namespace,
    fieldSelector: `metadata.name=${ref.name}`,
  });
  const host = items[0]?.spec.attachment?.host;
  if (host !== undefined) return hypervisorNamed(lab, host);
  const vms = listVms(lab);
  const load = ({ name }: HypervisorPlace): number => vms.filter((vm) => vm.hypervisor === name).length;
  return [...lab.hypervisors].sort((a, b) => load(a) - load(b))[0] ?? hypervisorOf(lab, 1);
}

/** What an administrator sets in a machine that no DHCP server tells. */
async function configure(namespace: Namespace, { status = {} }: Port): Promise<void> {
  await namespace.ip(
    `link set eth0 mtu ${status.mtu ?? 1500}`,
    `addr add ${status.ipAddress ?? ''}/${status.prefixLength ?? 32} dev eth0`,
    ...(status.gatewayIP === undefined ? [] : [`route add default via ${status.gatewayIP}`]),
  );
}
