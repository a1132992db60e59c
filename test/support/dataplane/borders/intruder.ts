/** A machine that is plugged in with the identity of a Port, whatever the operator says about the Port. */
import type { Port } from '../../../../src/api/index.ts';
import { connectVeth, hypervisorNamed, Namespace, plug } from '../../../../src/dev/lab/index.ts';
import { arp, ethernet, ipv4, udp } from '../frames.ts';
import type { TestLab } from '../test-lab.ts';
import { Station } from './station.ts';

const BROADCAST = 'ff:ff:ff:ff:ff:ff';

let devices = 0;

/** Plugs in a machine for a Port with `spec.macAddress`; resolves with its station when it captures. */
export async function intrude(lab: TestLab, { metadata, spec }: Port, hypervisor: string): Promise<Station> {
  const name = `intruder-${++devices}`;
  const mac = spec.macAddress ?? '';
  const machine = await Namespace.create(`${lab.lab.state.prefix}${name}`);
  const place = hypervisorNamed(lab.lab.state, hypervisor);
  const device = `tapintruder${devices}`;
  await connectVeth(machine, place, { device, mac });
  await machine.ip('link set eth0 up', `addr add ${spec.ipAddress ?? ''}/24 dev eth0`);
  await plug(place, { device, interfaceID: metadata.uid, mac, vm: name });
  return Station.start(machine, { name, dir: lab.cluster.dir });
}

/** Claims addresses as an attacker does: with ARP requests and replies to all machines, and with a datagram. */
export async function claim(station: Station, addresses: readonly string[]): Promise<void> {
  const { mac } = station;
  const frames = addresses.flatMap((ip) => {
    const own = { mac, ip };
    const datagram = ipv4(ip, '198.51.100.10', 17, udp(4000, 4001, Buffer.from('mine')));
    return [
      ethernet(BROADCAST, mac, 0x0806, arp(1, own, { mac: '00:00:00:00:00:00', ip })),
      ethernet(BROADCAST, mac, 0x0806, arp(2, own, { mac: BROADCAST, ip })),
      ethernet(BROADCAST, mac, 0x0800, datagram),
    ];
  });
  await station.send([...frames, ...frames, ...frames]);
}
