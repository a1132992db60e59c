import { spawnSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { join } from 'node:path';

/** What the lab runs besides OVN's control plane, and the Debian package that has it. */
const programs: Readonly<Record<string, string>> = {
  ip: 'iproute2',
  ethtool: 'ethtool',
  busybox: 'busybox',
  ping: 'iputils-ping',
  nsenter: 'util-linux',
  'ovs-vswitchd': 'openvswitch-switch',
  'ovs-vsctl': 'openvswitch-switch',
  'ovs-ofctl': 'openvswitch-common',
  'ovn-controller': 'ovn-host',
};

/**
 * Why there can be no lab here, in one line that says what to do; undefined when there can. `more` are further
 * programs that must be there, each with its package.
 */
export function labProblem(more: Readonly<Record<string, string>> = {}): string | undefined {
  if (process.platform !== 'linux')
    return 'Hypervisors are network namespaces, which only Linux has: run this on Linux.';
  if (process.getuid?.() !== 0)
    return 'Hypervisors are network namespaces, which only root can make: run this as root.';
  const missing = Object.entries({ ...programs, ...more }).filter(([program]) => !isInstalled(program));
  if (missing.length > 0)
    return (
      `Missing for hypervisors: ${missing.map(([program]) => program).join(', ')}. Install the packages ` +
      `${[...new Set(missing.map(([, name]) => name))].join(', ')} (Debian, Ubuntu), or run \`npm run setup\` as root.`
    );
  const { status, stderr, error } = spawnSync('unshare', ['--net', '--mount', 'true'], { encoding: 'utf8' });
  if (status !== 0)
    return (
      'This machine does not let root make network namespaces (a container without privileges?): ' +
      (error?.message ?? stderr.trim())
    );
  return undefined;
}

function isInstalled(program: string): boolean {
  const folders = [...(process.env['PATH'] ?? '').split(':'), '/usr/local/sbin', '/usr/sbin', '/sbin'];
  return folders.some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}
