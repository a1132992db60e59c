import { expect, it } from '@jest/globals';
import { PassThrough } from 'node:stream';
import { checkTlsFiles } from '../../../src/cli/tls-files.ts';
import { runProgram } from '../../../src/cli/program.ts';

it.each(['run', 'metadata-agent'])(
  '%s names every unreadable TLS file and exits with status 2',
  async (command) => {
    const [stdout, stderr] = [new PassThrough(), new PassThrough()];
    const files = ['--tls-ca=/none/ca', `--tls-cert=${import.meta.filename}`, '--tls-key=/none/key'];
    const { signal } = new AbortController();
    const endpoints = ['nb', 'sb'].map((which) => `--ovn-${which}-endpoint=ssl:127.0.0.1:1`);
    const args = [command, ...files, ...(command === 'run' ? endpoints : endpoints.slice(1))];
    expect(await runProgram(args, { stdout, stderr, env: {}, signal })).toBe(2);
    expect(String(stderr.read())).toBe(
      'overlay-network: the configuration is invalid:\n' +
        '  - tls.ca: cannot read /none/ca (ENOENT)\n' +
        '  - tls.key: cannot read /none/key (ENOENT)\n',
    );
  },
);

it('checkTlsFiles accepts settings without TLS files', () => {
  expect(() => checkTlsFiles({ tls: { ca: undefined, cert: undefined, key: undefined } })).not.toThrow();
});
