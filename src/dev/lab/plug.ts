import { join } from 'node:path';
import { daemonEnvironment } from '../ovn/daemon.ts';
import { run } from '../../process/command.ts';
import type { HypervisorPlace } from './hypervisor.ts';

/** A device to connect to a Port. */
interface Plug {
  /** Name of the device on the hypervisor, at most 15 characters. */
  readonly device: string;
  /** The Port's `status.interfaceID`. */
  readonly interfaceID: string;
  /** The Port's `status.macAddress`. */
  readonly mac: string;
  /** Name of the VM, recorded on the interface for people who debug. */
  readonly vm: string;
}

/** The name of a Port's device. The name is the same on every hypervisor. */
export const deviceName = (interfaceID: string): string => `tap${interfaceID.slice(0, 11)}`;

/**
 * Plugs a device into the integration bridge, as a VM manager does (Open vSwitch's IntegrationGuide). The interface's
 * `iface-id` names the logical port, and ovn-controller binds it.
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

/** Removes a device from the integration bridge. Ignores a device that is not in the bridge. */
export async function unplug(hypervisor: HypervisorPlace, device: string): Promise<void> {
  await vsctl(hypervisor, '--if-exists', 'del-port', 'br-int', device);
}

/**
 * Resolves when ovn-controller has installed the flows of a plugged device.
 * @throws CommandError after `timeoutSeconds`
 */
export async function waitUntilInstalled(
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
 * Sends a frame (in hexadecimal) into the integration bridge as if the VM behind the device had sent it. A hypervisor
 * sends such frames on behalf of a VM, for example when QEMU announces a VM after a migration.
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
