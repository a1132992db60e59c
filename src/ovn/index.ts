/**
 * The public interface of this layer: desired rows, match expressions, the only writer of rows, and chassis.
 */
export { ApplyError, describeOwner } from './errors.ts';
export type { ApplyResult, DriftListener, RowWriter } from './writer.ts';
export type { Retention } from './diff/retention.ts';
export { connectNorthbound } from './northbound.ts';
export type { Northbound } from './northbound.ts';

export { combined, member, nothing, row } from './model/desired.ts';
export type { DesiredRow, DesiredState, Membership } from './model/desired.ts';
export { ownerText, SUBNET_MARK, UID_MARK } from './model/marks.ts';
export type { Owner } from './model/marks.ts';
export { symbol } from './model/names.ts';
export type { OvnSymbol } from './model/names.ts';
export { rowUuid } from './model/uuid.ts';

export { address, and, inport, ip, ipOfGroup, is, not, number, or, outport } from './match/match.ts';
export type { Match, Range } from './match/match.ts';
export { everyAddress, subtractNetworks, widenNetworks } from './match/network-difference.ts';
export { collapseNetworks, containsNetwork, parseNetwork } from './match/networks.ts';
export type { Family, Network } from './match/networks.ts';
export { printMatch } from './match/print.ts';
export { countFlows, countMatches } from './match/size.ts';

export { UNRECORDED } from './apply/home.ts';
export type { Home, RowClaims } from './apply/home.ts';
export type { TransactionReport } from './apply/applier.ts';
export { sweep } from './apply/sweep.ts';
export type { SweepReport } from './apply/sweep.ts';

export type { Chassis, ChassisDirectory } from './southbound/chassis.ts';
export { hostProgress } from './southbound/host-progress.ts';
export type { HostProgress } from './southbound/host-progress.ts';
export { Southbound } from './southbound/southbound.ts';
export type { PortBindings } from './southbound/southbound.ts';

export { inspectNorthbound, inspectSouthbound } from './inspect/inspect.ts';
export type { InspectOptions, NorthboundFacts, SouthboundFacts } from './inspect/inspect.ts';
export { measureLag } from './inspect/lag.ts';
export type { Lag } from './inspect/lag.ts';

export { textAt } from './ovsdb/index.ts';
export type { Row } from './ovsdb/index.ts';
