// Installs the programs of OVN and Open vSwitch and the programs of the lab (docs/lab.md) from the system's packages.
import { accessSync, chmodSync, constants, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { constants as os } from 'node:os';
import { join } from 'node:path';
import { runQuietly } from './child.mjs';
import { step } from './progress.mjs';
import { SetupError } from './setup-error.mjs';

/** Required Debian packages: the programs and files that the project uses, and the services that the package starts. */
const packages = [
  {
    name: 'openvswitch-common',
    programs: ['ovsdb-server', 'ovsdb-tool', 'ovsdb-client', 'ovs-appctl'],
    files: [],
    services: [],
  },
  {
    name: 'openvswitch-switch',
    programs: ['ovs-vswitchd', 'ovs-vsctl'],
    files: [],
    services: ['openvswitch-switch'],
  },
  {
    name: 'ovn-central',
    programs: ['ovn-northd', 'ovn-nbctl', 'ovn-sbctl', 'ovn-trace'],
    files: ['/usr/share/ovn/ovn-nb.ovsschema', '/usr/share/ovn/ovn-sb.ovsschema'],
    services: ['ovn-central'],
  },
  { name: 'ovn-host', programs: ['ovn-controller'], files: [], services: ['ovn-host'] },
];

/**
 * Optional packages: the programs of the lab (only root can run a lab), and Lua, which runs Argo CD's health check in a
 * test. Everything else works without them.
 */
const labPackages = Object.entries({
  iproute2: 'ip',
  ethtool: 'ethtool',
  busybox: 'busybox',
  'iputils-ping': 'ping',
  'iputils-arping': 'arping',
  iperf3: 'iperf3',
  tcpdump: 'tcpdump',
  'lua5.4': 'lua5.4',
}).map(([name, program]) => ({ name, programs: [program], files: [], services: [] }));

const folders = [...(process.env.PATH ?? '').split(':'), '/usr/local/sbin', '/usr/sbin', '/sbin'];

const isExecutable = (path) => {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
};

const isComplete = ({ programs, files }) =>
  programs.every((program) => folders.some((folder) => isExecutable(join(folder, program)))) &&
  files.every((file) => existsSync(file));

const isDebian = () => {
  try {
    return /^ID(_LIKE)?=.*\b(debian|ubuntu)\b/m.test(readFileSync('/etc/os-release', 'utf8'));
  } catch {
    return false;
  }
};

const POLICY_FILE = '/usr/sbin/policy-rc.d';

/**
 * Runs `work` under a policy that prevents Debian packages from starting services. The policy file is part of
 * invoke-rc.d; its exit status 101 means "not allowed".
 */
async function withoutServices(work) {
  if (existsSync(POLICY_FILE)) return work();
  const remove = () => rmSync(POLICY_FILE, { force: true });
  writeFileSync(POLICY_FILE, '#!/bin/sh\nexit 101\n');
  chmodSync(POLICY_FILE, 0o755);
  const end = (signal) => {
    remove();
    process.exit(128 + os.signals[signal]);
  };
  process.once('SIGINT', end);
  process.once('SIGTERM', end);
  try {
    return await work();
  } finally {
    remove();
    process.off('SIGINT', end);
    process.off('SIGTERM', end);
  }
}

const apt = (...args) =>
  runQuietly('apt-get', ['-qq', '-o', 'DPkg::Lock::Timeout=120', '-o', 'Dpkg::Use-Pty=0', ...args], {
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
  });

const namesOf = (list) => list.map(({ name }) => name);

/** The names of all packages, required and optional. */
export const packageNames = namesOf([...packages, ...labPackages]);
const incomplete = (list) => list.filter((candidate) => !isComplete(candidate));

async function install(missing) {
  await step(`Installing ${namesOf(missing).join(', ')} (without starting services)`, () =>
    withoutServices(async () => {
      await apt('update');
      await apt('install', '-y', '--no-install-recommends', ...namesOf(missing));
      // The services must not start at the next boot either: the project starts its own daemons in private folders.
      const services = missing.flatMap((each) => each.services);
      if (existsSync('/run/systemd/system') && services.length > 0)
        await runQuietly('systemctl', ['disable', '--quiet', ...services]);
    }),
  );
  const stillIncomplete = incomplete(missing);
  if (stillIncomplete.length > 0)
    throw new Error(
      `apt-get installed ${namesOf(stillIncomplete).join(', ')}, but some programs or files are still missing: ` +
        `${stillIncomplete.flatMap(({ programs, files }) => [...programs, ...files]).join(', ')}.`,
    );
}

/**
 * Returns a message that says how to install OVN's programs; undefined when this script can install them, or when no
 * program is missing.
 * @param {readonly { name: string, programs: readonly string[] }[]} missing packages
 * @param {{ isDebian: boolean, isRoot: boolean }} system
 * @returns {string | undefined}
 */
export function installProblem(missing, { isDebian, isRoot }) {
  if (missing.length === 0 || (isDebian && isRoot)) return undefined;
  const names = namesOf(missing);
  if (isDebian)
    return (
      `OVN's programs are not installed. Install them and try again:\n` +
      `  sudo apt-get install --no-install-recommends ${names.join(' ')}`
    );
  return (
    `OVN's programs are not installed (missing: ${missing.flatMap(({ programs }) => programs).join(', ')}).\n` +
    `Install OVN and Open vSwitch with the package manager of your system and try again. ` +
    `The packages are ${names.join(', ')} on Debian; ovn, ovn-central, ovn-host and openvswitch on Fedora.`
  );
}

/**
 * Installs missing programs of OVN and the lab as root on Debian and Ubuntu.
 * @throws SetupError with the names of the packages when OVN's programs are missing and cannot be installed
 */
export async function ensureOvn() {
  const system = { isDebian: isDebian(), isRoot: process.getuid?.() === 0 };
  const missing = incomplete(packages);
  const problem = installProblem(missing, system);
  if (problem !== undefined) throw new SetupError(problem);
  const forLab = system.isRoot && system.isDebian ? incomplete(labPackages) : [];
  if (missing.length + forLab.length === 0) return;
  try {
    await install([...missing, ...forLab]);
  } catch (error) {
    if (incomplete(packages).length > 0)
      throw new SetupError(`The installation of OVN's programs failed. ${error.message}`);
    console.error(
      `The installation of optional packages failed: ${namesOf(incomplete(forLab)).join(', ')}. ` +
        `Without them, the lab and the test of Argo CD's health check do not work. ${error.message}`,
    );
  }
}
