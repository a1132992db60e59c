// test-ovn.mjs --release NAME [--refresh] [selection...]: runs parts of the test suite, or single suites, with the OVN
// and Open vSwitch of another Debian release. Default: the parts `integration` and `dataplane`.
import { realpathSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { debianRoot, runIn, whyNoRoots } from './debian-root.mjs';
import { program, root, setUp } from './setup.mjs';
import { SetupError } from './setup-error.mjs';

const usage = 'Usage: npm run test:ovn -- --release NAME [--refresh] [part or suite...]';

function parse() {
  try {
    const { values, positionals } = parseArgs({
      options: { release: { type: 'string' }, refresh: { type: 'boolean', default: false } },
      allowPositionals: true,
    });
    if (values.release === undefined || !/^[a-z]+$/.test(values.release))
      throw new SetupError(`--release must be the name of a Debian release, for example trixie or sid.`);
    return { ...values, selection: positionals.length === 0 ? ['integration', 'dataplane'] : positionals };
  } catch (error) {
    throw new SetupError(`${error.message}\n${usage}`);
  }
}

await program(async () => {
  const { release, refresh, selection } = parse();
  const reason = await whyNoRoots();
  if (reason !== undefined)
    throw new SetupError(`The tests cannot run with the OVN of another release: ${reason}.`);
  const runtime = await setUp({ ovn: false });
  const folder = await debianRoot(release, { refresh });
  const { KUBEBUILDER_ASSETS, CI, TERM = 'dumb' } = process.env;
  const folders = [
    root,
    realpathSync(join(root, 'node_modules')),
    ...(KUBEBUILDER_ASSETS ? [KUBEBUILDER_ASSETS] : []),
  ];
  return runIn(folder, folders, [runtime, join(root, 'scripts/run.mjs'), 'scripts/test.mjs', ...selection], {
    cwd: root,
    env: {
      PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
      HOME: '/root',
      LANG: 'C.UTF-8',
      TERM,
      ...(KUBEBUILDER_ASSETS && { KUBEBUILDER_ASSETS }),
      ...(CI && { CI }),
    },
  });
});
