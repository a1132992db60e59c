import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { fileURLToPath } from 'node:url';
import { conformance } from '../support/conformance.ts';
import { Program, succeeds } from '../support/program.ts';
import { widgetCrd } from '../support/widgets.ts';

const script = fileURLToPath(new URL('../support/clients/widgets.py', import.meta.url));
/** A Python interpreter with the package `kubernetes`, for example that of a virtual environment. */
const python = process.env['PYTHON'] ?? 'python3';
const isInstalled = succeeds(python, ['-c', 'import kubernetes']);

const whenInstalled = isInstalled ? conformance : skipped;
function skipped(title: string): void {
  it.skip(`${title}: skipped (PYTHON names no interpreter with the package kubernetes)`, () => undefined);
}

whenInstalled('the Python client', (cluster) => {
  let program: Program;

  beforeAll(async () => {
    program = await Program.create(python, cluster.server.kubeconfigPath);
    await cluster.install(widgetCrd);
  });
  afterAll(() => program.remove());

  it('reads the version, writes built-in and custom objects, watches and applies', async () => {
    const { version, groups, ...answers } = JSON.parse(await program.ok(script)) as Record<string, unknown>;
    if (version !== 404) {
      expect(version).toMatch(/^v1\.\d+/);
      expect(groups).toContain('conformance.example.com');
    } else expect(cluster.name).toBe('real');
    expect(answers).toMatchObject({
      namespaces: expect.arrayContaining(['default', 'python']),
      configMap: { a: '1', b: '2' },
      lease: 'b',
      patched: 3,
      listed: 1,
      invalid: [422, 'Invalid'],
      events: [
        ['ADDED', 'w'],
        ['MODIFIED', 'w'],
        ['DELETED', 'w'],
      ],
      applied: [7, 'python'],
    });
  });
});
