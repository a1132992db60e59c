/** Compares the reachability that the objects define with the reachability that machines measure. */
export { expectation } from './expectation.ts';
export { InventoryError, parseInventory } from './machine.ts';
export type { Machine, Outcome } from './machine.ts';
export { measureMatrix, stationsOf } from './matrix.ts';
export type { Pair } from './matrix.ts';
export { echoRequest } from './packet.ts';
export type { Packet } from './packet.ts';
export { parsePing, PingError } from './ping.ts';
export { measureThroughput } from './throughput.ts';
export type { Throughput } from './throughput.ts';
export { readWorld } from './world.ts';
export type { World } from './world.ts';
