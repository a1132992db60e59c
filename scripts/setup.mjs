// Everything that a fresh clone lacks: the npm packages, OVN's programs, and the Node that the project runs on.
// Plain JavaScript without packages, since this runs on whatever Node (18 or newer) a machine has.
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { runQuietly } from './child.mjs';
import { ensureOvn } from './ovn-programs.mjs';
import { step } from './progress.mjs';
import { SetupError } from './setup-error.mjs';

export const root = dirname(dirname(fileURLToPath(import.meta.url)));

const manifest = (path) => JSON.parse(readFileSync(join(root, path), 'utf8'));

/** Whether node_modules holds what package-lock.json asks for. By content: a check-out changes file times. */
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
  // Not with the Node in node_modules, which npm is about to replace.
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
    throw new SetupError(`The npm packages could not be installed. ${error.message}`);
  }
}

/**
 * @param {string} version such as v20.20.2
 * @param {string} wanted such as 22.19
 */
export const atLeast = (version, wanted) => {
  const [major = 0, minor = 0] = version.replace(/^v/, '').split('.').map(Number);
  const [wantedMajor, wantedMinor] = wanted.split('.').map(Number);
  return major > wantedMajor || (major === wantedMajor && minor >= wantedMinor);
};

/** The Node to run the project on: the one from npm where there is one for this system, else this one if it is new enough. */
async function findRuntime() {
  const pinned = join(root, 'node_modules/.bin/node');
  if (existsSync(pinned)) {
    try {
      await runQuietly(pinned, ['--version']);
      return pinned;
    } catch {
      // A system on which that build does not start, such as one without glibc.
    }
  }
  const wanted = manifest('package.json').engines.node.replace('>=', '');
  if (atLeast(process.version, wanted)) return process.execPath;
  throw new SetupError(
    `overlay-network needs Node ${wanted} or newer, and this is ${process.version}: install a newer one and try again.`,
  );
}

/**
 * Completes what a fresh clone lacks.
 * @param options.ovn whether OVN's programs are needed
 * @returns the path of the Node to run the project on
 * @throws SetupError whose message tells a person what to do
 */
export async function setUp({ ovn = true } = {}) {
  await ensurePackages();
  const runtime = await findRuntime();
  if (ovn) await ensureOvn();
  return runtime;
}

/** Runs `main` as a program: its result is the exit status, and a SetupError is told without a stack trace. */
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
    console.log(`Ready: npm packages, OVN's programs, and ${runtime}.`);
    return 0;
  });
}
