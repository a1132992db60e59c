/** A client library for the Open vSwitch database protocol (RFC 7047, ovsdb-server(7)). Knows no schema by itself. */
export { OvsdbClient } from './client.ts';
export type { ClientState } from './client.ts';
export { OvsdbError } from './errors.ts';
export type { OvsdbErrorAdvice, OvsdbErrorCode } from './errors.ts';
export { includes, OperationBuilder } from './operations.ts';
export type { Columns, Condition, Operation, Target } from './operations.ts';
export type { MonitoredConditions } from './monitor.ts';
export type { OvsdbClientOptions, Timeouts } from './options.ts';
export type { ProbeOptions } from './probe.ts';
export { parseRemotes } from './remotes.ts';
export type { Remote } from './remotes.ts';
export type { Replica, ReplicaListener } from './replica.ts';
export type { AtomicType, ColumnType, DatabaseSchema, MonitoredColumns, TableSchema } from './schema.ts';
export type { OperationResult } from './transact.ts';
export type { Connect, ConnectOptions, TlsFiles, Transport } from './transport.ts';
export { textAt } from './values.ts';
export type { Atom, ColumnChange, Row, RowChange, SetDelta, Uuid, Value } from './values.ts';
