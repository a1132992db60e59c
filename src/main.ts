#!/usr/bin/env node
/** The program `overlay-network`: checks the version of Node, then starts src/cli. */
import process from 'node:process';
import { nodeProblem } from './process/node-version.ts';

const problem = nodeProblem(process.version);
if (problem !== undefined) {
  process.stderr.write(`${problem}\n`);
  process.exit(1);
}

// The cache must be enabled before the large modules are loaded. Only `run` uses it, because the operator restarts
// often.
if (process.argv[2] === 'run')
  (await import('./process/compile-cache.ts')).enableUserCompileCache(process.env);
const [{ commands }, { startProgram }] = await Promise.all([
  import('./cli/commands.ts'),
  import('./cli/start.ts'),
]);
await startProgram(commands);
