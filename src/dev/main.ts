#!/usr/bin/env node
/** The program `overlay-network` in a checkout: the production commands plus the commands of the development cluster. */
import process from 'node:process';
import { nodeProblem } from '../process/node-version.ts';

const problem = nodeProblem(process.version);
if (problem !== undefined) {
  process.stderr.write(`${problem}\n`);
  process.exit(1);
}

const [{ devCommands }, { startProgram }] = await Promise.all([
  import('./cli/commands.ts'),
  import('../cli/start.ts'),
]);
await startProgram(devCommands);
