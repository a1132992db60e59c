import { parseCidr, type Port, type Subnet } from '../../api/index.ts';
import { SUBNET_MARK, textAt, type DesiredRow, type DesiredState } from '../../ovn/index.ts';
import { refKey } from '../../reconcile/index.ts';
import type { Fallback } from '../common/converge.ts';
import type { Env } from '../common/env.ts';
import { filtersIn, withGroups } from '../rows/filters.ts';
import { dropGroupUuid } from '../rows/names.ts';
import { vpcOfSubnet } from '../subnet/index.ts';
import { restrict } from './powers.ts';
import { restrictionsOf, type Restrictions, type Surroundings } from '../trafficpolicy/index.ts';

type Sources = Pick<Env, 'stores' | 'writer' | 'settings' | 'policies'>;

const CLOSED =
  'OVN lacks a group that restricts the Port, so the operator disabled the Port. ' +
  'The operator enables the Port when the other conditions report no problem and OVN contains the group: fix the ' +
  'problems that the other conditions report.';

/**
 * Returns the present rows of a Port in all groups that must restrict it now. If such a group is missing, the port is
 * disabled. So a Port with an error does not escape a TrafficPolicy, and a Port whose VPC no longer exists is never
 * open. Undefined without rows.
 */
export function portFallback(sources: Sources, declared: Port): Fallback | undefined {
  const { stores, writer, settings } = sources;
  const { metadata, spec } = declared;
  const subnet = stores.Subnet.get(
    refKey({ namespace: metadata.namespace ?? '', name: spec.subnetRef.name }),
  );
  const { port } = restrict(sources, declared, placeOf(subnet));
  const present = writer.present(port.metadata.uid);
  const lsp = present.rows.find(({ table }) => table === 'Logical_Switch_Port');
  if (lsp === undefined) return undefined;
  const subnetUid = textAt(lsp.columns['external_ids'], SUBNET_MARK);
  const around = {
    subnetUid,
    // The groups of this VPC stay while the Port is a member, also if the Subnet now belongs to another VPC.
    vpcUid: subnet && (subnet.status?.vpc?.uid ?? vpcOfSubnet(stores, subnet)?.metadata.uid),
  };
  const isFiltered = port.spec.trafficFiltering !== 'Disabled';
  const restrictions = restrictionsOf(stores, port, around, settings.limits);
  const groups = [
    ...(isFiltered && around.vpcUid !== undefined ? [dropGroupUuid(around.vpcUid)] : []),
    ...restrictions.groups,
  ];
  const state = withGroups(writer, present, lsp.uuid, groups);
  const isOpen = lacksFilter(writer, port, state, { subnetUid, isolations: restrictions.isolations });
  const { enabled: _enabled, ...columns } =
    usedAddresses(port) === usedAddresses(declared) ? lsp.columns : withOwnAddresses(lsp.columns);
  const isDown = isOpen || restrictions.excess !== undefined || port.spec.adminState === 'Down';
  const switchPort = { ...lsp, columns: isDown ? { ...columns, enabled: new Set([false]) } : columns };
  const rows = state.rows.map((row) => (row === lsp ? switchPort : row));
  return { desired: { ...state, rows }, problem: isOpen ? CLOSED : undefined };
}

function lacksFilter(
  writer: Sources['writer'],
  { spec }: Port,
  state: DesiredState,
  { subnetUid, isolations }: Pick<Surroundings, 'subnetUid'> & Pick<Restrictions, 'isolations'>,
): boolean {
  const filters = filtersIn(writer, state);
  const isolatedIn = filters.flatMap(({ kind, uid }) => (kind === 'isolation' ? [uid] : []));
  return (
    (spec.trafficFiltering !== 'Disabled' && !filters.some(({ kind }) => kind === 'drop')) ||
    (isolations.has('Subnet') && !isolatedIn.some((uid) => uid === subnetUid)) ||
    (isolations.has('VPC') && !isolatedIn.some((uid) => uid !== subnetUid))
  );
}

/**
 * Returns the columns of a port that may use its own MAC and IP address only, whatever it was allowed before. A wider
 * entry in the rows would otherwise outlive the permission.
 */
function withOwnAddresses(columns: DesiredRow['columns']): DesiredRow['columns'] {
  const own = [...((columns['addresses'] ?? []) as Iterable<string>)].filter((each) => each.includes(' '));
  return { ...columns, addresses: new Set(own), port_security: new Set(own) };
}

/** Identifies which addresses a Port may use. */
const usedAddresses = ({ spec }: Port): string =>
  JSON.stringify([spec.spoofingProtection, spec.allowedAddresses]);

function placeOf(subnet: Subnet | undefined) {
  const cidr = parseCidr(subnet?.status?.cidr ?? '', { family: 4 });
  return { isProvider: subnet?.spec.provider !== undefined, cidr: cidr.ok ? cidr.value : undefined };
}
