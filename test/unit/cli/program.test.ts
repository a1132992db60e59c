import { describe, expect, it } from '@jest/globals';
import { PassThrough } from 'node:stream';
import { UsageError } from '../../../src/cli/io.ts';
import { configOptions, describeOptions, parseOptions } from '../../../src/cli/arguments.ts';
import { runProgram } from '../../../src/cli/program.ts';

const called = async (...args: string[]) => {
  const stdout = new PassThrough();
  const stderr = new PassThrough();
  const code = await runProgram(args, { stdout, stderr, env: {}, signal: new AbortController().signal });
  const read = (stream: PassThrough): string => String(stream.read() ?? '');
  return { code, stdout: read(stdout), stderr: read(stderr) };
};

describe('overlay-network', () => {
  it('prints its version for `version` and `--version`', async () => {
    expect(await called('version')).toEqual({
      code: 0,
      stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/),
      stderr: '',
    });
    expect(await called('--version')).toEqual(await called('version'));
  });

  it('prints its commands and exit statuses for `help` and `--help`', async () => {
    const { code, stdout, stderr } = await called('help');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    for (const word of ['run', 'dev', 'demo', 'version', 'Exit status: 0']) expect(stdout).toContain(word);
    expect(await called('--help')).toEqual(await called('help'));
  });

  it('exits with status 2 without a command, and prints the help on standard error', async () => {
    expect(await called()).toEqual({ code: 2, stdout: '', stderr: (await called('help')).stdout });
  });

  it.each([['destroy'], ['constructor'], ['Dev'], ['']])(
    'exits with status 2 for the unknown command "%s"',
    async (name) => {
      const { code, stdout, stderr } = await called(name);
      expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
      expect(stderr).toBe(
        `overlay-network: Unknown command "${name}"\nRun \`overlay-network help\` for the commands and options.\n`,
      );
    },
  );

  it('exits with status 2 for help on an unknown command', async () => {
    expect((await called('help', 'nothing')).code).toBe(2);
  });
});

describe('the options of a command', () => {
  const options = {
    keep: { type: 'boolean', help: 'stay' },
    dir: { type: 'string', value: 'DIR', help: 'where' },
  } as const;

  it('are parsed by their names', () => {
    expect(parseOptions(['--keep', '--dir', '/x'], options)).toEqual({ keep: true, dir: '/x' });
    expect(parseOptions(['--dir=/x'], options)).toEqual({ dir: '/x' });
    expect(parseOptions([], options)).toEqual({});
  });

  it.each([[['--kep']], [['more']], [['--dir']], [['--keep=yes']]])(
    'are rejected with a message of one line when they are invalid: %j',
    (args) => {
      expect(() => parseOptions(args, options)).toThrow(UsageError);
      expect(() => parseOptions(args, options)).toThrow(/^[^\n]+$/);
    },
  );

  it('are described in columns in the help', () => {
    expect(describeOptions(options)).toBe('  --keep     stay\n  --dir DIR  where');
  });

  it('include every setting of the configuration', () => {
    expect(Object.keys(configOptions)).toEqual(
      expect.arrayContaining([
        'config',
        'kubeconfig',
        'ovn-nb-endpoint',
        'cidr-pool',
        'leader-election-enabled',
      ]),
    );
  });
});
