import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { Daemon, daemonEnvironment } from '../ovn/daemon.ts';
import { startDatabase } from '../ovn/processes.ts';
import { run } from '../../process/command.ts';
import { Namespace } from './netns.ts';
import { PHYSICAL_NETWORK, UNDERLAY_PREFIX_LENGTH, underlayAddress } from './underlay.ts';
import type { Underlay } from './underlay.ts';

/** The file where distribution packages install Open vSwitch's schema. */
const SCHEMA_FILE = '/usr/share/openvswitch/vswitch.ovsschema';

/** The tunnel protocol between hypervisors. */
export type Tunnel = 'geneve' | 'vxlan';

/** The names and paths of a hypervisor. Any process can use them to act on it. */
export interface HypervisorPlace {
  /** Name of its chassis in OVN: `hv1`, `hv2`, ... */
  readonly name: string;
  /** Its network namespace. */
  readonly namespace: string;
  /** The folder that contains its sockets and logs. */
  readonly dir: string;
  /** The remote of its Open vSwitch database, `unix:<path>`. */
  readonly database: string;
}

/** A running hypervisor: Open vSwitch and ovn-controller in a network namespace. */
export interface Hypervisor extends HypervisorPlace {
  readonly controller: Daemon;
  readonly vswitchd: Daemon;
  /** Stops its processes with SIGTERM, so that ovn-controller removes its chassis from OVN. */
  stop(): Promise<void>;
}

interface HypervisorOptions {
  /** The prefix of the names of the lab's namespaces. */
  readonly prefix: string;
  /** The number of the hypervisor, from 1. */
  readonly index: number;
  /** The lab's folder. */
  readonly dir: string;
  readonly underlay: Underlay;
  readonly tunnel: Tunnel;
  /** The remote of OVN's Southbound database, `unix:<path>`. */
  readonly southbound: string;
}

/** Starts a hypervisor; resolves when its ovn-controller runs. When the start fails, all its processes are stopped. */
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
    const database = keep(await startDatabase({ dir, name: 'Open_vSwitch', schema: SCHEMA_FILE, within }));
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
    // The userspace datapath sends tunnel packets only through its own bridges, so a bridge needs the address.
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

/** The settings that ovn-controller reads to register its chassis (ovn-controller(8), "Configuration"). */
function chassis(name: string, { index, tunnel, southbound }: HypervisorOptions): string[] {
  return Object.entries({
    'system-id': name,
    hostname: name,
    'ovn-remote': southbound,
    'ovn-encap-type': tunnel,
    'ovn-encap-ip': underlayAddress(index),
    'ovn-bridge-datapath-type': 'netdev',
    'ovn-bridge-mappings': `${PHYSICAL_NETWORK}:br-ex`,
    // The router of a VPC exists on every host. Each host sends its packets to the physical network with a MAC of its own.
    'ovn-chassis-mac-mappings': `${PHYSICAL_NETWORK}:02:00:00:00:01:${index.toString(16).padStart(2, '0')}`,
    'ovn-cms-options': 'enable-chassis-as-gw',
  }).map(([key, value]) => `external_ids:${key}="${value}"`);
}

/** Arguments of ovs-vsctl that create a bridge of the userspace datapath. This datapath needs no kernel module. */
function bridge(name: string): string[] {
  return ['add-br', name, '--', 'set', 'Bridge', name, 'datapath_type=netdev'];
}
