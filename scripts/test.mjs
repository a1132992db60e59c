// test.mjs [part...]: runs the checks and every part of the test suite, or only the parts named, one after another.
// Ends with a line `N passed, N failed`; exit status 0 only when nothing failed. A part that
// finds no test counts as failed; one that can say why it skips all of its tests does not.
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runHere } from './child.mjs';
import { readReport, skipLines, sum, summary, toRepeat } from './report.ts';

const root = dirname(dirname(fileURLToPath(import.meta.url)));

/**
 * Each part is a folder of test/ and of the test folder of each package, unless the part names another one. In parts with programs of their own most of the time is theirs: two suites side by side
 * use two cores well. What fails there may be the machine's doing, and gets a second try
 * (docs/decisions/0005-a-second-try-is-seen.md). The suite of faults runs side by side by itself.
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

/** Where more suites than this fail, something is broken, and nothing is tried again. */
const mostSecondTries = 3;

/** Each check counts as one test of a full run. */
const checks = [
  { name: 'lint', command: ['npm', 'run', '--silent', 'lint'] },
  { name: 'typecheck', command: ['npm', 'run', '--silent', 'typecheck'] },
  { name: 'generate', command: ['npm', 'run', '--silent', 'generate', '--', '--check'] },
];

/** Milliseconds that one part may take before it counts as hung. */
const partTimeoutMs = 20 * 60_000;

const heading = (text) => console.log(`\n== ${text}`);
const secondsSince = (since) => `${((performance.now() - since) / 1000).toFixed(1)} s`;

// Jest's code frames are coloured wherever CI is set, terminal or not.
const env = process.stderr.isTTY ? process.env : { ...process.env, NO_COLOR: '1' };

async function runCheck({ name, command }) {
  heading(name);
  const since = performance.now();
  const status = await runHere(command[0], command.slice(1), { cwd: root });
  console.log(`${name}: ${status === 0 ? 'passed' : 'failed'} (${secondsSince(since)})`);
  return { passed: Number(status === 0), failed: Number(status !== 0), skipped: [] };
}

/** Runs jest on what `selection` names; resolves with its exit status and what it reports. */
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
        timeout: partTimeoutMs,
        killSignal: 'SIGKILL',
      },
    );
    const suites = existsSync(report) ? readReport(JSON.parse(readFileSync(report, 'utf8'))) : new Map();
    return { status, suites };
  } finally {
    rmSync(temporary, { recursive: true });
  }
}

async function runPart({ name, folder = `test/${name}/`, workers, secondTry }) {
  heading(folder);
  const since = performance.now();
  let { status, suites } = await runJest([folder], workers);
  const again = secondTry && !interrupted ? toRepeat(suites, mostSecondTries) : [];
  if (again.length > 0) {
    console.log(`\ntest/${name}: a second try of ${again.length} of ${suites.size} suites`);
    const first = suites;
    const second = await runJest(['--runTestsByPath', ...again], 1);
    status = second.status;
    suites = new Map([...first, ...second.suites]);
    for (const file of again)
      if (suites.get(file).failed === 0)
        onSecondTry.push(`${relative(root, file)}: ${first.get(file).failures.join('; ')}`);
  }
  let result = sum(suites.values());
  if (status !== 0 && result.failed === 0) {
    console.log(`test/${name} ended with status ${status}.`);
    result = { ...result, failed: 1 };
  }
  if (result.passed + result.failed + result.skipped.length === 0) {
    console.log(`test/${name} ran no test.`);
    result = { ...result, failed: 1 };
  }
  const skipped = result.skipped.length > 0 ? `, ${result.skipped.length} skipped` : '';
  console.log(`test/${name}: ${summary(result)}${skipped} (${secondsSince(since)})`);
  return result;
}

function chosen(names) {
  const unknown = names.filter((name) => !parts.some((part) => part.name === name));
  if (unknown.length > 0) {
    console.error(
      `No such part: ${unknown.join(', ')}. There are ${parts.map(({ name }) => name).join(', ')}.`,
    );
    process.exit(2);
  }
  return parts.filter(({ name, onlyByName }) => (names.length === 0 ? !onlyByName : names.includes(name)));
}

const names = process.argv.slice(2);
const results = [];
/** What failed, and passed when its suite was run once more. */
const onSecondTry = [];
const toRun = chosen(names);
const work = [
  ...(names.length === 0 ? checks.map((check) => () => runCheck(check)) : []),
  ...toRun.map((part) => () => runPart(part)),
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

const total = sum(results);
console.log('');
if (!process.env.KUBEBUILDER_ASSETS && toRun.some(({ usesApiServer }) => usesApiServer))
  console.log(
    'skipped: everything on a real API server (KUBEBUILDER_ASSETS names no folder with kube-apiserver and etcd)',
  );
for (const line of skipLines(total)) console.log(line);
for (const what of onSecondTry) console.log(`passed at the second try only: ${what}`);
console.log(summary(total));
process.exitCode = total.failed === 0 ? 0 : 1;
