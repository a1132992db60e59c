import { ip, or, printMatch, row, rowUuid, type DesiredRow } from '../../ovn/index.ts';
import { linkLocal, onLink } from '../rows/link-scope.ts';

/** Above the policies of VPCPeerings. */
const PRIORITY = 3000;

/**
 * Drops what is for one link only. OVN's routers know multicast and broadcast by their frames alone: in a frame to the
 * router itself they would follow the default route, and what is let out for the link's sake would get anywhere.
 */
export function staysOnLink(uid: string): DesiredRow {
  return row('Logical_Router_Policy', rowUuid(uid, 'on-link'), {
    priority: PRIORITY,
    match: printMatch(or(ip(4, 'src', [linkLocal[4]]), ip(4, 'dst', onLink[4]))),
    action: 'drop',
  });
}
