import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { format, resolveConfig } from 'prettier';
import type { Given } from './arguments.ts';
import { checkCollisions } from './collisions.ts';
import { crdFile, crdText } from './crd.ts';
import { ScaffoldError } from './error.ts';
import { exampleText } from './example.ts';
import { controllerText, indexText, kindText, planText } from './module.ts';
import { edits } from './edits.ts';
import { testText } from './unit-test.ts';

/** The new files of a kind: path → text, not yet formatted. */
function newFiles(root: string, given: Given): ReadonlyMap<string, string> {
  const folder = `src/controllers/${given.singular}`;
  return new Map([
    [crdFile(given), crdText(root, given)],
    [`${folder}/index.ts`, indexText(given)],
    [`${folder}/kind.ts`, kindText(given)],
    [`${folder}/controller.ts`, controllerText(given)],
    [`${folder}/plan.ts`, planText(given)],
    [`examples/${given.kebab}.yaml`, exampleText(root, given)],
    [`test/unit/controllers/${given.kebab}.test.ts`, testText(given)],
  ]);
}

/**
 * Creates the files of a kind, adds the kind to the lists that are not derived, runs the generator, and records the rows
 * of the example. Writes nothing when a name is taken or a list is not where the scaffold expects it.
 *
 * @throws ScaffoldError when a name is taken, an edit does not fit, or a generated test fails
 */
export async function createKind(root: string, given: Given, print: (line: string) => void): Promise<void> {
  const created = newFiles(root, given);
  const golden = `test/unit/controllers/golden/${given.kebab}.yaml`;
  checkCollisions(root, given, [...created.keys(), golden]);
  const edited = new Map(
    edits(given).map(({ file, edit }) => [file, edit(readFileSync(join(root, file), 'utf8'))]),
  );
  for (const [file, text] of [...created, ...edited]) await write(root, file, text);
  const generated = run(root, [join(root, 'scripts/generate.ts')]);
  run(root, [...jest(root), 'test/unit/controllers/examples.test.ts', '-t', `[ /]${given.kebab}\\.yaml`], {
    UPDATE_GOLDEN: '1',
  });
  run(root, [...jest(root), `test/unit/controllers/${given.kebab}.test.ts`]);
  report(given, { created: [...created.keys(), golden], edited: [...edited.keys()], generated }, print);
}

async function write(root: string, file: string, text: string): Promise<void> {
  const path = join(root, file);
  mkdirSync(dirname(path), { recursive: true });
  const config = await resolveConfig(path);
  writeFileSync(path, await format(text, { ...config, filepath: path }));
}

const jest = (root: string): readonly string[] => [
  '--experimental-vm-modules',
  '--no-warnings',
  join(root, 'node_modules/jest/bin/jest.js'),
];

/** Runs a program of Node in a process of its own, because this process has loaded the modules without the new kind. */
function run(root: string, args: readonly string[], env: Readonly<Record<string, string>> = {}): string {
  const { status, stdout, stderr } = spawnSync(process.execPath, args, {
    cwd: root,
    encoding: 'utf8',
    env: { ...process.env, ...env },
  });
  if (status === 0) return stdout;
  throw new ScaffoldError(
    `The files of the kind are written, but this command failed:\n  node ${args.join(' ')}\n${stdout}${stderr}`,
  );
}

interface Changes {
  readonly created: readonly string[];
  readonly edited: readonly string[];
  /** The output of the generator. */
  readonly generated: string;
}

function report(given: Given, { created, edited, generated }: Changes, print: (line: string) => void): void {
  const { kind, kebab } = given;
  const folder = `src/controllers/${given.singular}`;
  const lines = (paths: readonly string[]): string => paths.map((path) => `  ${path}`).join('\n');
  print(`Created the kind ${kind}:
${lines(created)}
Added ${kind} to:
${lines(edited)}
Generated:
${lines(
  generated
    .trim()
    .split('\n')
    .map((line) => line.replace(/^wrote /, '')),
)}

These edits remain (docs/adding-a-kind.md explains them):
  1. ${crdFile(given)}: the fields, rules and printer columns; then run \`npm run generate\`
  2. ${folder}/kind.ts: the references and indexes
  3. ${folder}/controller.ts: the checks of an object and its status
  4. ${folder}/plan.ts: the rows
  5. examples/${kebab}.yaml: a useful example; then record its rows with UPDATE_GOLDEN=1
  6. test/unit/controllers/${kebab}.test.ts: a test for each check and for the rows
  7. test/integration/crds/good-input.ts: specs that the API server must accept
  8. src/api/reasons.ts, if the kind has problems that no other kind has: their reasons
The texts in README.md, docs/concepts.md, docs/glossary.md and CHANGELOG.md come from --description.`);
}
