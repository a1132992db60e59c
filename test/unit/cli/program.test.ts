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
  it('prints its version', async () => {
    expect(await called('version')).toEqual({
      code: 0,
      stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/),
      stderr: '',
    });
    expect(await called('--version')).toEqual(await called('version'));
  });

  it('prints its commands and exit codes when asked for help', async () => {
    const { code, stdout, stderr } = await called('help');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    for (const word of ['run', 'dev', 'demo', 'version', 'Exit status: 0']) expect(stdout).toContain(word);
    expect(await called('--help')).toEqual(await called('help'));
  });

  it('counts no command at all as a wrong call, and prints the help as a complaint', async () => {
    expect(await called()).toEqual({ code: 2, stdout: '', stderr: (await called('help')).stdout });
  });

  it.each([['destroy'], ['constructor'], ['Dev'], ['']])(
    'ends with 2 for the unknown command "%s"',
    async (name) => {
      const { code, stdout, stderr } = await called(name);
      expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
      expect(stderr).toBe(`overlay-network: there is no command "${name}"\nSee: overlay-network help\n`);
    },
  );

  it('ends with 2 for help on an unknown command', async () => {
    expect((await called('help', 'nothing')).code).toBe(2);
  });
});

describe('the options of a command', () => {
  const options = {
    keep: { type: 'boolean', help: 'stay' },
    dir: { type: 'string', value: 'DIR', help: 'where' },
  } as const;

  it('are read by name', () => {
    expect(parseOptions(['--keep', '--dir', '/x'], options)).toEqual({ keep: true, dir: '/x' });
    expect(parseOptions(['--dir=/x'], options)).toEqual({ dir: '/x' });
    expect(parseOptions([], options)).toEqual({});
  });

  it.each([[['--kep']], [['more']], [['--dir']], [['--keep=yes']]])('are refused in one line: %j', (args) => {
    expect(() => parseOptions(args, options)).toThrow(UsageError);
    expect(() => parseOptions(args, options)).toThrow(/^[^\n]+$/);
  });

  it('are described in columns', () => {
    expect(describeOptions(options)).toBe('  --keep     stay\n  --dir DIR  where');
  });

  it('hold every setting of the configuration', () => {
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
