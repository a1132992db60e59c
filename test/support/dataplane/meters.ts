import { join } from 'node:path';
import { run, type Hypervisor } from '../../../src/dev/lab/index.ts';
import { daemonEnvironment } from '../../../src/dev/ovn/daemon.ts';

/** What a meter counted since its creation. */
export interface Metered {
  readonly packets: number;
  readonly dropped: number;
}

/** Returns the counters of the meters on a hypervisor whose names contain `part`. */
export async function metersOf({ dir, controller }: Hypervisor, part: string): Promise<readonly Metered[]> {
  const names = await controller.appctl('meter-table-list');
  const ids = names
    .split('\n')
    .filter((line) => line.includes(part))
    .map((line) => line.split(': ').at(-1)?.trim() ?? '');
  const bridge = `unix:${join(dir, 'br-int.mgmt')}`;
  const stats = await run(['ovs-ofctl', '--protocols=OpenFlow15', 'meter-stats', bridge], {
    env: daemonEnvironment(dir),
  });
  return ids.map((id) => {
    const [, text = ''] = new RegExp(`meter:${id} ([^]*?)(?=meter:|$)`).exec(stats) ?? [];
    const count = (pattern: RegExp): number => Number(pattern.exec(text)?.[1] ?? 0);
    return { packets: count(/packet_in_count:(\d+)/), dropped: count(/0: packet_count:(\d+)/) };
  });
}
