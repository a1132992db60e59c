import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { LabError } from './errors.ts';
import { parseLease } from './lease.ts';
import type { Lease } from './lease.ts';
import type { Namespace } from './netns.ts';

/**
 * The event script of udhcpc: configures the interface according to the lease, and records the lease. Classless routes
 * replace the router option (RFC 3442).
 */
const DHCP_SCRIPT = `#!/bin/sh
case "$1" in
deconfig)
  ip address flush dev "$interface" scope global
  ip link set "$interface" up
  ;;
bound | renew)
  ip address replace "$ip/$mask" dev "$interface"
  [ -z "$mtu" ] || ip link set "$interface" mtu "$mtu"
  if [ -n "$staticroutes" ]; then
    set -- $staticroutes
    while [ $# -ge 2 ]; do
      if [ "$2" = 0.0.0.0 ]; then ip route replace "$1" dev "$interface"
      else ip route replace "$1" via "$2" dev "$interface" onlink; fi
      shift 2
    done
  elif [ -n "$router" ]; then
    ip route replace default via "\${router%% *}" dev "$interface"
  fi
  # RFC 2131, 4.4.1: a client announces its address, so that other hosts update their ARP caches.
  busybox arping -q -A -c 1 -I "$interface" "$ip" >/dev/null 2>&1 &
  env >"$LEASE_FILE"
  ;;
esac
exit 0
`;

/** Writes the script for {@link obtainLease} to the lab's folder. */
export function writeDhcpScript(dir: string): void {
  writeFileSync(scriptIn(dir), DHCP_SCRIPT, { mode: 0o700 });
}

const scriptIn = (dir: string): string => join(dir, 'udhcpc.sh');

/** DHCP options that udhcpc does not request by default. */
const requestedOptions = ['mtu', 'ntpsrv', 'staticroutes'];

/**
 * Runs a DHCP client on `eth0` of a VM until it has a lease, and configures the interface accordingly.
 * @throws LabError NO_LEASE when no server answers within `attempts` seconds
 */
export async function obtainLease(
  dir: string,
  vm: string,
  namespace: Namespace,
  { attempts = 15 }: { readonly attempts?: number } = {},
): Promise<Lease> {
  const file = join(dir, 'vms', `${vm}.lease`);
  rmSync(file, { force: true });
  const { code, stderr } = await namespace.attempt(
    [
      ...['busybox', 'udhcpc', '-i', 'eth0', '-n', '-q', '-t', String(attempts), '-T', '1'],
      ...requestedOptions.flatMap((option) => ['-O', option]),
      ...['-s', scriptIn(dir)],
    ],
    { env: { ...process.env, LEASE_FILE: file }, timeoutMs: (attempts + 10) * 1000 },
  );
  if (code !== 0)
    throw new LabError(
      'NO_LEASE',
      `${vm} got no address by DHCP. Check that its Subnet has dhcp.mode Enabled. (${stderr.trim().split('\n').at(-1) ?? ''})`,
    );
  return parseLease(readFileSync(file, 'utf8'));
}
