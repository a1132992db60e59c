/**
 * Builds Ethernet frames, sends them from a VM without its network stack, and captures them at another VM. Uses perl,
 * which every Debian has, and packet sockets (packet(7)).
 */
import { readFileSync } from 'node:fs';
import ipaddr from 'ipaddr.js';
import { eventually } from '../eventually.ts';
import type { Guest } from './guest.ts';

const macBytes = (mac: string): Buffer => Buffer.from(mac.replaceAll(':', ''), 'hex');
const ipBytes = (ip: string): Buffer => Buffer.from(ipaddr.parse(ip).toByteArray());

const u8 = (...values: readonly number[]): Buffer => Buffer.from(values);
const u16 = (...values: readonly number[]): Buffer =>
  Buffer.from(values.flatMap((value) => [value >> 8, value & 255]));

/** The Internet checksum (RFC 1071). */
function checksum(bytes: Buffer): number {
  const padded = bytes.length % 2 === 0 ? bytes : Buffer.concat([bytes, u8(0)]);
  let sum = 0;
  for (let at = 0; at < padded.length; at += 2) sum += padded.readUInt16BE(at);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >> 16);
  return ~sum & 0xffff;
}

/** An Ethernet II frame, padded to the minimum length. */
export function ethernet(to: string, from: string, type: number, payload: Buffer): Buffer {
  const frame = Buffer.concat([macBytes(to), macBytes(from), u16(type), payload]);
  return frame.length >= 60 ? frame : Buffer.concat([frame, Buffer.alloc(60 - frame.length)]);
}

export function ipv4(from: string, to: string, protocol: number, payload: Buffer, timeToLive = 64): Buffer {
  const header = Buffer.concat([
    u8(0x45, 0),
    u16(20 + payload.length, 0, 0),
    u8(timeToLive, protocol),
    u16(0),
    ipBytes(from),
    ipBytes(to),
  ]);
  header.writeUInt16BE(checksum(header), 10);
  return Buffer.concat([header, payload]);
}

/** A fragment (RFC 791) of a datagram: bytes `from` to `to` (exclusive) of the payload of an IPv4 packet. */
export function fragment(packet: Buffer, id: number, from: number, to = packet.length - 20): Buffer {
  const header = Buffer.from(packet.subarray(0, 20));
  const hasMore = to < packet.length - 20;
  header.writeUInt16BE(20 + to - from, 2);
  header.writeUInt16BE(id, 4);
  header.writeUInt16BE((hasMore ? 0x2000 : 0) | (from / 8), 6);
  header.writeUInt16BE(0, 10);
  header.writeUInt16BE(checksum(header), 10);
  return Buffer.concat([header, packet.subarray(20 + from, 20 + to)]);
}

/** A UDP datagram without a checksum. UDP over IPv4 allows that (RFC 768). */
export function udp(from: number, to: number, payload: Buffer): Buffer {
  return Buffer.concat([u16(from, to, 8 + payload.length, 0), payload]);
}

/** A TCP segment (RFC 9293) with SYN and ACK, as a server answers a connection. */
export function synAck(from: string, to: string, fromPort: number, toPort: number): Buffer {
  const segment = Buffer.concat([u16(fromPort, toPort), u16(0, 1, 0, 1), u8(0x50, 0x12), u16(1000, 0, 0)]);
  const pseudo = Buffer.concat([ipBytes(from), ipBytes(to), u16(6, segment.length)]);
  segment.writeUInt16BE(checksum(Buffer.concat([pseudo, segment])), 16);
  return segment;
}

/** An ICMP message with an identifier, which distinguishes it from other messages. */
export function icmp(type: number, code: number, id: number): Buffer {
  const message = Buffer.concat([u8(type, code), u16(0, id, 1), Buffer.alloc(12)]);
  message.writeUInt16BE(checksum(message), 2);
  return message;
}

/** An ARP packet (RFC 826). Operation 1 is a request, 2 is a reply. */
export function arp(
  operation: 1 | 2,
  sender: { readonly mac: string; readonly ip: string },
  target: { readonly mac: string; readonly ip: string },
): Buffer {
  return Buffer.concat([
    u16(1, 0x0800),
    u8(6, 4),
    u16(operation),
    macBytes(sender.mac),
    ipBytes(sender.ip),
    macBytes(target.mac),
    ipBytes(target.ip),
  ]);
}

export function ipv6(from: string, to: string, protocol: number, payload: Buffer, hopLimit = 64): Buffer {
  return Buffer.concat([
    u8(0x60, 0, 0, 0),
    u16(payload.length),
    u8(protocol, hopLimit),
    ipBytes(from),
    ipBytes(to),
    payload,
  ]);
}

/** A neighbour discovery message over IPv6. Its hop limit is 255, which proves that it comes from the same link. */
function icmpv6(from: string, to: string, message: Buffer): Buffer {
  const pseudo = Buffer.concat([ipBytes(from), ipBytes(to), u16(0, message.length, 0), u8(0, 58), message]);
  message.writeUInt16BE(checksum(pseudo), 2);
  return ipv6(from, to, 58, message, 255);
}

/** A router advertisement (RFC 4861 §4.2) to all nodes, as a frame. */
export function routerAdvertisement(mac: string, linkLocal: string): Buffer {
  const message = [u8(134, 0), u16(0), u8(64, 0), u16(1800), Buffer.alloc(8), u8(1, 1), macBytes(mac)];
  const packet = icmpv6(linkLocal, 'ff02::1', Buffer.concat(message));
  return ethernet('33:33:00:00:00:01', mac, 0x86dd, packet);
}

/** A packet with a neighbour solicitation (RFC 4861 §4.3) for `target`. */
export function neighbourSolicitation(mac: string, from: string, target: string): Buffer {
  const message = [u8(135, 0), u16(0, 0, 0), ipBytes(target), u8(1, 1), macBytes(mac)];
  const solicitedNode = `ff02::1:ff${ipBytes(target)
    .toString('hex', 13)
    .replace(/(?=.{4}$)/, ':')}`;
  return icmpv6(from, solicitedNode, Buffer.concat(message));
}

/** A packet with a neighbour advertisement (RFC 4861 §4.4) to `to`. */
export function neighbourAdvertisement(mac: string, from: string, to: string): Buffer {
  const message = [u8(136, 0), u16(0), u8(0x60, 0, 0, 0), ipBytes(from), u8(2, 1), macBytes(mac)];
  return icmpv6(from, to, Buffer.concat(message));
}

/** A datagram with a DHCP request (RFC 2131 §4.4.5) that renews the lease of an address. */
export function dhcpRenewal(mac: string, address: string, transaction: number): Buffer {
  const message = Buffer.concat([
    dhcpStart(1, transaction),
    Buffer.alloc(4),
    ipBytes(address),
    Buffer.alloc(12),
    macBytes(mac),
    Buffer.alloc(10 + 64 + 128),
    // The magic cookie, the message type DHCPREQUEST, and the end option.
    Buffer.from('63825363' + '350103' + 'ff', 'hex'),
  ]);
  return udp(68, 67, message);
}

/** The first bytes of a DHCP message. Operation 1 is a request, 2 is a reply. */
export function dhcpStart(operation: 1 | 2, transaction: number): Buffer {
  return Buffer.concat([u8(operation, 1, 6, 0), u16(transaction >>> 16, transaction & 0xffff)]);
}

/** Perl code that opens a packet socket for all protocols on a device. `$to` is the address of the interface. */
const socketOn = (
  device: string,
): string => `open F, "/sys/class/net/${device}/ifindex" or die; $index = <F> + 0;
socket S, 17, 3, 0x0300 or die; $to = pack "S n i S C C a8", 17, 3, $index, 0, 0, 6, "";`;

/** A VM, or another network namespace. */
type Sender = Pick<Guest, 'attempt'>;

/** Sends frames from a VM unchanged. */
export const sendFrames = (from: Sender, ...frames: readonly Buffer[]): Promise<void> =>
  sendFramesOn('eth0', from, ...frames);

/** Sends frames from a machine unchanged, through one of its devices. */
export async function sendFramesOn(
  device: string,
  from: Sender,
  ...frames: readonly Buffer[]
): Promise<void> {
  const program = `${socketOn(device)} while (<STDIN>) { chomp; send S, (pack "H*", $_), 0, $to or die "$!" }`;
  const input = frames.map((frame) => `${frame.toString('hex')}\n`).join('');
  const { code, stderr } = await from.attempt(['perl', '-e', program], { input });
  if (code !== 0) throw new Error(`perl: ${stderr}`);
}

/** Captures the frames that arrive at a VM, until the VM is deleted. */
export class Sniffer {
  readonly #file: string;

  private constructor(file: string) {
    this.#file = file;
  }

  /** Starts to capture; resolves when the capture is active. `dir` is a folder for the captured frames. */
  static async start(guest: Guest, dir: string): Promise<Sniffer> {
    const file = `${dir}/frames-${guest.state.name}-${performance.now()}`;
    // Frames that the VM itself sends (PACKET_OUTGOING, 4) are ignored.
    const program = `$| = 1; ${socketOn('eth0')} bind S, $to or die; print "ready\\n";
while (defined($from = recv S, $frame, 2000, 0)) { next if (unpack "S n i S C", $from)[4] == 4; print unpack("H*", $frame), "\\n" }`;
    await guest.run('sh', '-c', 'perl -e "$1" >"$2" 2>&1 </dev/null &', 'sh', program, file);
    const sniffer = new Sniffer(file);
    await eventually(() => sniffer.#lines().includes('ready'));
    return sniffer;
  }

  /** The number of captured frames that end with these bytes, or contain them before their padding. */
  count(content: Buffer): number {
    const wanted = content.toString('hex');
    return this.#lines().filter((line) => line.includes(wanted)).length;
  }

  #lines(): readonly string[] {
    try {
      return readFileSync(this.#file, 'utf8').split('\n');
    } catch {
      return [];
    }
  }
}
