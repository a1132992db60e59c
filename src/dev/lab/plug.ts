import { join } from 'node:path';
import { daemonEnvironment } from '../ovn/daemon.ts';
import { run } from '../../process/command.ts';
import type { HypervisorPlace } from './hypervisor.ts';

/** A device that is to become a Port. */
export interface Plug {
  /** Name of the device in the hypervisor, at most 15 characters. */
  readonly device: string;
  /** The Port's `status.interfaceID`. */
  readonly interfaceID: string;
  /** The Port's `status.macAddress`. */
  readonly mac: string;
  /** The machine, for those who look. */
  readonly vm: string;
}

/** The name that a Port's device has on every hypervisor. */
export const deviceName = (interfaceID: string): string => `tap${interfaceID.slice(0, 11)}`;

/**
 * Plugs a device into the integration bridge as a VM manager does (Open vSwitch's IntegrationGuide): the interface
 * says which logical port it is, and ovn-controller does the rest.
 */
export async function plug(hypervisor: HypervisorPlace, device: Plug): Promise<void> {
  await vsctl(
    hypervisor,
    ...['--may-exist', 'add-port', 'br-int', device.device],
    ...['--', 'set', 'Interface', device.device],
    `external_ids:iface-id=${quoted(device.interfaceID)}`,
    `external_ids:attached-mac=${quoted(device.mac)}`,
    `external_ids:vm-id=${quoted(device.vm)}`,
    'external_ids:iface-status=active',
  );
}

/** Takes a device out of the integration bridge; one that is not in it is no error. */
export async function unplug(hypervisor: HypervisorPlace, device: string): Promise<void> {
  await vsctl(hypervisor, '--if-exists', 'del-port', 'br-int', device);
}

/** Resolves when ovn-controller has installed the flows of a plugged device. @throws CommandError after `timeoutSeconds` */
export async function installed(
  hypervisor: HypervisorPlace,
  device: string,
  timeoutSeconds = 20,
): Promise<void> {
  await run(
    [
      'ovs-vsctl',
      `--db=${hypervisor.database}`,
      `--timeout=${timeoutSeconds}`,
      ...['wait-until', 'Interface', device, 'external_ids:ovn-installed="true"'],
    ],
    { env: daemonEnvironment(hypervisor.dir) },
  );
}

/**
 * Hands a frame (hexadecimal) to the integration bridge as if the machine behind the device had sent it. It is what a
 * hypervisor itself sends on behalf of a machine, as QEMU announces one that has arrived.
 */
export async function inject(hypervisor: HypervisorPlace, device: string, frame: string): Promise<void> {
  const port = (await vsctl(hypervisor, 'get', 'Interface', device, 'ofport')).trim();
  const bridge = `unix:${join(hypervisor.dir, 'br-int.mgmt')}`;
  await run(
    [
      'ovs-ofctl',
      '--protocols=OpenFlow15',
      'packet-out',
      bridge,
      `in_port=${port} packet=${frame} actions=TABLE`,
    ],
    { env: daemonEnvironment(hypervisor.dir) },
  );
}

function vsctl(hypervisor: HypervisorPlace, ...args: readonly string[]): Promise<string> {
  return run(['ovs-vsctl', `--db=${hypervisor.database}`, '--timeout=20', ...args], {
    env: daemonEnvironment(hypervisor.dir),
  });
}

const quoted = (text: string): string => JSON.stringify(text);
