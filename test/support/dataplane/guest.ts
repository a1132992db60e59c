import { Namespace, type CommandOptions, type Outcome, type VmState } from '../../../src/dev/lab/index.ts';
import { parsePing } from '../../../src/verify/index.ts';

/** Answers to a series of pings. */
export interface Pings {
  readonly sent: number;
  readonly received: number;
  /** When each answer came, in ms since the epoch. */
  readonly answeredAt: readonly number[];
}

/** The longest time between two answers that follow each other, in ms. */
export const longestGap = (times: readonly number[]): number =>
  Math.max(...times.slice(1).map((time, index) => time - (times[index] ?? time)));

/** A machine of the lab, from inside. */
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

  /** Runs a program to its end, whatever that is. */
  attempt(argv: readonly string[], options?: CommandOptions): Promise<Outcome> {
    return this.#namespace.attempt(argv, options);
  }

  /** Runs a program that must end with 0; resolves with its output. */
  run(...argv: readonly string[]): Promise<string> {
    return this.#namespace.run(argv);
  }

  /** Pings ten times a second, or as often as `intervalMs` says. `extra` are further options of ping(8). */
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

  /** Throws unless a ping is answered; for `eventually`. */
  async reaches(address: string, extra: readonly string[] = []): Promise<void> {
    const { received } = await this.ping(address, { count: 1, extra });
    if (received === 0) throw new Error(`${this.state.name} does not reach ${address}`);
  }

  /** How many pings have reached it so far. */
  async echoesReceived(): Promise<number> {
    const lines = (await this.run('cat', '/proc/net/snmp'))
      .split('\n')
      .filter((line) => line.startsWith('Icmp:'));
    const [names = [], values = []] = lines.map((line) => line.split(' '));
    return Number(values[names.indexOf('InEchos')]);
  }

  /** Serves HTTP on these ports until the machine is gone. */
  async serveHttp(...ports: readonly number[]): Promise<void> {
    for (const port of ports) await this.run('busybox', 'httpd', '-p', String(port), '-h', '/proc/net');
  }

  /** What comes of an HTTP request: whether there was a connection. */
  async connects(address: string, port: number): Promise<boolean> {
    const { code } = await this.attempt(['busybox', 'nc', '-w', '1', address, String(port)], { input: '' });
    return code === 0;
  }

  /** The MAC address that it believes another to have; undefined when it knows of none. */
  async neighbour(address: string): Promise<string | undefined> {
    const found = JSON.parse(await this.run('ip', '-j', 'neigh', 'show', address)) as readonly {
      lladdr?: string;
    }[];
    return found[0]?.lladdr;
  }
}
