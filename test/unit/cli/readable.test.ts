import { expect, it } from '@jest/globals';
import { PassThrough } from 'node:stream';
import { checkTlsFiles } from '../../../src/cli/readable.ts';
import { runProgram } from '../../../src/cli/program.ts';

it.each(['run', 'metadata-agent'])(
  '%s names every file of TLS that cannot be read, and ends',
  async (command) => {
    const [stdout, stderr] = [new PassThrough(), new PassThrough()];
    const files = ['--tls-ca=/none/ca', `--tls-cert=${import.meta.filename}`, '--tls-key=/none/key'];
    const { signal } = new AbortController();
    const endpoints = ['nb', 'sb'].map((which) => `--ovn-${which}-endpoint=ssl:127.0.0.1:1`);
    const args = [command, ...files, ...(command === 'run' ? endpoints : endpoints.slice(1))];
    expect(await runProgram(args, { stdout, stderr, env: {}, signal })).toBe(2);
    expect(String(stderr.read())).toBe(
      'overlay-network: the configuration is not valid:\n' +
        '  - tls.ca: /none/ca cannot be read (ENOENT)\n' +
        '  - tls.key: /none/key cannot be read (ENOENT)\n',
    );
  },
);

it('asks for no file where there is no TLS', () => {
  expect(() => checkTlsFiles({ tls: { ca: undefined, cert: undefined, key: undefined } })).not.toThrow();
});
