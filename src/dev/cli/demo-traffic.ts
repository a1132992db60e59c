import { createVm, Namespace } from '../lab/index.ts';
import type { LabAccess, VmState } from '../lab/index.ts';
import type { Io } from '../../cli/io.ts';
import type { Progress } from '../../cli/progress.ts';

/** The VMs of the proof: `client` uses a Port of the quickstart; the Port of `peer` is created with the VM. */
const machines = [
  { name: 'client', port: 'client', subnet: 'apps', hypervisor: 1 },
  { name: 'peer', port: 'peer', subnet: 'apps', hypervisor: 2 },
] as const;

/**
 * Proves the quickstart with traffic: two VMs on two hypervisors get their addresses by DHCP, and the first VM pings
 * the second. Prints the equivalent commands and their output.
 * @throws LabError when a VM cannot be created
 * @throws CommandError when no ping is answered
 */
export async function showTraffic(
  access: LabAccess,
  progress: Progress,
  { stdout, signal }: Io,
): Promise<void> {
  stdout.write('\n');
  const [client, peer] = await progress.step('Creating two VMs on two hypervisors', () =>
    Promise.all(
      machines.map(({ port, ...options }) =>
        createVm(access, { ...options, port: { namespace: 'default', name: port }, signal }),
      ),
    ),
  );
  if (client === undefined || peer === undefined) throw new Error('the VMs were not created');
  for (const vm of [client, peer]) stdout.write(describe(vm));
  const address = peer.lease?.address ?? '';
  stdout.write(`\n$ overlay-network dev vm exec client -- ping -c 3 ${address}\n`);
  stdout.write(
    // With -w, ping runs until it has three answers, so that a single lost packet does not fail the demo.
    await new Namespace(client.netns).run(['ping', '-n', '-i', '0.2', '-c', '3', '-w', '10', address], {
      signal,
    }),
  );
}

function describe({ name, hypervisor, port, lease }: VmState): string {
  return `
$ overlay-network dev vm create ${name} --port ${port.name} --subnet apps --hypervisor ${hypervisor.replace('hv', '')}
${name} runs on ${hypervisor}. DHCP lease: address ${lease?.address ?? ''}/${lease?.prefixLength ?? ''}, \
router ${lease?.routers.join(', ') ?? ''}, MTU ${lease?.mtu ?? ''}, valid for ${lease?.leaseSeconds ?? ''} s.
`;
}
