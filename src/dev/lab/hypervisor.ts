import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { Daemon, daemonEnvironment } from '../ovn/daemon.ts';
import { startDatabase } from '../ovn/processes.ts';
import { run } from '../../process/command.ts';
import { Namespace } from './netns.ts';
import { PHYSICAL_NETWORK, UNDERLAY_PREFIX_LENGTH, underlayAddress } from './underlay.ts';
import type { Underlay } from './underlay.ts';

/** Where packages put Open vSwitch's schema. */
const schema = '/usr/share/openvswitch/vswitch.ovsschema';

/** What carries the packets between hypervisors. */
export type Tunnel = 'geneve' | 'vxlan';

/** A hypervisor as any process can act on it. */
export interface HypervisorPlace {
  /** Name of its chassis in OVN, `hv1` and so on. */
  readonly name: string;
  /** Its network namespace. */
  readonly namespace: string;
  /** The folder with its sockets and logs. */
  readonly dir: string;
  /** Its Open vSwitch database, `unix:<path>`. */
  readonly database: string;
}

/** A running hypervisor: its own Open vSwitch and ovn-controller in a network namespace of their own. */
export interface Hypervisor extends HypervisorPlace {
  readonly controller: Daemon;
  readonly vswitchd: Daemon;
  /** Ends its processes, in an orderly way: OVN then forgets the chassis. */
  stop(): Promise<void>;
}

export interface HypervisorOptions {
  /** What names of namespaces begin with. */
  readonly prefix: string;
  /** 1, 2 and so on. */
  readonly index: number;
  /** The lab's folder. */
  readonly dir: string;
  readonly underlay: Underlay;
  readonly tunnel: Tunnel;
  /** OVN's Southbound database, `unix:<path>`. */
  readonly southbound: string;
}

/** Starts a hypervisor; resolves when its ovn-controller runs. What of it was started when that fails is stopped. */
export async function startHypervisor(options: HypervisorOptions): Promise<Hypervisor> {
  const { prefix, index, underlay } = options;
  const name = `hv${index}`;
  const dir = join(options.dir, name);
  mkdirSync(dir, { mode: 0o700 });
  const namespace = await Namespace.create(`${prefix}${name}`);
  const { within } = namespace;
  await underlay.connect(namespace, 'eth0', 'underlay');
  await underlay.connect(namespace, 'eth1', PHYSICAL_NETWORK);

  const started: Daemon[] = [];
  const stop = async (): Promise<void> => {
    for (const daemon of started.toReversed()) await daemon.stop();
  };
  const keep = <T extends Daemon>(daemon: T): T => {
    started.push(daemon);
    return daemon;
  };
  try {
    const database = keep(await startDatabase({ dir, name: 'Open_vSwitch', schema, within }));
    const vsctl = (...args: readonly string[]): Promise<string> =>
      run(['ovs-vsctl', `--db=${database.remote}`, '--timeout=20', ...args], { env: daemonEnvironment(dir) });
    await vsctl('--no-wait', 'init', '--', 'set', 'Open_vSwitch', '.', ...chassis(name, options));
    const vswitchd = keep(
      new Daemon({
        program: 'ovs-vswitchd',
        name: 'ovs-vswitchd',
        dir,
        within,
        args: [database.remote, '--disable-system'],
      }),
    );
    await vswitchd.start();
    await vsctl(
      ...bridge('br-phy'),
      ...['--', 'add-port', 'br-phy', 'eth0', '--'],
      ...bridge('br-ex'),
      ...['--', 'add-port', 'br-ex', 'eth1', '--'],
      ...bridge('br-int'),
      ...['--', 'set', 'Bridge', 'br-int', 'fail-mode=secure'],
    );
    // The address is on a bridge of the userspace datapath, or its tunnels would not find their way out.
    await namespace.ip(
      `addr add ${underlayAddress(index)}/${UNDERLAY_PREFIX_LENGTH} dev br-phy`,
      'link set br-phy up',
    );
    const controller = keep(
      new Daemon({
        program: 'ovn-controller',
        name: 'ovn-controller',
        dir,
        within,
        args: [database.remote],
        control: 'default',
      }),
    );
    await controller.start();
    return { name, namespace: namespace.name, dir, database: database.remote, controller, vswitchd, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** What ovn-controller reads to register its chassis (ovn-controller(8), "Configuration"). */
function chassis(name: string, { index, tunnel, southbound }: HypervisorOptions): string[] {
  return Object.entries({
    'system-id': name,
    hostname: name,
    'ovn-remote': southbound,
    'ovn-encap-type': tunnel,
    'ovn-encap-ip': underlayAddress(index),
    'ovn-bridge-datapath-type': 'netdev',
    'ovn-bridge-mappings': `${PHYSICAL_NETWORK}:br-ex`,
    // Routers of VPCs are on every host: what they send to the physical network has the host's own MAC address there.
    'ovn-chassis-mac-mappings': `${PHYSICAL_NETWORK}:02:00:00:00:01:${index.toString(16).padStart(2, '0')}`,
    'ovn-cms-options': 'enable-chassis-as-gw',
  }).map(([key, value]) => `external_ids:${key}="${value}"`);
}

/** A bridge of the userspace datapath, which needs no kernel module. */
function bridge(name: string): string[] {
  return ['add-br', name, '--', 'set', 'Bridge', name, 'datapath_type=netdev'];
}
