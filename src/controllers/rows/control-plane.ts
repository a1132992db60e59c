import { nothing, row, rowUuid, symbol, type DesiredState } from '../../ovn/index.ts';
import type { HostLimits } from '../settings.ts';
import { LIMIT_MARK } from './names.ts';

/**
 * The kinds of packets that OVN sends to ovn-controller (ovn-nb(5), table Copp), grouped by the limit that applies. BFD
 * has no limit: it is traffic between routers, and lost packets would move a gateway. A release ignores the kinds that
 * it does not know.
 */
const kinds = {
  /** ARP and ND packets from which a router learns a neighbour. Each may add a row to the Southbound database. */
  neighboursPerSecond: ['arp', 'nd-na', 'nd-ns'],
  /** Packets whose next hop has an unknown MAC address: ovn-controller sends an ARP request for each. */
  resolutionsPerSecond: ['arp-resolve', 'nd-ns-resolve'],
  /** Packets that ovn-controller answers: ICMP errors, TCP resets, and services that no plan uses today. */
  repliesPerSecond: [
    ...['icmp4-error', 'icmp6-error', 'tcp-reset', 'reject'],
    ...['dns', 'event-elb', 'igmp', 'svc-monitor'],
  ],
  /** Requests to the DHCP server and to the router discovery of IPv6. */
  dhcpPerSecond: ['dhcpv4-opts', 'dhcpv6-opts', 'dhcpv4-relay', 'nd-ra-opts'],
} as const satisfies Partial<Record<keyof HostLimits, readonly string[]>>;

/** A limit of packets to ovn-controller. */
type Limit = keyof typeof kinds;

/** The bursts last for this time at the limit, in seconds: VMs start together, and routers ask for many neighbours. */
const BURST_SECONDS = 2;

/**
 * Returns the control-plane protection of a VPC: a meter for each limit, and the policy that assigns the meters to the
 * kinds of packets. Each host measures a VPC by itself. The VPC has its own meters, because all users of a meter share
 * its rate. Without limits the result is empty.
 */
export function controlPlaneRows(vpcUid: string, limits: HostLimits): DesiredState {
  const meters = (Object.keys(kinds) as Limit[])
    .filter((limit) => limits[limit] > 0)
    .map((limit) => {
      const rate = limits[limit];
      const band = row('Meter_Band', rowUuid(vpcUid, `meter-band/${limit}`), {
        action: 'drop',
        rate,
        burst_size: BURST_SECONDS * rate,
        external_ids: { [LIMIT_MARK]: limit },
      });
      const name = symbol(vpcUid, limit);
      const meter = row('Meter', rowUuid(vpcUid, `meter/${limit}`), {
        name,
        unit: 'pktps',
        bands: [band.uuid],
      });
      return { limit, name, rows: [meter, band] };
    });
  if (meters.length === 0) return nothing;
  const policy = row('Copp', rowUuid(vpcUid, 'copp'), {
    name: symbol(vpcUid, 'copp'),
    meters: Object.fromEntries(meters.flatMap(({ limit, name }) => kinds[limit].map((kind) => [kind, name]))),
  });
  return { rows: [policy, ...meters.flatMap(({ rows }) => rows)], memberships: [] };
}

/** Returns the reference to the policy of a VPC for its router and its switches; undefined without limits. */
export function controlPlanePolicy(vpcUid: string, limits: HostLimits): string | undefined {
  return (Object.keys(kinds) as Limit[]).some((limit) => limits[limit] > 0)
    ? rowUuid(vpcUid, 'copp')
    : undefined;
}
