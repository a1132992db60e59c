import { address, and, inport, number, type DesiredState } from '../../ovn/index.ts';
import { aclRow, aclsOn, priority } from './acl.ts';
import { localnetName, switchUuid } from './names.ts';

/** The operation of an ARP reply (RFC 826). */
const REPLY = 2;

/**
 * Returns the ACLs that drop ARP replies from the physical network with a sender outside the range of the network. A
 * router learns from every ARP reply, whether it asked or not, and needs only neighbours of the network. A router learns
 * nothing from an ARP request with a foreign sender, so such requests pass: a physical router may ask with any of its
 * addresses.
 *
 * @param range the range of the network, in CIDR notation
 */
export function foreignNeighbours(networkUid: string, range: string): DesiredState {
  const reply = and(inport({ name: localnetName(networkUid) }), number('arp.op', REPLY));
  const direction = 'from-lport';
  const acls = [
    aclRow(networkUid, {
      direction,
      priority: priority.infrastructure,
      match: and(reply, address('arp.spa', [range])),
      action: 'allow',
    }),
    aclRow(networkUid, { direction, priority: priority.drop, match: reply, action: 'drop' }),
  ];
  return aclsOn('Logical_Switch', switchUuid(networkUid), acls);
}
