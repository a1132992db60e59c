import { createVm, Namespace } from '../lab/index.ts';
import type { LabAccess, VmState } from '../lab/index.ts';
import type { Io } from '../../cli/io.ts';
import type { Progress } from '../../cli/progress.ts';

/** The machines of the proof: one takes a Port of the quickstart, one brings its own. */
const machines = [
  { name: 'client', port: 'client', subnet: 'apps', hypervisor: 1 },
  { name: 'peer', port: 'peer', subnet: 'apps', hypervisor: 2 },
] as const;

/**
 * Proves the quickstart with traffic: two machines on two hypervisors get their addresses by DHCP, and one pings the
 * other. Shows what a person would have typed, and what came of it.
 * @throws LabError; CommandError when no ping comes back
 */
export async function showTraffic(
  access: LabAccess,
  progress: Progress,
  { stdout, signal }: Io,
): Promise<void> {
  stdout.write('\n');
  const [client, peer] = await progress.step('Plugging in two machines on two hypervisors', () =>
    Promise.all(
      machines.map(({ port, ...options }) =>
        createVm(access, { ...options, port: { namespace: 'default', name: port }, signal }),
      ),
    ),
  );
  if (client === undefined || peer === undefined) throw new Error('the machines were not made');
  for (const vm of [client, peer]) stdout.write(describe(vm));
  const address = peer.lease?.address ?? '';
  stdout.write(`\n$ overlay-network dev vm exec client -- ping -c 3 ${address}\n`);
  stdout.write(
    // -w: until three answers came, so that one that was lost does not end it.
    await new Namespace(client.netns).run(['ping', '-n', '-i', '0.2', '-c', '3', '-w', '10', address], {
      signal,
    }),
  );
}

function describe({ name, hypervisor, port, lease }: VmState): string {
  return `
$ overlay-network dev vm create ${name} --port ${port.name} --subnet apps --hypervisor ${hypervisor.replace('hv', '')}
${name} runs on ${hypervisor}. Told by DHCP: address ${lease?.address ?? ''}/${lease?.prefixLength ?? ''}, \
router ${lease?.routers.join(', ') ?? ''}, MTU ${lease?.mtu ?? ''}, for ${lease?.leaseSeconds ?? ''} s.
`;
}
