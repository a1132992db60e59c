/**
 * `npm run new-kind -- NAME [--plural PLURAL] [--short-name SHORT] [--description SENTENCE]` creates the skeleton of a
 * namespaced kind and adds the kind to every list that is not derived. docs/adding-a-kind.md explains the next steps.
 */
import { join } from 'node:path';
import { ARGUMENTS_HELP, readArguments } from './new-kind/arguments.ts';
import { createKind } from './new-kind/create.ts';
import { ScaffoldError } from './new-kind/error.ts';

const root = join(import.meta.dirname, '..');

try {
  const given = readArguments(process.argv.slice(2));
  if (given === 'help') console.log(ARGUMENTS_HELP);
  else await createKind(root, given, (line) => console.log(line));
} catch (error) {
  if (!(error instanceof ScaffoldError)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}
