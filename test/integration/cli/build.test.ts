import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { json, ScriptedApi } from '../../support/reconcile/scripted-api.ts';

const run = promisify(execFile);
const root = join(import.meta.dirname, '../../..');
const tsc = (...args: readonly string[]) =>
  run(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), ...args]);

/** The packages that the image contains: the production dependencies of the program, and their dependencies. */
async function shippedPackages(): Promise<string[]> {
  const { packages } = JSON.parse(await readFile(join(root, 'package-lock.json'), 'utf8')) as {
    packages: Record<string, { dependencies?: Record<string, string> }>;
  };
  const names = new Set(Object.keys(packages['']?.dependencies ?? {}));
  for (const name of names)
    for (const dependency of Object.keys(packages[`node_modules/${name}`]?.dependencies ?? {}))
      names.add(dependency);
  return [...names];
}

/**
 * The folder has the layout of the image: package.json, dist and the production packages, without sources and CRDs.
 */
describe('the output of `npm run build`', () => {
  let folder: string;
  const program = (...args: string[]) =>
    // With this flag a package finds other packages only in node_modules of the folder.
    run(process.execPath, ['--preserve-symlinks', join(folder, 'dist/main.js'), ...args], {
      timeout: 60_000,
    });

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'overlay-build-'));
    // `npm run typecheck` checks the types.
    await tsc('-p', join(root, 'tsconfig.build.json'), '--noCheck', '--outDir', join(folder, 'dist'));
    await cp(join(root, 'package.json'), join(folder, 'package.json'));
    const names = await shippedPackages();
    expect(names).toContain('@kubernetes/client-node');
    expect(names).not.toContain('typescript');
    // Only the development API server needs the CEL library.
    expect(names).not.toContain('@marcbachmann/cel-js');
    for (const name of names) {
      const link = join(folder, 'node_modules', name);
      await mkdir(dirname(link), { recursive: true });
      await symlink(join(root, 'node_modules', name), link);
    }
  }, 120_000);
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it('runs and prints its version', async () => {
    const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as { version: string };
    expect((await program('version')).stdout).toBe(`${version}\n`);
  });

  it('contains no development cluster, and explains how to get one', async () => {
    expect(await readdir(join(folder, 'dist'))).not.toContain('dev');
    for (const name of ['dev', 'demo'])
      await expect(program(name)).rejects.toMatchObject({
        code: 1,
        stdout: '',
        stderr: expect.stringContaining(`npm run ${name}`),
      });
  });

  it('prints its help and the effective settings', async () => {
    expect((await program('--help')).stdout).toContain('run the operator');
    const endpoints = ['--ovn-nb-endpoint=unix:/nb', '--ovn-sb-endpoint=unix:/sb'];
    const { stdout } = await program('config', 'print', ...endpoints);
    expect(stdout).toMatch(/^ovnNbEndpoint +unix:\/nb /m);
  });

  it('loads the operator without crds/, and fails only because the kubeconfig does not exist', async () => {
    const failure = program('run', '--kubeconfig', join(folder, 'none'), '--listen-addr', '0');
    await expect(failure).rejects.toMatchObject({
      code: 1,
      stderr: expect.stringContaining(join(folder, 'none')),
    });
  });

  it('is the program in package.json', async () => {
    const { bin } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as {
      bin: Record<string, string>;
    };
    expect(bin['overlay-network']).toBe('dist/main.js');
    expect(await readFile(join(folder, 'dist/main.js'), 'utf8')).toMatch(/^#!\/usr\/bin\/env node\n/);
  });

  describe('for a VM manager that depends on the package', () => {
    let consumer: string;

    beforeAll(async () => {
      consumer = join(folder, 'consumer');
      await mkdir(join(consumer, 'node_modules'), { recursive: true });
      await symlink(folder, join(consumer, 'node_modules/overlay-network'));
      await writeFile(join(consumer, 'package.json'), '{ "type": "module" }');
    });

    it('has types with which the examples of docs/plasmavmc.md compile', async () => {
      const page = await readFile(join(root, 'docs/plasmavmc.md'), 'utf8');
      const examples = [...page.matchAll(/^```ts\n([^]*?)^```/gm)].map(([, code]) => code!);
      expect(examples.length).toBeGreaterThan(1);
      for (const [index, code] of examples.entries())
        await writeFile(join(consumer, `example-${index}.ts`), code);
      const compilerOptions = {
        ...{ module: 'nodenext', target: 'es2022', strict: true, noEmit: true },
        ...{ typeRoots: [join(root, 'node_modules/@types')], types: ['node'] },
      };
      const wrong = "import { PortClient } from 'overlay-network/plasmavmc';\nawait PortClient.connect(7);\n";
      await writeFile(join(consumer, 'wrong.ts'), wrong);
      await writeFile(join(consumer, 'tsconfig.json'), JSON.stringify({ compilerOptions }));
      const { stdout } = await tsc('-p', consumer).catch((error: unknown) => error as { stdout: string });
      expect(stdout.trim().split('\n')).toEqual([
        expect.stringMatching(/^\S*wrong\.ts\(2,26\): error TS2345/),
      ]);
    }, 120_000);

    it('contains a working client', async () => {
      const api = await ScriptedApi.start();
      try {
        api.answer((_request, response) => json(response, 404, { reason: 'NotFound' }));
        const kubeconfig = join(consumer, 'kubeconfig');
        await writeFile(kubeconfig, kubeconfigOf(api.url));
        await writeFile(
          join(consumer, 'use.js'),
          `import { PortClient, PortError } from 'overlay-network/plasmavmc';
          const ports = await PortClient.connect(${JSON.stringify(kubeconfig)});
          const error = await ports.get({ namespace: 'a', name: 'b' }).catch((error) => error);
          console.log(error instanceof PortError, error.code);
          ports.close();`,
        );
        const { stdout } = await run(process.execPath, [join(consumer, 'use.js')], { timeout: 60_000 });
        expect(stdout).toBe('true GONE\n');
      } finally {
        await api.stop();
      }
    }, 120_000);
  });
});

/** A kubeconfig with plain HTTP, which a client accepts only with insecure-skip-tls-verify. */
const kubeconfigOf = (server: string): string => `
apiVersion: v1
kind: Config
clusters: [{ name: c, cluster: { server: ${JSON.stringify(server)}, insecure-skip-tls-verify: true } }]
users: [{ name: u, user: {} }]
contexts: [{ name: x, context: { cluster: c, user: u } }]
current-context: x
`;
