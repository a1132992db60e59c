import { Host } from './host.ts';
import { OpenVSwitch, type OpenVSwitchOptions } from './open-vswitch.ts';

/** How long Open vSwitch's database is waited for, in ms. */
const TIMEOUT_MS = 10_000;

/**
 * Removes what an agent has left on this host: its devices on the integration bridge, and its namespaces. The agent must
 * not be running, or it makes them again. Resolves with the UIDs of the Subnets whose namespaces were removed; rejects
 * when Open vSwitch cannot be reached.
 */
export async function removeAll(options: OpenVSwitchOptions): Promise<readonly string[]> {
  const vswitch = new OpenVSwitch(options);
  const host = new Host(options.mark);
  try {
    await vswitch.start({ timeoutMs: TIMEOUT_MS });
    for (const device of vswitch.plugged().keys()) await vswitch.unplug(device);
    const removed = host.present();
    for (const subnetUID of removed) await host.remove(subnetUID);
    return removed;
  } finally {
    await vswitch.stop();
  }
}
