import { hypervisorNamed, Namespace, run } from '../../../src/dev/lab/index.ts';
import type { TestLab } from './test-lab.ts';

/**
 * Connects a network namespace to a VLAN of the lab's physical network, through an access port of the second
 * hypervisor's bridge. The device in the namespace has the name `vlanTAG`.
 */
export async function connectToVlan(
  lab: TestLab,
  namespace: Namespace,
  tag: number,
  address: string,
): Promise<void> {
  const { namespace: name, database } = hypervisorNamed(lab.lab.state, 'hv2');
  const device = `vlan${tag}`;
  await namespace.ip(
    `link add ${device} type veth peer name ${device} netns ${name}`,
    `addr add ${address}/24 dev ${device}`,
    `link set ${device} up`,
  );
  const host = new Namespace(name);
  await host.ip(`link set ${device} up`);
  await Promise.all([namespace, host].map((end) => end.completeChecksums(device)));
  const asPort = ['add-port', 'br-ex', device, `tag=${tag}`];
  await run(['ovs-vsctl', `--db=${database}`, '--timeout=20', ...asPort]);
}
