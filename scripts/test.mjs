// test.mjs [part or suite...]: runs the checks and every part of the test suite one after another, or only the named
// parts, suites (test/dataplane/filtering.test.ts) or folders of suites.
// The last line is `N passed, N failed`; the exit status is 0 only when nothing failed. A part without any test counts
// as failed. A part that skips all its tests with a reason does not.
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runHere } from './child.mjs';
import { debianRoot, whyNoRoots } from './debian-root.mjs';
import { SetupError } from './setup-error.mjs';
import { readReport, secondTriesProblem, skipLines, suitesToRetry, sum, summary } from './report.ts';

const root = dirname(dirname(fileURLToPath(import.meta.url)));

/**
 * The parts of the test suite. A part is the folder of that name in `test/` and in the `test/` of each package, unless
 * it has its own `folder`. Two workers use two cores, because suites mostly wait for the processes that they start. Only
 * `faults` has one worker: its suites run several clusters at the same time. A suite with real processes can fail
 * because of the machine, so it is run a second time (docs/decisions/0005-failed-suites-run-twice.md).
 */
const parts = [
  { name: 'unit', workers: 2, usesApiServer: false, secondTry: false },
  { name: 'integration', workers: 2, usesApiServer: true, secondTry: true },
  { name: 'conformance', workers: 2, usesApiServer: true, secondTry: true },
  { name: 'dataplane', workers: 2, usesApiServer: false, secondTry: true },
  { name: 'faults', workers: 1, usesApiServer: false, secondTry: true },
  {
    name: 'dev-apiserver',
    folder: 'packages/dev-apiserver/test/',
    workers: 2,
    usesApiServer: true,
    secondTry: false,
    onlyByName: true,
  },
];

/** When more suites than this fail in one part, none is run a second time: the cause is then not chance. */
const MAX_SECOND_TRIES = 3;

/** The checks of a full run. Each check counts as one test. */
const checks = [
  { name: 'lint', command: ['npm', 'run', '--silent', 'lint'] },
  { name: 'typecheck', command: ['npm', 'run', '--silent', 'typecheck'] },
  { name: 'generate', command: ['npm', 'run', '--silent', 'generate', '--', '--check'] },
];

/** The newest Debian release, and the suites that a full run repeats with the OVN of this release. */
const newest = {
  release: 'sid',
  suites: [
    'test/integration/ovn/standalone.test.ts',
    'test/integration/operator/external.test.ts',
    'test/dataplane/filtering.test.ts',
    'test/dataplane/external.test.ts',
    'test/dataplane/policy-flows.test.ts',
  ],
};

const PART_TIMEOUT_MS = 20 * 60_000;

const heading = (text) => console.log(`\n== ${text}`);
const secondsSince = (since) => `${((performance.now() - since) / 1000).toFixed(1)} s`;

// Jest colours its code frames when CI is set, even without a terminal.
const env = process.stderr.isTTY ? process.env : { ...process.env, NO_COLOR: '1' };

async function runCheck({ name, command }) {
  heading(name);
  const since = performance.now();
  const status = await runHere(command[0], command.slice(1), { cwd: root });
  console.log(`${name}: ${status === 0 ? 'passed' : 'failed'} (${secondsSince(since)})`);
  return { passed: Number(status === 0), failed: Number(status !== 0), skipped: [] };
}

/** Runs some suites with the newest OVN, as one check. */
async function runNewestOvn() {
  const reason = await whyNoRoots();
  if (reason !== undefined) {
    const skipped = [`the newest OVN (npm run test:ovn): ${reason}`];
    return { passed: 0, failed: 0, skipped };
  }
  const { release, suites } = newest;
  try {
    await debianRoot(release);
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    return { passed: 0, failed: 0, skipped: [`the newest OVN (npm run test:ovn): ${error.message}`] };
  }
  const command = ['npm', 'run', '--silent', 'test:ovn', '--', '--release', release, ...suites];
  return runCheck({ name: `the OVN of Debian ${release}`, command });
}

/** Runs Jest on the selected suites; resolves with its exit status and its report. */
async function runJest(selection, workers) {
  const temporary = mkdtempSync(join(tmpdir(), 'overlay-network-report-'));
  try {
    const report = join(temporary, 'report.json');
    const status = await runHere(
      process.execPath,
      [
        '--experimental-vm-modules',
        '--no-warnings',
        join(root, 'node_modules/jest/bin/jest.js'),
        ...selection,
        `--maxWorkers=${workers}`,
        '--json',
        `--outputFile=${report}`,
        '--verbose=false',
      ],
      {
        cwd: root,
        env,
        stdio: ['ignore', 'ignore', 'inherit'],
        timeout: PART_TIMEOUT_MS,
        killSignal: 'SIGKILL',
      },
    );
    const suites = existsSync(report) ? readReport(JSON.parse(readFileSync(report, 'utf8'))) : new Map();
    return { status, suites };
  } finally {
    rmSync(temporary, { recursive: true });
  }
}

async function runPart({ name, folder = `test/${name}/`, selection = [folder], workers, secondTry }) {
  heading(selection.join(' '));
  const since = performance.now();
  let { status, suites } = await runJest(selection, workers);
  const toRetry = secondTry && !interrupted ? suitesToRetry(suites, MAX_SECOND_TRIES) : [];
  if (toRetry.length > 0) {
    console.log(`\ntest/${name}: running ${toRetry.length} of ${suites.size} suites a second time`);
    const first = suites;
    const second = await runJest(['--runTestsByPath', ...toRetry], 1);
    status = second.status;
    suites = new Map([...first, ...second.suites]);
    for (const file of toRetry)
      if (suites.get(file).failed === 0)
        passedOnSecondTry.push(`${relative(root, file)}: ${first.get(file).failures.join('; ')}`);
  }
  let result = sum(suites.values());
  if (status !== 0 && result.failed === 0) {
    console.log(`test/${name}: Jest failed with exit status ${status}, but no test failed.`);
    result = { ...result, failed: 1 };
  }
  if (result.passed + result.failed + result.skipped.length === 0) {
    console.log(`test/${name}: Jest found no tests.`);
    result = { ...result, failed: 1 };
  }
  const skipped = result.skipped.length > 0 ? `, ${result.skipped.length} skipped` : '';
  console.log(`test/${name}: ${summary(result)}${skipped} (${secondsSince(since)})`);
  return result;
}

function selectParts(names) {
  const suites = names.filter((name) => name.includes('/') && existsSync(join(root, name)));
  const unknown = names.filter((name) => !parts.some((part) => part.name === name) && !suites.includes(name));
  if (unknown.length > 0) {
    console.error(
      `Unknown part of the test suite: ${unknown.join(', ')}. The parts are ${parts.map(({ name }) => name).join(', ')}.`,
    );
    process.exit(2);
  }
  return [
    ...parts.filter(({ name, onlyByName }) => (names.length === 0 ? !onlyByName : names.includes(name))),
    ...(suites.length === 0 ? [] : [partOf(suites)]),
  ];
}

/** A part that consists of single suites or folders. */
const partOf = (suites) => ({
  name: 'selected suites',
  selection: suites,
  workers: 2,
  usesApiServer: true,
  secondTry: true,
});

const names = process.argv.slice(2);
const results = [];
/** The suites that failed and then passed on the second try, with their failures. */
const passedOnSecondTry = [];
const selectedParts = selectParts(names);
const work = [
  ...(names.length === 0 ? checks.map((check) => () => runCheck(check)) : []),
  ...selectedParts.map((part) => () => runPart(part)),
  ...(names.length === 0 ? [runNewestOvn] : []),
];

let interrupted = false;
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => (interrupted = true));
for (const run of work) {
  results.push(await run());
  if (interrupted) {
    console.log('\nInterrupted.');
    process.exit(130);
  }
}

const problem = secondTriesProblem(passedOnSecondTry, Boolean(process.env.CI));
if (problem !== undefined) results.push({ passed: 0, failed: 1, skipped: [] });
const total = sum(results);
console.log('');
if (!process.env.KUBEBUILDER_ASSETS && selectedParts.some(({ usesApiServer }) => usesApiServer))
  console.log(
    'skipped: all tests on a real API server (set KUBEBUILDER_ASSETS to a folder with kube-apiserver and etcd)',
  );
for (const line of skipLines(total)) console.log(line);
for (const suite of passedOnSecondTry) console.log(`passed on the second try only: ${suite}`);
if (problem !== undefined) console.log(problem);
console.log(summary(total));
process.exitCode = total.failed === 0 ? 0 : 1;
