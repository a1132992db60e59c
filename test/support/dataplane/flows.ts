import { join } from 'node:path';
import { run, type Hypervisor } from '../../../src/dev/lab/index.ts';
import { daemonEnvironment } from '../../../src/dev/ovn/daemon.ts';

/** Returns the number of OpenFlow flows in the integration bridge of a hypervisor. */
export async function flowCountOf({ dir }: Hypervisor): Promise<number> {
  const bridge = `unix:${join(dir, 'br-int.mgmt')}`;
  const flows = await run(['ovs-ofctl', '--protocols=OpenFlow15', '--no-stats', 'dump-flows', bridge], {
    env: daemonEnvironment(dir),
  });
  return flows.split('\n').filter((line) => line.includes('actions=')).length;
}
