import { setting } from './settings.ts';
import { integer } from './values.ts';

/** Limits that protect a hypervisor from a single VPC. Each host applies them by itself. Zero: no limit. */
export interface HostLimits {
  /** Packets of a VPC from which its router learns neighbours. */
  readonly neighboursPerSecond: number;
  /** Packets of a VPC for which its router asks for a MAC address. */
  readonly resolutionsPerSecond: number;
  /** Packets of a VPC that OVN answers with an error. */
  readonly repliesPerSecond: number;
  /** DHCP requests of a VPC. */
  readonly dhcpPerSecond: number;
  /** Broadcasts and multicasts that enter a Subnet, in kbit/s. */
  readonly broadcastKbps: number;
  /** Tracked connections of a Port. */
  readonly connectionsPerPort: number;
  /** Connections that the router of a VPC translates. */
  readonly connectionsPerRouter: number;
}

/** The settings of {@link HostLimits}. */
export const hostLimitSettings = {
  'hostLimits.neighboursPerSecond': setting(
    integer(0, 1_000_000),
    20,
    'packets per second from which the router of a VPC learns neighbours on a host; 0: no limit',
  ),
  'hostLimits.resolutionsPerSecond': setting(
    integer(0, 1_000_000),
    100,
    'packets per second for which the router of a VPC asks for a MAC address on a host; 0: no limit',
  ),
  'hostLimits.repliesPerSecond': setting(
    integer(0, 1_000_000),
    100,
    'packets of a VPC per second that OVN answers with an error on a host; 0: no limit',
  ),
  'hostLimits.dhcpPerSecond': setting(
    integer(0, 1_000_000),
    400,
    'DHCP requests of a VPC per second on a host; 0: no limit',
  ),
  'hostLimits.broadcastKbps': setting(
    integer(0, 0xffff_ffff),
    // Open vSwitch 3.1 can stop with this limit (decision 0081).
    0,
    'broadcasts and multicasts that enter a Subnet on a host, in kbit/s; 0: no limit',
  ),
  'hostLimits.connectionsPerPort': setting(
    integer(0, 0xffff_ffff),
    32_768,
    'tracked connections of a Port on a host (OVN 24.09 and newer); 0: no limit',
  ),
  'hostLimits.connectionsPerRouter': setting(
    integer(0, 0xffff_ffff),
    65_536,
    'tracked connections of the router of a VPC on a host (OVN 24.09 and newer); 0: no limit',
  ),
} as const;
