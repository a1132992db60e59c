// Folders with the packages of another Debian release, in which programs run with the programs of this release.
import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { runHere, runQuietly } from './child.mjs';
import { packageNames } from './ovn-programs.mjs';
import { step } from './progress.mjs';
import { SetupError } from './setup-error.mjs';

/** The folders and files of this machine that are visible at the same path in each root. */
const shared = ['/proc', '/sys', '/dev'];

/**
 * Why this machine cannot run programs of another release; undefined if it can.
 * @returns {Promise<string | undefined>}
 */
export async function whyNoRoots() {
  if (process.getuid?.() !== 0) return 'only root can run programs in another root folder';
  for (const program of ['debootstrap', 'unshare', 'chroot'])
    try {
      await runQuietly('sh', ['-c', `command -v ${program}`]);
    } catch {
      return `the program ${program} is not installed`;
    }
  return undefined;
}

const cacheFolder = () => {
  const folders = [
    '/var/cache/overlay-network-roots',
    join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'overlay-network-roots'),
  ];
  for (const folder of folders) {
    try {
      mkdirSync(folder, { recursive: true });
      return folder;
    } catch {
      // The next folder.
    }
  }
  throw new SetupError(`No cache folder can be created: ${folders.join(', ')}.`);
};

/**
 * The root folder of a release with all packages that the project uses. Creates the folder if it does not exist, which
 * takes some minutes.
 * @param {string} release for example trixie
 * @param {{ refresh?: boolean }} options `refresh` creates the folder again
 * @throws SetupError when debootstrap fails
 */
export async function debianRoot(release, { refresh = false } = {}) {
  const root = join(cacheFolder(), release);
  const complete = join(root, 'overlay-network-complete');
  if (existsSync(complete) && !refresh) return root;
  const unfinished = `${root}.new`;
  for (const folder of [unfinished, root]) rmSync(folder, { recursive: true, force: true });
  const include = ['ca-certificates', 'procps', ...packageNames].join(',');
  const flags = ['--variant=minbase', `--include=${include}`, release, unfinished];
  try {
    await step(`Installing Debian ${release} in ${root}`, () => runQuietly('debootstrap', flags));
  } catch (error) {
    throw new SetupError(`The installation of Debian ${release} failed. ${error.message}`);
  }
  renameSync(unfinished, root);
  writeFileSync(complete, '');
  return root;
}

/**
 * Runs a program in a root folder, in a mount namespace of its own; resolves with its exit status. `folders` of this
 * machine are visible at the same paths.
 */
export function runIn(root, folders, command, { cwd, env }) {
  const script = [
    'set -e',
    'root=$1; cwd=$2; shift 2',
    'mount --rbind "$root" "$root"',
    'mount -t tmpfs tmpfs "$root/run"; mount -t tmpfs tmpfs "$root/tmp"',
    'while [ "$1" != -- ]; do mkdir -p "$root$1"; mount --rbind "$1" "$root$1"; shift; done; shift',
    'cp /etc/resolv.conf "$root/run/resolv.conf"; ln -sf /run/resolv.conf "$root/etc/resolv.conf"',
    // `ip netns` needs mounts that other processes in the root see.
    'mount --make-rshared "$root/run"',
    'exec chroot "$root" sh -c \'cd "$1"; shift; exec "$@"\' sh "$cwd" "$@"',
  ].join('\n');
  const args = ['--mount', '--propagation', 'private', 'sh', '-c', script, 'sh', root, cwd];
  return runHere('unshare', [...args, ...shared, ...folders, '--', ...command], { env });
}
