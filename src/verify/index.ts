/** Compares the reachability that the objects define with the reachability that machines measure. */
export { expectation } from './expectation.ts';
export type { Expectation } from './expectation.ts';
export { InventoryError, parseInventory } from './machine.ts';
export type { InventoryEntry, Machine, Outcome } from './machine.ts';
export { measureMatrix, stationsOf } from './matrix.ts';
export type { MatrixOptions, Pair, Station } from './matrix.ts';
export { echoRequest } from './packet.ts';
export type { Packet } from './packet.ts';
export { parsePing, PingError } from './ping.ts';
export type { PingResult } from './ping.ts';
export { IPERF_PORT, measureThroughput } from './throughput.ts';
export type { Throughput, ThroughputOptions } from './throughput.ts';
export { readWorld } from './world.ts';
export type { World } from './world.ts';
