#!/usr/bin/env node
/** The program `overlay-network`: checks Node, then hands over to src/cli. */
import process from 'node:process';
import { nodeProblem } from './process/node-version.ts';

const problem = nodeProblem(process.version);
if (problem !== undefined) {
  process.stderr.write(`${problem}\n`);
  process.exit(1);
}

// Before the large modules are loaded. Only the operator, which is restarted again and again, keeps compiled modules.
if (process.argv[2] === 'run') (await import('./process/compile-cache.ts')).keepCompiled(process.env);
const [{ commands }, { startProgram }] = await Promise.all([
  import('./cli/commands.ts'),
  import('./cli/start.ts'),
]);
await startProgram(commands);
