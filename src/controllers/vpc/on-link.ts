import { ip, or, type DesiredRow } from '../../ovn/index.ts';
import { linkLocal, onLink } from '../rows/link-scope.ts';
import { policyPriority, policyRow } from '../rows/router-policy.ts';

/**
 * Returns a policy that drops traffic with link scope. OVN's routers recognize multicast and broadcast by the
 * Ethernet frame only. A packet in a frame to the router itself would follow the default route, so traffic that is
 * allowed only on the link would reach any network.
 */
export function onLinkPolicy(uid: string): DesiredRow {
  return policyRow(uid, 'on-link', {
    priority: policyPriority.onLink,
    match: or(ip(4, 'src', [linkLocal[4]]), ip(4, 'dst', onLink[4])),
    action: 'drop',
  });
}
