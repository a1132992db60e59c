import { existsSync, globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readCrds } from '../generate/crds.ts';
import { ScaffoldError } from './error.ts';
import type { KindNames } from './names.ts';

/**
 * Checks that nothing in the repository uses the names of a new kind.
 *
 * @throws ScaffoldError for the first name that exists
 */
export function checkCollisions(root: string, names: KindNames, files: readonly string[]): void {
  checkResources(root, names);
  checkTypes(root, names);
  const registry = readFileSync(join(root, 'src/controllers/kinds.ts'), 'utf8');
  if (new RegExp(`\\b(const|function|import \\{|import type \\{) ${names.camel}\\b`).test(registry))
    throw refused(`src/controllers/kinds.ts already declares "${names.camel}"`, 'choose another name');
  for (const file of [`src/controllers/${names.singular}`, ...files])
    if (existsSync(join(root, file))) throw refused(`${file} already exists`, 'choose another name');
}

/** The names of the resources in one API group are unique: plural, singular, short names and kinds share one space. */
function checkResources(root: string, { kind, singular, plural, shortName }: KindNames): void {
  for (const { spec } of readCrds(join(root, 'crds'))) {
    const { names } = spec;
    const taken = [names.plural, names.singular, ...names.shortNames];
    if (names.kind.toLowerCase() === singular)
      throw refused(`The kind ${names.kind} already exists`, 'choose another name');
    const options = [
      [singular, `choose another name than ${kind}`],
      [plural, 'choose another plural with --plural'],
      [shortName, 'choose another short name with --short-name'],
    ] as const;
    for (const [name, remedy] of options)
      if (taken.includes(name))
        throw refused(`The kind ${names.kind} already uses the name "${name}"`, remedy);
  }
}

/** The generated types of the kind become exports of src/api. */
function checkTypes(root: string, { kind }: KindNames): void {
  for (const file of globSync('src/api/**/*.ts', { cwd: root })) {
    const text = readFileSync(join(root, file), 'utf8');
    const found = new RegExp(
      `^export .*\\b(?:interface|type|const|function|class) (${kind}(?:Spec|Status)?)\\b`,
      'm',
    ).exec(text);
    if (found !== null) throw refused(`${file} already exports "${found[1] ?? kind}"`, 'choose another name');
  }
}

const refused = (problem: string, remedy: string): ScaffoldError =>
  new ScaffoldError(`${problem}; ${remedy}.`);
