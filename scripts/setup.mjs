// Installs what a fresh clone lacks: the npm packages, OVN's programs, and the version of Node for the project.
// This is plain JavaScript without packages, because any installed Node (18 or newer) must be able to run it.
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { runQuietly } from './child.mjs';
import { ensureOvn } from './ovn-programs.mjs';
import { step } from './progress.mjs';
import { SetupError } from './setup-error.mjs';

export const root = dirname(dirname(fileURLToPath(import.meta.url)));

const manifest = (path) => JSON.parse(readFileSync(join(root, path), 'utf8'));

/** Whether node_modules matches package-lock.json. Compares contents, because a check-out changes file times. */
function packagesAreCurrent() {
  if (!existsSync(join(root, 'node_modules/.package-lock.json'))) return false;
  const wanted = manifest('package-lock.json').packages;
  const installed = manifest('node_modules/.package-lock.json').packages;
  const same = (a, b) =>
    a !== undefined && b !== undefined && a.version === b.version && a.integrity === b.integrity;
  return (
    Object.keys(installed).every((path) => same(wanted[path], installed[path])) &&
    Object.entries(wanted).every(
      ([path, entry]) => path === '' || entry.optional || same(entry, installed[path]),
    )
  );
}

async function ensurePackages() {
  if (packagesAreCurrent()) return;
  // Without the Node in node_modules, because npm replaces it.
  const path = (process.env.PATH ?? '')
    .split(':')
    .filter((folder) => folder !== join(root, 'node_modules/.bin'))
    .join(':');
  try {
    await step('Installing npm packages', () =>
      runQuietly('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], {
        cwd: root,
        env: { ...process.env, PATH: path },
      }),
    );
  } catch (error) {
    throw new SetupError(`The installation of the npm packages failed. ${error.message}`);
  }
}

/**
 * Whether `version` is `minVersion` or newer.
 * @param {string} version for example v20.20.2
 * @param {string} minVersion for example 22.19
 */
export const atLeast = (version, minVersion) => {
  const [major = 0, minor = 0] = version.replace(/^v/, '').split('.').map(Number);
  const [minMajor, minMinor] = minVersion.split('.').map(Number);
  return major > minMajor || (major === minMajor && minor >= minMinor);
};

/**
 * The Node to run the project with: the version from npm if it works on this system, or else the current Node.
 * @throws SetupError when the current Node is too old
 */
async function findRuntime() {
  const pinned = join(root, 'node_modules/.bin/node');
  if (existsSync(pinned)) {
    try {
      await runQuietly(pinned, ['--version']);
      return pinned;
    } catch {
      // The build does not start on this system, for example because it has no glibc.
    }
  }
  const minVersion = manifest('package.json').engines.node.replace('>=', '');
  if (atLeast(process.version, minVersion)) return process.execPath;
  throw new SetupError(
    `overlay-network requires Node ${minVersion} or newer; this is ${process.version}. Install a newer version and try again.`,
  );
}

/**
 * Installs what a fresh clone lacks.
 * @param options.ovn whether to install OVN's programs too
 * @returns the path of the Node to run the project with
 * @throws SetupError when the set-up cannot be completed
 */
export async function setUp({ ovn = true } = {}) {
  await ensurePackages();
  const runtime = await findRuntime();
  if (ovn) await ensureOvn();
  return runtime;
}

/** Runs `main` as a program: its result is the exit status. Prints a SetupError without a stack trace. */
export async function program(main) {
  try {
    process.exitCode = await main();
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    console.error(error.message);
    process.exitCode = 1;
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  await program(async () => {
    const runtime = await setUp();
    console.log(`The set-up is complete: npm packages, OVN's programs, and Node (${runtime}).`);
    return 0;
  });
}
