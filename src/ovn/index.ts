/** What the rest of the operator may know of OVN: desired rows, match expressions, and the one writer. */
export { ApplyError, describeOwner } from './errors.ts';
export type { ApplyErrorCode, Retry, RowName } from './errors.ts';
export { member, nothing, row } from './model/desired.ts';
export type { DesiredRow, DesiredState, Membership } from './model/desired.ts';
export { rowUuid } from './model/uuid.ts';
export { asSymbol, symbol } from './model/names.ts';
export type { OvnSymbol } from './model/names.ts';
export { CLUSTER_MARK, MARK_PREFIX, OWNER_MARK, UID_MARK, epochKey, ownerText } from './model/marks.ts';
export type { Owner } from './model/marks.ts';
export type { NbColumns, NbTable, SharedColumn } from './model/tables.ts';
export {
  AddressError,
  collapseNetworks,
  containsNetwork,
  formatNetwork,
  parseMac,
  parseNetwork,
} from './match/networks.ts';
export type { Family, Network } from './match/networks.ts';
export { everyAddress, subtractNetworks } from './match/network-difference.ts';
export { countMatches } from './match/size.ts';
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
} from './match/match.ts';
export type { LogicalPort, Match, Predicate, Range } from './match/match.ts';
export { printMatch } from './match/print.ts';
export type { ApplyResult, ColumnListener, DriftListener, OwnedRow, RowWriter } from './writer.ts';
export { Applier } from './apply/applier.ts';
export type { ApplierOptions, TransactionReport } from './apply/applier.ts';
export type { FenceLoss } from './apply/retake-fence.ts';
export { Fence } from './apply/fence.ts';
export type { Database, FenceState } from './apply/fence.ts';
export { connectNorthbound } from './northbound.ts';
export type { Northbound, NorthboundOptions } from './northbound.ts';
export { inspectNorthbound, inspectSouthbound } from './inspect/inspect.ts';
export type { InspectOptions, NorthboundFacts, SouthboundFacts } from './inspect/inspect.ts';
export { ComparingWriter } from './diff/comparing-writer.ts';
export { measureLag } from './inspect/lag.ts';
export type { Lag } from './inspect/lag.ts';
export type { Chassis, ChassisDirectory } from './southbound/chassis.ts';
export { Southbound } from './southbound/southbound.ts';
export type { BindingListener, PortBindings } from './southbound/southbound.ts';
export { decideSweep, sweep } from './apply/sweep.ts';
export type { OwnerRows, SweepDecision, SweepLimits, SweepOptions, SweepReport } from './apply/sweep.ts';
export { textAt } from './ovsdb/index.ts';
export type { Atom, Row, Uuid, Value } from './ovsdb/index.ts';
