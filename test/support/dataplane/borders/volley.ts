/** Sends test packets from several stations at the same time, and collects where they arrive. */
import { eventually } from '../../eventually.ts';
import { describePacket, nameOf, type Packet, type World } from './packets.ts';
import { deliveryOf, isAnswerTo, problemOf } from './oracle.ts';
import type { Station } from './station.ts';

/** The number of packets between two sentinels. A station's queue holds more packets than that. */
const CHUNK_SIZE = 24;

export class Volley {
  readonly #stations: Map<string, Station>;
  readonly #sent = new Map<number, Packet>();
  /** The problems that were already returned. */
  readonly #known = new Set<string>();

  constructor(stations: readonly Station[]) {
    this.#stations = new Map(stations.map((station) => [station.name, station]));
  }

  /** Adds a machine of which no packet is expected: every test packet that arrives there is a problem. */
  add(station: Station): void {
    this.#stations.set(station.name, station);
  }

  /**
   * Sends packets. A sentinel, which must arrive, follows each chunk of packets. A chunk whose sentinel is lost is sent
   * again, so no packet is missing only because a queue was full.
   */
  async send(packets: readonly Packet[], sentinelOf: (packet: Packet) => Packet): Promise<void> {
    const bySender = Map.groupBy(packets, ({ sender }) => nameOf(sender));
    await Promise.all(
      [...bySender].map(async ([name, own]) => {
        for (let at = 0; at < own.length; at += CHUNK_SIZE) {
          const chunk = own.slice(at, at + CHUNK_SIZE);
          await this.#untilDelivered(name, chunk, sentinelOf(chunk[0] as Packet));
        }
      }),
    );
  }

  /** Sends packets that must arrive, and again those that have not arrived, until all have arrived and are answered. */
  async deliver(packets: readonly Packet[], world: World): Promise<void> {
    for (const packet of packets) this.#sent.set(packet.id, packet);
    await eventually(
      async () => {
        const missing = packets.filter((packet) => !this.#isComplete(packet, world));
        if (missing.length === 0) return;
        const bySender = Map.groupBy(missing, ({ sender }) => nameOf(sender));
        await Promise.all(
          [...bySender].map(([name, own]) => this.#station(name).send(own.map(({ frame }) => frame))),
        );
        throw new Error(`not delivered: ${missing.map((packet) => this.#describe(packet)).join('; ')}`);
      },
      { firstPauseMs: 100 },
    );
  }

  /** The problems of the packets that arrived so far, except the problems of an earlier call, in the order of the packets. */
  problems(world: World): readonly string[] {
    const found = [...this.#stations.values()].flatMap((station) =>
      station.arrivals().flatMap((arrival) => {
        const packet = this.#sent.get(arrival.id);
        if (packet === undefined) return [];
        const problem = problemOf(packet, station.name, arrival, world);
        return problem === undefined ? [] : [{ packet, problem }];
      }),
    );
    found.sort((one, other) => one.packet.id - other.packet.id);
    const all = new Set(found.map(({ packet, problem }) => `${describePacket(packet)} ${problem}`));
    const fresh = [...all].filter((each) => !this.#known.has(each));
    for (const each of fresh) this.#known.add(each);
    return fresh;
  }

  async #untilDelivered(name: string, chunk: readonly Packet[], sentinel: Packet): Promise<void> {
    for (const packet of [...chunk, sentinel]) this.#sent.set(packet.id, packet);
    const frames = [...chunk, sentinel].map(({ frame }) => frame);
    await this.#station(name).send(frames);
    const started = performance.now();
    let patienceMs = 300;
    await eventually(async () => {
      if (this.#hasArrived(sentinel)) return true;
      if (performance.now() - started > patienceMs) {
        patienceMs *= 2;
        await this.#station(name).send(frames);
      }
      throw new Error(`not delivered: ${describePacket(sentinel)}`);
    });
  }

  /** A packet, and where it arrived. */
  #describe(packet: Packet): string {
    const arrivals = [...this.#stations.values()].flatMap((station) =>
      station
        .arrivals()
        .filter(({ id }) => id === packet.id)
        .map(({ from, to, isAnswer }) => `${station.name} (${isAnswer ? 'answer ' : ''}${from} to ${to})`),
    );
    return `${describePacket(packet)} arrived at ${[...new Set(arrivals)].join(', ') || 'no machine'}`;
  }

  #hasArrived({ id }: Packet): boolean {
    return [...this.#stations.values()].some((station) =>
      station.arrivals().some((arrival) => arrival.id === id),
    );
  }

  #isComplete(packet: Packet, world: World): boolean {
    const delivery = deliveryOf(packet, world);
    if (delivery === undefined) throw new Error(`${describePacket(packet)} must not arrive`);
    const isThere = this.#station(delivery.at)
      .arrivals()
      .some(({ id, from, isAnswer }) => id === packet.id && from === delivery.as && !isAnswer);
    return (
      isThere &&
      this.#station(nameOf(packet.sender))
        .arrivals()
        .some((arrival) => isAnswerTo(packet, arrival))
    );
  }

  #station(name: string): Station {
    const station = this.#stations.get(name);
    if (station === undefined) throw new Error(`no station ${name}`);
    return station;
  }
}
