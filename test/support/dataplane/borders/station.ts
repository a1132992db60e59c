/**
 * A machine that sends frames unchanged, records the test packets that arrive at its interface, and echoes datagrams.
 * Uses perl, which every Debian has, and packet sockets (packet(7)).
 */
import { openSync, readFileSync, readSync } from 'node:fs';
import ipaddr from 'ipaddr.js';
import type { Namespace } from '../../../../src/dev/lab/index.ts';
import { eventually } from '../../eventually.ts';
import { FORWARDED_PORT } from './tenants.ts';

/** Each station echoes the datagrams to this port, and to {@link FORWARDED_PORT}. */
export const ECHO_PORT = 7;

/** A test packet that arrived at a station. */
export interface Arrival {
  /** The number in the packet's payload, which identifies the packet. */
  readonly id: number;
  readonly from: string;
  readonly to: string;
  /** The UDP port of the sender. */
  readonly fromPort: number;
  /** Whether the packet is the answer of an echo service. */
  readonly isAnswer: boolean;
}

/** The payload that identifies a packet. */
export const payloadOf = (id: number): Buffer => Buffer.from(`border:${String(id).padStart(8, '0')};`);

/** Opens a packet socket for all protocols on the interface in the first argument. */
const socket = `open F, "/sys/class/net/$ARGV[0]/ifindex" or die; $index = <F> + 0;
socket S, 17, 3, 0x0300 or die; $to = pack "S n i S C C a8", 17, 3, $index, 0, 0, 6, "";`;

/**
 * Prints each test packet that arrives, and echoes datagrams. Ignores frames that the machine itself sends
 * (PACKET_OUTGOING, 4). The large receive buffer (SO_RCVBUFFORCE, 33) holds a whole batch.
 */
const receiver = `$| = 1; use IO::Select; use IO::Socket::INET;
${socket} setsockopt S, 1, 33, pack "i", 8000000; bind S, $to or die;
@echo = map { IO::Socket::INET->new(Proto => "udp", LocalPort => $_) or die } (${ECHO_PORT}, ${FORWARDED_PORT});
$ready = IO::Select->new(\\*S, @echo); print "ready\\n";
while (1) { for $one ($ready->can_read) {
  if (ref $one ne "GLOB") { $from = recv $one, $data, 9000, 0; send $one, $data, 0, $from if defined $from; next }
  $from = recv S, $frame, 2000, 0; next if !defined $from || (unpack "S n i S C", $from)[4] == 4;
  print unpack("H*", $frame), "\\n" if $frame =~ /border:\\d{8};/;
} }`;

const sender = `${socket} while (<STDIN>) { chomp; send S, (pack "H*", $_), 0, $to or die "$!" }`;

export class Station {
  readonly name: string;
  readonly mac: string;
  readonly #namespace: Namespace;
  readonly #device: string;
  /** The descriptor of the file with captured frames. */
  readonly #file: number;
  readonly #arrivals: Arrival[] = [];
  /** The part of the last line that is already in the file. */
  #rest = '';

  private constructor(namespace: Namespace, name: string, device: string, mac: string, file: number) {
    this.#namespace = namespace;
    this.name = name;
    this.#device = device;
    this.mac = mac;
    this.#file = file;
  }

  /** Starts to capture on a device; resolves when the capture is active. `dir` is a folder for the captured frames. */
  static async start(
    namespace: Namespace,
    { name, device = 'eth0', dir }: { name: string; device?: string; dir: string },
  ): Promise<Station> {
    const file = `${dir}/arrivals-${name.replace('/', '-')}`;
    const mac = (await namespace.run(['cat', `/sys/class/net/${device}/address`])).trim();
    const argv = ['sh', '-c', 'perl -e "$1" "$2" >"$3" 2>&1 </dev/null &', 'sh', receiver, device, file];
    await namespace.run(argv);
    await eventually(() => readFileSync(file, 'utf8').startsWith('ready\n'));
    return new Station(namespace, name, device, mac, openSync(file, 'r'));
  }

  /** Sends frames in this order. */
  async send(frames: readonly Buffer[]): Promise<void> {
    if (frames.length === 0) return;
    const input = frames.map((frame) => `${frame.toString('hex')}\n`).join('');
    await this.#namespace.run(['perl', '-e', sender, this.#device], { input });
  }

  /** The test packets that have arrived so far. */
  arrivals(): readonly Arrival[] {
    const buffer = Buffer.alloc(65_536);
    for (let size = -1; size !== 0;) {
      size = readSync(this.#file, buffer);
      const lines = (this.#rest + buffer.toString('latin1', 0, size)).split('\n');
      this.#rest = lines.pop() ?? '';
      this.#arrivals.push(...lines.flatMap(parse));
    }
    return this.#arrivals;
  }
}

/**
 * Parses the frame in a line. The payload of a packet counts in every frame, because no frame may carry it elsewhere.
 * Only ICMP errors do not count: they quote packets that someone else sent.
 */
function parse(line: string): readonly Arrival[] {
  const frame = Buffer.from(line, 'hex');
  const [, id] = /border:(\d{8});/.exec(frame.toString('latin1')) ?? [];
  if (id === undefined) return [];
  const type = frame.readUInt16BE(12);
  const protocol = frame[23] ?? 0;
  if (type === 0x0800 && protocol === 1) return [];
  if (type !== 0x0800 || protocol !== 17)
    return [
      {
        id: Number(id),
        from: `type ${type.toString(16)}`,
        to: `protocol ${protocol}`,
        fromPort: 0,
        isAnswer: false,
      },
    ];
  const address = (at: number): string => ipaddr.fromByteArray([...frame.subarray(at, at + 4)]).toString();
  return [
    {
      id: Number(id),
      from: address(26),
      to: address(30),
      fromPort: frame.readUInt16BE(34),
      isAnswer: ![ECHO_PORT, FORWARDED_PORT].includes(frame.readUInt16BE(36)),
    },
  ];
}
