import { spawnSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { join } from 'node:path';

/** The programs that the lab needs besides OVN's control plane, and the Debian package of each program. */
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
 * Returns the reason why this machine cannot run a lab, in one line that says what to do; undefined when it can.
 * @param more further required programs, each with its Debian package
 */
export function labProblem(more: Readonly<Record<string, string>> = {}): string | undefined {
  if (process.platform !== 'linux')
    return 'The lab needs network namespaces, which exist on Linux only. Run this on Linux.';
  if (process.getuid?.() !== 0)
    return 'The lab needs network namespaces, which only root can create. Run this as root.';
  const missing = Object.entries({ ...programs, ...more }).filter(([program]) => !isInstalled(program));
  if (missing.length > 0)
    return (
      `The lab needs programs that are not installed: ${missing.map(([program]) => program).join(', ')}. Install the packages ` +
      `${[...new Set(missing.map(([, name]) => name))].join(', ')} (Debian, Ubuntu), or run \`npm run setup\` as root.`
    );
  const { status, stderr, error } = spawnSync('unshare', ['--net', '--mount', 'true'], { encoding: 'utf8' });
  if (status !== 0)
    return (
      'Root cannot create network namespaces here. If this is a container, run it with privileges. ' +
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
