import { Host } from './host.ts';
import { OpenVSwitch, type OpenVSwitchOptions } from './open-vswitch.ts';

/** Timeout for the connection to the Open vSwitch database, in ms. */
const TIMEOUT_MS = 10_000;

/**
 * Removes the agent's devices on the integration bridge and its network namespaces. Stop the agent first, because a
 * running agent creates them again. Resolves with the UIDs of the Subnets of the removed namespaces. Rejects when
 * Open vSwitch is not reachable.
 */
export async function removeAll(options: OpenVSwitchOptions): Promise<readonly string[]> {
  const vswitch = new OpenVSwitch(options);
  const host = new Host(options.mark);
  try {
    await vswitch.start({ timeoutMs: TIMEOUT_MS });
    for (const device of vswitch.plugged().keys()) await vswitch.unplug(device);
    const removed = host.present();
    for (const subnetUid of removed) await host.remove(subnetUid);
    return removed;
  } finally {
    await vswitch.stop();
  }
}
