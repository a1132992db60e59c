import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { namespacesOf, readVm, type LabState } from '../../src/dev/lab/index.ts';
import { applyManifests, readManifests } from '../../src/dev/manifests.ts';
import { createWorkspace } from '../../src/dev/workspace.ts';
import { withLab } from '../../src/dev/cli/lab-access.ts';
import type { VerifyReport } from '../../src/cli/verify-machines.ts';
import { processesWith, start as startProgram, type Run } from '../support/cli/program.ts';
import { describeDataPlane } from '../support/dataplane/describe.ts';
import { eventually } from '../support/eventually.ts';
import { Guest } from '../support/dataplane/guest.ts';
import { askHttp } from '../support/dataplane/http.ts';

const quickstart = join(import.meta.dirname, '../../examples/quickstart.yaml');

describeDataPlane('overlay-network dev --hypervisors', () => {
  /** The interfaces of this process's network namespace. */
  const interfaces = () => readdirSync('/sys/class/net');
  const before = interfaces();
  /** The folder for temporary files of the programs under test. */
  let temporary: string;
  let dev: Run;
  let state: LabState;
  const runs: Run[] = [];

  const begin = (...args: readonly string[]): Run => {
    const run = startProgram(args, { TMPDIR: temporary, KUBECONFIG: '' });
    runs.push(run);
    return run;
  };
  /** Runs a command and waits until it exits. */
  const overlay = async (...args: readonly string[]) => {
    const run = begin(...args);
    const code = await run.ended();
    return { code, stdout: run.stdout(), stderr: run.stderr() };
  };
  /** Starts a lab and waits until it is ready. */
  const startDev = async (): Promise<{ run: Run; lab: LabState }> => {
    const run = begin('dev', '--hypervisors', '2');
    const [, kubeconfig] = await run.printed(/export KUBECONFIG=(\S+)$[^]*Ctrl-C/m);
    const file = join(dirname(kubeconfig!), 'lab.json');
    return { run, lab: JSON.parse(readFileSync(file, 'utf8')) as LabState };
  };

  /** Applies the quickstart. */
  const populate = ({ dir }: LabState): Promise<unknown> =>
    withLab(dir, { env: {} }, ({ client }) =>
      applyManifests(client, readManifests(readFileSync(quickstart, 'utf8'))),
    );

  beforeAll(async () => {
    temporary = realpathSync(mkdtempSync(join(tmpdir(), 'overlay-network-test-')));
    ({ run: dev, lab: state } = await startDev());
  }, 90_000);

  afterAll(async () => {
    for (const run of runs) {
      run.child.kill('SIGTERM');
      await run.ended();
    }
    createWorkspace({ parent: temporary }).remove();
    rmSync(temporary, { recursive: true });
  }, 60_000);

  it('creates a network namespace for each hypervisor, and no interface in the host namespace', async () => {
    expect(namespacesOf(state.prefix)).toEqual(
      expect.arrayContaining(['hv1', 'hv2', 'net', 'router', 'internet'].map((name) => state.prefix + name)),
    );
    await eventually(() => expect(interfaces().filter((name) => !before.includes(name))).toEqual([]));
  });

  it('starts without VMs: verify fails and says how to create VMs', async () => {
    expect(await overlay('verify')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('overlay-network dev vm create'),
    });
  });

  it('lets other processes create VMs', async () => {
    await populate(state);
    const [web, shell, other] = await Promise.all([
      overlay('dev', 'vm', 'create', 'web', '--port', 'server', '--hypervisor', '1', '--json'),
      overlay('dev', 'vm', 'create', 'shell', '--port', 'shell', '--subnet', 'apps', '--hypervisor', '2'),
      overlay('dev', 'vm', 'create', 'other', '--port', 'client', '--hypervisor', '1'),
    ]);
    expect(web).toMatchObject({ code: 0 });
    expect(JSON.parse(web.stdout)).toMatchObject({
      name: 'web',
      hypervisor: 'hv1',
      port: { namespace: 'default', name: 'server' },
      lease: { address: '10.10.1.10', routers: ['10.10.1.1'], mtu: 1442 },
    });
    expect(shell).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^shell +hv2 +default\/shell +10\.10\.1\./m),
    });
    expect(other).toMatchObject({ code: 0 });
    const { stdout } = await overlay('dev', 'vm', 'list');
    expect(stdout.trim().split('\n')).toHaveLength(4);
  }, 60_000);

  it('rejects a VM whose name or Port another VM uses', async () => {
    expect(await overlay('dev', 'vm', 'create', 'web', '--port', 'more')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('The VM web already exists'),
    });
    expect(await overlay('dev', 'vm', 'create', 'web-2', '--port', 'server')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('is attached to web'),
    });
    expect(namespacesOf(`${state.prefix}vm-web-2`)).toEqual([]);
  });

  it('runs a command in a VM and exits with its status', async () => {
    expect(await overlay('dev', 'vm', 'exec', 'shell', '--', 'sh', '-c', 'exit 7')).toMatchObject({
      code: 7,
    });
    expect(await overlay('dev', 'vm', 'exec', 'shell', '--', 'ip', '-h', 'address')).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('inet 10.10.1.'),
    });
    expect(await overlay('dev', 'vm', 'exec', 'nobody', '--', 'true')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('It has other, shell, web.'),
    });
    expect(await overlay('dev', 'vm', 'exec', 'shell')).toMatchObject({ code: 2 });
  });

  it('passes verify: reachability is as the objects specify, and throughput is measured', async () => {
    const { code, stdout } = await overlay('verify', '--json', '--seconds', '1');
    const report = JSON.parse(stdout) as VerifyReport;
    expect({ code, differences: report.differences }).toEqual({ code: 0, differences: 0 });
    expect(report.pairs).toHaveLength(6);
    // Members of the default group reach each other. The web server's group admits no pings.
    expect(report.pairs.filter(({ observed }) => observed).map(({ from, to }) => `${from} ${to}`)).toEqual([
      'other shell',
      'shell other',
    ]);
    expect(report.throughput).toEqual([
      expect.objectContaining({ fromHost: 'hv1', toHost: 'hv2', from: 'other', to: 'shell' }),
    ]);
    expect(report.throughput[0]?.megabitsPerSecond).toBeGreaterThan(1);
  }, 60_000);

  it('fails verify with status 1 and names the pairs when a VM is not reachable', async () => {
    await overlay('dev', 'vm', 'exec', 'shell', '--', 'ip', 'link', 'set', 'eth0', 'down');
    const { code, stdout } = await overlay('verify', '--no-throughput');
    expect(code).toBe(1);
    expect(stdout).toMatch(/^other +shell .* yes: same Subnet +no .* DIFFERS$/m);
    expect(stdout).toContain('2 results differ from the expectation.');
    await overlay('dev', 'vm', 'exec', 'shell', '--', 'ip', 'link', 'set', 'eth0', 'up');
  }, 60_000);

  it('passes verify with an inventory', async () => {
    const file = join(temporary, 'inventory.yaml');
    const { stdout } = await overlay('dev', 'vm', 'list', '--json');
    const vms = JSON.parse(stdout) as readonly { name: string; netns: string; port: object }[];
    const machines = vms.map(({ name, netns, port }) => ({
      name,
      port,
      exec: ['ip', 'netns', 'exec', netns],
    }));
    writeFileSync(file, JSON.stringify({ machines }));
    const report = await overlay(
      'verify',
      '--inventory',
      file,
      '--kubeconfig',
      state.kubeconfig,
      '--json',
      '--no-throughput',
    );
    expect(report).toMatchObject({ code: 0 });
    expect((JSON.parse(report.stdout) as VerifyReport).pairs).toHaveLength(6);
  }, 60_000);

  it('serves metadata to VMs from an agent on each hypervisor', async () => {
    await withLab(state.dir, { env: {} }, ({ client }) =>
      applyManifests(
        client,
        readManifests(`
apiVersion: network.plasmavmc.io/v1alpha1
kind: Subnet
metadata: { name: asking }
spec: { metadata: Enabled }
`),
      ),
    );
    await overlay('dev', 'vm', 'create', 'asker', '--port', 'asker', '--subnet', 'asking');
    const asker = new Guest(readVm(state, 'asker'), '');
    await eventually(async () =>
      expect(await askHttp(asker, '169.254.169.254', '/latest/meta-data/instance-id')).toEqual({
        status: 200,
        body: 'asker',
      }),
    );
    expect(await overlay('dev', 'vm', 'delete', 'asker')).toMatchObject({ code: 0 });
  }, 60_000);

  it('moves and deletes VMs', async () => {
    expect(await overlay('dev', 'vm', 'move', 'shell', '--hypervisor', '1')).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^shell +hv1 /m),
    });
    expect(await overlay('dev', 'vm', 'move', 'shell', '--hypervisor', '9')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('The lab has no hypervisor 9'),
    });
    expect(await overlay('dev', 'vm', 'delete', 'shell')).toMatchObject({ code: 0 });
    expect(namespacesOf(`${state.prefix}vm-`)).toEqual(
      expect.not.arrayContaining([`${state.prefix}vm-shell`]),
    );
  }, 60_000);

  it('removes everything, including VMs, when it stops', async () => {
    dev.child.kill('SIGINT');
    expect(await dev.ended()).toBe(0);
    expect(namespacesOf(state.prefix)).toEqual([]);
    expect(processesWith(state.dir)).toEqual([]);
    expect(await overlay('dev', 'vm', 'list')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('No lab is running'),
    });
  }, 60_000);

  it('removes the remains of a killed lab at the next start, but not a running lab', async () => {
    const [killed, alive] = [await startDev(), await startDev()];
    await populate(killed.lab);
    await overlay('dev', 'vm', 'create', 'orphan', '--port', 'server', '--dir', killed.lab.dir);
    expect(namespacesOf(killed.lab.prefix)).toContain(`${killed.lab.prefix}vm-orphan`);
    killed.run.child.kill('SIGKILL');
    await killed.run.ended();
    expect(namespacesOf(killed.lab.prefix)).toHaveLength(6);
    const next = begin('dev', '--no-operator');
    await next.printed(/Ctrl-C/);
    expect(namespacesOf(killed.lab.prefix)).toEqual([]);
    expect(processesWith(killed.lab.dir)).toEqual([]);
    expect(namespacesOf(alive.lab.prefix)).toHaveLength(5);
    for (const run of [next, alive.run]) {
      run.child.kill('SIGTERM');
      expect(await run.ended()).toBe(0);
    }
    expect(namespacesOf(alive.lab.prefix)).toEqual([]);
  }, 120_000);

  it.each([
    [['--hypervisors', '0'], '--hypervisors must be a whole number from 1 to 16'],
    [['--hypervisors', '2', '--tunnel', 'gre'], '--tunnel must be geneve or vxlan'],
    [['--tunnel', 'vxlan'], '--tunnel needs --hypervisors'],
    [['vm'], 'dev vm needs one of create, list, exec, move, delete'],
    [['vm', 'create', 'x'], '--port PORT is missing'],
    [['vm', 'create', '--port', 'x'], 'NAME is missing'],
    [['vm', 'delete', 'x', 'y'], 'Unexpected argument "y"'],
    [['vm', 'move', 'x'], '--hypervisor N is missing'],
  ])('rejects the arguments %j', async (args, message) => {
    expect(await overlay('dev', ...args)).toMatchObject({
      code: 2,
      stderr: expect.stringContaining(message),
    });
  });
});
