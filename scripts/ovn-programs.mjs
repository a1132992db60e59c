// OVN's and Open vSwitch's programs, and those that the lab uses (docs/lab.md), which come from the system's packages.
import { accessSync, chmodSync, constants, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { constants as os } from 'node:os';
import { join } from 'node:path';
import { runQuietly } from './child.mjs';
import { step } from './progress.mjs';
import { SetupError } from './setup-error.mjs';

/** Debian's packages; the programs and files that we use of each; the service that it would start. */
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

/** What the lab uses besides (only root can have a lab), and the Lua that Argo CD's health check is tested with. Who has none does without. */
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

const policy = '/usr/sbin/policy-rc.d';

/** Runs `work` while Debian's packages are told to start no service (invoke-rc.d's policy layer, exit 101: "not allowed"). */
async function withoutServices(work) {
  if (existsSync(policy)) return work();
  const remove = () => rmSync(policy, { force: true });
  writeFileSync(policy, '#!/bin/sh\nexit 101\n');
  chmodSync(policy, 0o755);
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

const namesOf = (some) => some.map(({ name }) => name);
const incomplete = (some) => some.filter((candidate) => !isComplete(candidate));

async function install(missing) {
  await step(`Installing ${namesOf(missing).join(', ')} (no service is started)`, () =>
    withoutServices(async () => {
      await apt('update');
      await apt('install', '-y', '--no-install-recommends', ...namesOf(missing));
      // Nor at the next boot: the project starts its own, in private folders.
      const services = missing.flatMap((each) => each.services);
      if (existsSync('/run/systemd/system') && services.length > 0)
        await runQuietly('systemctl', ['disable', '--quiet', ...services]);
    }),
  );
  const still = namesOf(incomplete(missing));
  if (still.length > 0) throw new Error(`${still.join(', ')} installed, and yet its programs are not there.`);
}

/**
 * What to tell a person for whom OVN's programs cannot be installed; undefined where they can, or where none is missing.
 * @param {readonly { name: string, programs: readonly string[] }[]} missing packages
 * @param {{ isDebian: boolean, isRoot: boolean }} system
 * @returns {string | undefined}
 */
export function installProblem(missing, { isDebian, isRoot }) {
  if (missing.length === 0 || (isDebian && isRoot)) return undefined;
  const names = namesOf(missing);
  if (isDebian)
    return (
      `OVN's programs are missing. Install them, and try again:\n` +
      `  sudo apt-get install --no-install-recommends ${names.join(' ')}`
    );
  return (
    `OVN's programs are missing (${missing.flatMap(({ programs }) => programs).join(', ')}).\n` +
    `Install OVN and Open vSwitch with your system's package manager, and try again. ` +
    `The packages are called ${names.join(', ')} on Debian; ovn, ovn-central, ovn-host and openvswitch on Fedora.`
  );
}

/** Installs what is missing of OVN's programs where that is ours to do; else says which packages to install. */
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
      throw new SetupError(`OVN's programs could not be installed. ${error.message}`);
    console.error(
      `Not installed: ${namesOf(incomplete(forLab)).join(', ')}. Everything but the lab and the test of Argo CD's health check works without. ${error.message}`,
    );
  }
}
