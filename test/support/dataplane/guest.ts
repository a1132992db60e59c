import { Namespace, type CommandOptions, type Outcome, type VmState } from '../../../src/dev/lab/index.ts';
import { parsePing } from '../../../src/verify/index.ts';

/** The result of a series of pings. */
export interface Pings {
  readonly sent: number;
  readonly received: number;
  /** The time of each answer, in ms since the epoch. */
  readonly answeredAt: readonly number[];
}

/** What ping(8) prints when the packet is larger than the MTU of the interface. The rest differs between releases. */
export const TOO_LONG = /message too long/i;

/** The longest time between two consecutive answers, in ms. */
export const longestGap = (times: readonly number[]): number =>
  Math.max(...times.slice(1).map((time, index) => time - (times[index] ?? time)));

/** A VM of the lab, with operations that run inside it. */
export class Guest {
  readonly state: VmState;
  /** The address of its Port. */
  readonly address: string;
  readonly #namespace: Namespace;

  constructor(state: VmState, address: string) {
    this.state = state;
    this.address = address;
    this.#namespace = new Namespace(state.netns);
  }

  get mac(): string {
    return this.state.macAddress;
  }

  /** Runs a program; resolves with its outcome, also when it fails. */
  attempt(argv: readonly string[], options?: CommandOptions): Promise<Outcome> {
    return this.#namespace.attempt(argv, options);
  }

  /**
   * Runs a program; resolves with its output.
   * @throws CommandError when the exit code is not 0
   */
  run(...argv: readonly string[]): Promise<string> {
    return this.#namespace.run(argv);
  }

  /** Pings an address. The interval is 100 ms by default. `extra` are further options of ping(8). */
  async ping(
    address: string,
    { count = 3, intervalMs = 100, extra = [] as readonly string[] } = {},
  ): Promise<Pings> {
    const argv = [
      'ping',
      '-D',
      '-n',
      '-c',
      String(count),
      '-i',
      String(intervalMs / 1000),
      '-W',
      '1',
      ...extra,
      address,
    ];
    const { stdout, stderr } = await this.attempt(argv);
    const counts = parsePing(stdout);
    if (counts === undefined) throw new Error(`ping: ${stderr}${stdout}`);
    const answeredAt = [...stdout.matchAll(/^\[(\d+\.\d+)\] \d+ bytes from/gm)].map(
      ([, at]) => Number(at) * 1000,
    );
    return { sent: counts.sent, received: counts.received, answeredAt };
  }

  /** Whether a ping is answered. */
  async isAnsweredBy(address: string): Promise<boolean> {
    return (await this.ping(address, { count: 1 })).received > 0;
  }

  /** Throws unless a ping is answered. Use with `eventually`. */
  async reaches(address: string, extra: readonly string[] = []): Promise<void> {
    const { received } = await this.ping(address, { count: 1, extra });
    if (received === 0) throw new Error(`${this.state.name} does not reach ${address}`);
  }

  /** The number of echo requests that the VM has received so far. */
  async echoesReceived(): Promise<number> {
    const lines = (await this.run('cat', '/proc/net/snmp'))
      .split('\n')
      .filter((line) => line.startsWith('Icmp:'));
    const [names = [], values = []] = lines.map((line) => line.split(' '));
    return Number(values[names.indexOf('InEchos')]);
  }

  /** Serves HTTP on these ports until the VM is deleted. */
  async serveHttp(...ports: readonly number[]): Promise<void> {
    for (const port of ports) await this.run('busybox', 'httpd', '-p', String(port), '-h', '/proc/net');
  }

  /** Whether a TCP connection to the port succeeds. */
  async connects(address: string, port: number): Promise<boolean> {
    const { code } = await this.attempt(['busybox', 'nc', '-w', '1', address, String(port)], { input: '' });
    return code === 0;
  }

  /** The MAC address in the VM's neighbour table for an address; undefined without an entry. */
  async neighbour(address: string): Promise<string | undefined> {
    const found = JSON.parse(await this.run('ip', '-j', 'neigh', 'show', address)) as readonly {
      lladdr?: string;
    }[];
    return found[0]?.lladdr;
  }
}
