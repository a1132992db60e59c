// run.mjs [--without-ovn] <program> [argument...]: completes the set-up, then runs a program of this project with the
// project's version of Node. `--without-ovn` does not install OVN's programs, for programs that do not need them.
import { join } from 'node:path';
import { runHere } from './child.mjs';
import { program, root, setUp } from './setup.mjs';

await program(async () => {
  const given = process.argv.slice(2);
  const ovn = given[0] !== '--without-ovn';
  const [file, ...args] = ovn ? given : given.slice(1);
  const runtime = await setUp({ ovn });
  const path = `${join(root, 'node_modules/.bin')}:${process.env.PATH ?? ''}`;
  return runHere(runtime, ['--disable-warning=ExperimentalWarning', join(root, file), ...args], {
    env: { ...process.env, PATH: path },
  });
});
