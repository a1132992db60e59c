import { expect, it } from '@jest/globals';
import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { minimalValues, render } from '../support/chart/chart.ts';
import { describeDataPlane } from '../support/dataplane/describe.ts';

interface Container {
  readonly command: readonly [shell: string, flags: string, script: string, ...rest: string[]];
  readonly securityContext: { readonly capabilities: { readonly add: readonly string[] } };
}

const probe = join(import.meta.dirname, '../support/dataplane/confined-host.ts');

const containerOf = (values: typeof minimalValues): Container => {
  const set = render(values).find(({ kind }) => kind === 'DaemonSet')!;
  return (set['spec'] as { template: { spec: { containers: [Container] } } }).template.spec.containers[0];
};

/**
 * Runs the probe as root with these capabilities, in a file system like in a container: /proc/sys is read-only, and
 * /run/netns is private. Returns the probe's output.
 */
async function run(
  capabilities: readonly string[],
  [shell, flags, script]: Container['command'],
): Promise<string> {
  const sets = ['-all', ...capabilities.map((each) => `+${each.toLowerCase()}`)].join(',');
  const confine = `
    mount --make-rprivate /
    mkdir -p /run/netns
    mount -t tmpfs tmpfs /run/netns
    mount --bind /proc/sys /proc/sys
    mount -o remount,bind,ro /proc/sys
    exec setpriv --bounding-set='${sets}' --inh-caps='${sets}' -- "$@"`;
  const program = script.replace(
    'node dist/main.js',
    `'${process.execPath}' --disable-warning=ExperimentalWarning`,
  );
  expect(program).not.toBe(script);
  const args = [
    '--net',
    '--mount',
    'sh',
    '-ec',
    confine,
    'sh',
    shell,
    flags,
    program,
    'sh',
    probe,
    randomUUID(),
  ];
  try {
    const { stdout } = await promisify(execFile)('unshare', args, { timeout: 60_000 });
    return stdout;
  } catch (error) {
    return `failed: ${(error as Error).message}`;
  }
}

describeDataPlane("the capabilities of the metadata agent's container", () => {
  const { command, securityContext } = containerOf({ ...minimalValues, metadataAgent: { enabled: true } });
  const { add } = securityContext.capabilities;

  it('suffice to create a namespace, to listen in it, and to remove it', async () => {
    expect(await run(add, command)).toBe('serving\nleft: 0\n');
  });

  it.each(add.map((each) => [each]))('do not suffice without %s', async (missing) => {
    const fewer = add.filter((each) => each !== missing);
    expect(await run(fewer, command)).toMatch(/^failed: /);
  });
});
