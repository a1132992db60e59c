/** A client library for the Open vSwitch Database protocol (RFC 7047, ovsdb-server(7)) with any schema. */
export { OvsdbClient } from './client.ts';
export { OvsdbError } from './errors.ts';
export type { OvsdbErrorCode } from './errors.ts';
export { includes, OperationBuilder } from './operations.ts';
export type { Operation } from './operations.ts';
export type { OvsdbClientOptions } from './options.ts';
export type { Remote } from './remotes.ts';
export type { Replica } from './replica.ts';
export type { Connect, TlsFiles, Transport } from './transport.ts';
export { textAt } from './values.ts';
export type { Atom, ColumnChange, Row, RowChange, Uuid, Value } from './values.ts';
