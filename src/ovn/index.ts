/** What the rest of the operator may know of OVN: desired rows, match expressions, and the one writer. */
export { ApplyError, describeOwner } from './errors.ts';
export type { ApplyErrorCode, Retry, RowName } from './errors.ts';
export { member, nothing, row } from './desired.ts';
export type { DesiredRow, DesiredState, Membership } from './desired.ts';
export { rowUuid } from './uuid.ts';
export { asSymbol, symbol } from './names.ts';
export type { OvnSymbol } from './names.ts';
export { CLUSTER_MARK, MARK_PREFIX, OWNER_MARK, UID_MARK, epochKey, ownerText } from './marks.ts';
export type { Owner } from './marks.ts';
export type { NbColumns, NbTable, SharedColumn } from './tables.ts';
export {
  AddressError,
  collapseNetworks,
  containsNetwork,
  formatNetwork,
  parseMac,
  parseNetwork,
} from './addresses.ts';
export type { Family, Network } from './addresses.ts';
export { everyAddress, subtractNetworks } from './network-difference.ts';
export { countMatches } from './match-size.ts';
export {
  MatchError,
  address,
  addressIn,
  always,
  and,
  inport,
  ip,
  ipOfGroup,
  is,
  mac,
  never,
  not,
  number,
  or,
  outport,
} from './match.ts';
export type { LogicalPort, Match, Predicate, Range } from './match.ts';
export { printMatch } from './match-print.ts';
export type { ApplyResult, ColumnListener, DriftListener, OwnedRow, RowWriter } from './writer.ts';
export { Applier } from './applier.ts';
export type { ApplierOptions, TransactionReport } from './applier.ts';
export type { FenceLoss } from './refence.ts';
export { Fence } from './fence.ts';
export type { Database, FenceState } from './fence.ts';
export { connectNorthbound } from './connection.ts';
export type { Northbound, NorthboundOptions } from './connection.ts';
export { inspectNorthbound, inspectSouthbound } from './inspect.ts';
export type { InspectOptions, NorthboundFacts, SouthboundFacts } from './inspect.ts';
export { ComparingWriter } from './comparing-writer.ts';
export { measureLag } from './sync.ts';
export type { Lag } from './sync.ts';
export type { Chassis, ChassisDirectory } from './chassis.ts';
export { Southbound } from './southbound.ts';
export type { BindingListener, PortBindings } from './southbound.ts';
export { decideSweep, sweep } from './sweep.ts';
export type { OwnerRows, SweepDecision, SweepLimits, SweepOptions, SweepReport } from './sweep.ts';
export { textAt } from './ovsdb/index.ts';
export type { Atom, Row, Uuid, Value } from './ovsdb/index.ts';
