import { createHash } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { attempt, run } from '../../process/command.ts';

/** The folder of iproute2's named network namespaces (ip-netns(8)). */
const NETNS_FOLDER = '/run/netns';

/** The address of the metadata service. */
export const SERVICE_ADDRESS = '169.254.169.254';

/** The interface of the service inside its namespace. */
const INNER_DEVICE = 'eth0';

const uidPattern = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/**
 * Kernel settings of a namespace (Linux: Documentation/networking/ip-sysctl). The namespace must not forward packets,
 * and must not send IPv6 packets on its own.
 */
const sysctls = {
  'net/ipv4/ip_forward': 0,
  'net/ipv6/conf/all/disable_ipv6': 1,
  'net/ipv6/conf/default/disable_ipv6': 1,
} as const;

interface LinkJson {
  readonly flags: readonly string[];
  readonly address: string;
  readonly addr_info: readonly { readonly local: string }[];
}

/** The names that belong to a network on this host. */
interface NetworkNames {
  readonly namespace: string;
  /** The device on the integration bridge; at most 15 characters (IFNAMSIZ of Linux). */
  readonly device: string;
}

/**
 * The network namespaces of the metadata services on this host. Each namespace has one interface with the MAC address
 * of the service and 169.254.169.254; all addresses are on the link. The interface neither sends nor answers ARP: OVN
 * answers ARP requests for the service, and `setNeighbours` sets the neighbours from OVN. For this reason no machine
 * can redirect the answers of another machine to itself.
 */
export class Host {
  readonly #prefix: string;

  /** `prefix`: the start of the names of the namespaces; the UID of the Subnet follows. */
  constructor(prefix: string) {
    this.#prefix = prefix;
  }

  /** Returns the names for a Subnet. */
  namesOf(subnetUid: string): NetworkNames {
    const namespace = `${this.#prefix}${subnetUid}`;
    return { namespace, device: `md${createHash('sha256').update(namespace).digest('hex').slice(0, 12)}` };
  }

  /** Returns the UIDs of the Subnets that have a namespace on this host, also from an earlier process. */
  present(): readonly string[] {
    return namespaces()
      .filter((name) => name.startsWith(this.#prefix))
      .map((name) => name.slice(this.#prefix.length))
      .filter((rest) => uidPattern.test(rest));
  }

  /** Whether the namespace is in the state that `create` produces. Neighbours and routes are not checked. */
  async isIntact(subnetUid: string, macAddress: string): Promise<boolean> {
    const { namespace, device } = this.namesOf(subnetUid);
    const [[inner], [outer]] = await Promise.all([
      json<LinkJson>(['-n', namespace, 'address', 'show', 'dev', INNER_DEVICE]),
      json<LinkJson>(['link', 'show', 'dev', device]),
    ]);
    if (inner === undefined || outer === undefined) return false;
    return (
      inner.address === macAddress &&
      inner.addr_info.some(({ local }) => local === SERVICE_ADDRESS) &&
      ['UP', 'NOARP'].every((flag) => inner.flags.includes(flag)) &&
      outer.flags.includes('UP')
    );
  }

  /**
   * Creates the namespace and replaces an existing one. The namespace cannot send packets until `allowEgress`.
   *
   * @param isUserspace whether Open vSwitch has a userspace datapath
   */
  async create(subnetUid: string, macAddress: string, isUserspace: boolean): Promise<void> {
    await this.remove(subnetUid);
    const { namespace, device } = this.namesOf(subnetUid);
    await run(['ip', 'netns', 'add', namespace]);
    const settings = Object.entries(sysctls).map(
      ([name, value]) => `[ ! -e /proc/sys/${name} ] || echo ${value} >/proc/sys/${name}`,
    );
    await run([...within(namespace), 'sh', '-ec', settings.join('\n')]);
    await run([
      ...['ip', 'link', 'add', device, 'type', 'veth'],
      ...['peer', 'name', INNER_DEVICE, 'address', macAddress, 'netns', namespace],
    ]);
    // A userspace datapath does not complete the checksums of packets that other interfaces send.
    if (isUserspace) await run([...within(namespace), 'ethtool', '-K', INNER_DEVICE, 'tx', 'off']);
    await batch(namespace, [
      `address add ${SERVICE_ADDRESS}/32 dev ${INNER_DEVICE}`,
      `link set ${INNER_DEVICE} arp off`,
      `link set ${INNER_DEVICE} up`,
    ]);
    await run(['ip', 'link', 'set', device, 'up']);
  }

  /** Sets the permanent neighbours of the namespace: MAC addresses by IP address. Removes other neighbours. */
  async setNeighbours(subnetUid: string, macs: ReadonlyMap<string, string>): Promise<void> {
    const { namespace } = this.namesOf(subnetUid);
    const known = await json<{ readonly dst: string; readonly lladdr?: string }>([
      ...['-n', namespace, 'neighbour', 'show', 'dev', INNER_DEVICE, 'nud', 'permanent'],
    ]);
    const former = new Map(known.map(({ dst, lladdr }) => [dst, lladdr]));
    await batch(namespace, [
      ...[...former.keys()]
        .filter((address) => !macs.has(address))
        .map((address) => `neighbour del ${address} dev ${INNER_DEVICE}`),
      ...[...macs]
        .filter(([address, mac]) => former.get(address) !== mac)
        .map(
          ([address, mac]) => `neighbour replace ${address} lladdr ${mac} dev ${INNER_DEVICE} nud permanent`,
        ),
    ]);
  }

  /** Prevents the namespace from sending packets, so that connection attempts wait instead of being refused. */
  async blockEgress(subnetUid: string): Promise<void> {
    await batch(this.namesOf(subnetUid).namespace, ['route replace blackhole default']);
  }

  /** Allows the namespace to send packets to its neighbours. */
  async allowEgress(subnetUid: string): Promise<void> {
    await batch(this.namesOf(subnetUid).namespace, [`route replace default dev ${INNER_DEVICE}`]);
  }

  /** Removes the namespace and its device if they exist. The caller closes the sockets in the namespace first. */
  async remove(subnetUid: string): Promise<void> {
    const { namespace, device } = this.namesOf(subnetUid);
    // The device is deleted first. The kernel would delete it after the namespace in the background, and a new device
    // with the same name would then fail.
    await attempt(['ip', 'link', 'del', device]);
    if (namespaces().includes(namespace)) await run(['ip', 'netns', 'del', namespace]);
  }
}

function namespaces(): readonly string[] {
  try {
    return readdirSync(NETNS_FOLDER);
  } catch {
    return [];
  }
}

const within = (namespace: string): readonly string[] => ['ip', 'netns', 'exec', namespace];

async function batch(namespace: string, lines: readonly string[]): Promise<void> {
  if (lines.length === 0) return;
  await run(['ip', '-n', namespace, '-batch', '-'], { input: lines.map((line) => `${line}\n`).join('') });
}

/** Returns the JSON output of ip(8), or an empty list when the command fails because the object does not exist. */
async function json<T>(args: readonly string[]): Promise<readonly T[]> {
  const { code, stdout } = await attempt(['ip', '-j', ...args]);
  return code === 0 && stdout.trim() !== '' ? (JSON.parse(stdout) as readonly T[]) : [];
}
