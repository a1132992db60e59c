import { createHash } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { attempt, run } from '../../process/command.ts';

/** Where iproute2 keeps named network namespaces (ip-netns(8)). */
const FOLDER = '/run/netns';

/** Where machines look for the metadata service. */
export const SERVICE_ADDRESS = '169.254.169.254';

/** The service's interface inside its namespace. */
const INNER = 'eth0';

const SUBNET_UID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/**
 * Settings of a namespace (Linux: Documentation/networking/ip-sysctl). It passes nothing on, and says nothing by
 * itself.
 */
const SYSCTLS = {
  'net/ipv4/ip_forward': 0,
  'net/ipv6/conf/all/disable_ipv6': 1,
  'net/ipv6/conf/default/disable_ipv6': 1,
} as const;

interface LinkJson {
  readonly flags: readonly string[];
  readonly address: string;
  readonly addr_info: readonly { readonly local: string }[];
}

/** A network's namespace on this host: its name, and the device that leads to it. */
export interface Place {
  readonly namespace: string;
  /** On the integration bridge; at most 15 characters. */
  readonly device: string;
}

/**
 * The network namespaces of metadata services on this host. In each is one interface with the service's MAC address and
 * 169.254.169.254, from which all is on the link. It neither asks nor answers by ARP: OVN answers for it, and it knows
 * its neighbours from OVN alone (`setNeighbours`), so that no machine can have another's answers sent to itself.
 */
export class Host {
  readonly #prefix: string;

  /** `prefix`: what the namespaces' names begin with, behind it the Subnet's UID. */
  constructor(prefix: string) {
    this.#prefix = prefix;
  }

  place(subnetUID: string): Place {
    const namespace = `${this.#prefix}${subnetUID}`;
    return { namespace, device: `md${createHash('sha256').update(namespace).digest('hex').slice(0, 12)}` };
  }

  /** UIDs of the Subnets that have a namespace here, whoever made it. */
  present(): readonly string[] {
    return namespaces()
      .filter((name) => name.startsWith(this.#prefix))
      .map((name) => name.slice(this.#prefix.length))
      .filter((rest) => SUBNET_UID.test(rest));
  }

  /** Whether the namespace is as `create` leaves it; neighbours and whether it speaks are not looked at. */
  async isIntact(subnetUID: string, macAddress: string): Promise<boolean> {
    const { namespace, device } = this.place(subnetUID);
    const [[inner], [outer]] = await Promise.all([
      json<LinkJson>(['-n', namespace, 'address', 'show', 'dev', INNER]),
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

  /** Makes the namespace, silent, in place of what there may be of it. `isUserspace` as Open vSwitch says. */
  async create(subnetUID: string, macAddress: string, isUserspace: boolean): Promise<void> {
    await this.remove(subnetUID);
    const { namespace, device } = this.place(subnetUID);
    await run(['ip', 'netns', 'add', namespace]);
    const settings = Object.entries(SYSCTLS).map(
      ([name, value]) => `[ ! -e /proc/sys/${name} ] || echo ${value} >/proc/sys/${name}`,
    );
    await run([...within(namespace), 'sh', '-ec', settings.join('\n')]);
    await run([
      ...['ip', 'link', 'add', device, 'type', 'veth'],
      ...['peer', 'name', INNER, 'address', macAddress, 'netns', namespace],
    ]);
    // Userspace datapaths complete no checksums for others.
    if (isUserspace) await run([...within(namespace), 'ethtool', '-K', INNER, 'tx', 'off']);
    await batch(namespace, [
      `address add ${SERVICE_ADDRESS}/32 dev ${INNER}`,
      `link set ${INNER} arp off`,
      `link set ${INNER} up`,
    ]);
    await run(['ip', 'link', 'set', device, 'up']);
  }

  /** Has the namespace know these neighbours, by address, and no others. */
  async setNeighbours(subnetUID: string, macs: ReadonlyMap<string, string>): Promise<void> {
    const { namespace } = this.place(subnetUID);
    const known = await json<{ readonly dst: string; readonly lladdr?: string }>([
      ...['-n', namespace, 'neighbour', 'show', 'dev', INNER, 'nud', 'permanent'],
    ]);
    const former = new Map(known.map(({ dst, lladdr }) => [dst, lladdr]));
    await batch(namespace, [
      ...[...former.keys()]
        .filter((address) => !macs.has(address))
        .map((address) => `neighbour del ${address} dev ${INNER}`),
      ...[...macs]
        .filter(([address, mac]) => former.get(address) !== mac)
        .map(([address, mac]) => `neighbour replace ${address} lladdr ${mac} dev ${INNER} nud permanent`),
    ]);
  }

  /** Has nothing leave the namespace: who connects is kept waiting, and is not refused. */
  async silence(subnetUID: string): Promise<void> {
    await batch(this.place(subnetUID).namespace, ['route replace blackhole default']);
  }

  /** Has the namespace answer its neighbours. */
  async speak(subnetUID: string): Promise<void> {
    await batch(this.place(subnetUID).namespace, [`route replace default dev ${INNER}`]);
  }

  /** Removes the namespace and its device; what is gone is no error. Sockets in it must be closed before. */
  async remove(subnetUID: string): Promise<void> {
    const { namespace, device } = this.place(subnetUID);
    // First, since with the namespace it would go in the background, and stand in the way of the next one.
    await attempt(['ip', 'link', 'del', device]);
    if (namespaces().includes(namespace)) await run(['ip', 'netns', 'del', namespace]);
  }
}

function namespaces(): readonly string[] {
  try {
    return readdirSync(FOLDER);
  } catch {
    return [];
  }
}

const within = (namespace: string): readonly string[] => ['ip', 'netns', 'exec', namespace];

async function batch(namespace: string, lines: readonly string[]): Promise<void> {
  if (lines.length === 0) return;
  await run(['ip', '-n', namespace, '-batch', '-'], { input: lines.map((line) => `${line}\n`).join('') });
}

/** What ip(8) shows; nothing when there is no such thing. */
async function json<T>(args: readonly string[]): Promise<readonly T[]> {
  const { code, stdout } = await attempt(['ip', '-j', ...args]);
  return code === 0 && stdout.trim() !== '' ? (JSON.parse(stdout) as readonly T[]) : [];
}
