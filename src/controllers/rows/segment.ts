import type { Segment } from '../../api/index.ts';
import { member, nothing, row, rowUuid, type DesiredState, type RowWriter } from '../../ovn/index.ts';
import { localnetName, switchUuid } from './names.ts';

const localnetUuid = (uid: string): string => rowUuid(uid, 'localnet');

/** Returns the port that connects the switch of the object `uid` to a segment. */
export function localnet(uid: string, segment: Segment | undefined): DesiredState {
  if (segment === undefined) return nothing;
  const port = row('Logical_Switch_Port', localnetUuid(uid), {
    name: localnetName(uid),
    type: 'localnet',
    addresses: ['unknown'],
    tag_request: segment.vlanID,
    options: { network_name: segment.physicalNetwork },
  });
  return { rows: [port], memberships: [member('Logical_Switch', switchUuid(uid), 'ports', port.uuid)] };
}

/** Returns the segment to which the rows of the object `uid` connect its switch. */
export function recordedSegment(writer: Pick<RowWriter, 'ownedBy'>, uid: string): Segment | undefined {
  const uuid = localnetUuid(uid);
  const port = writer.ownedBy(uid).find(({ row: { _uuid } }) => _uuid === uuid)?.row;
  if (port === undefined) return undefined;
  const physicalNetwork = (port['options'] as ReadonlyMap<string, string> | undefined)?.get('network_name');
  const [vlanID] = (port['tag_request'] ?? []) as Iterable<number>;
  return physicalNetwork === undefined ? undefined : { physicalNetwork, vlanID };
}

/** Returns the state without the connection of the object `uid` to a segment. */
export function withoutLocalnet(uid: string, { rows, memberships }: DesiredState): DesiredState {
  const uuid = localnetUuid(uid);
  return {
    rows: rows.filter((each) => each.uuid !== uuid),
    memberships: memberships.filter(({ element }) => element !== uuid),
  };
}
