import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { labProblem } from '../../../src/dev/lab/index.ts';
import { createWorkspace } from '../../../src/dev/workspace.ts';
import { processesWith, start as startProgram } from '../../support/cli/program.ts';
import type { Run } from '../../support/cli/program.ts';

/** The folder for the temporary files of the program. The tests check that the folder is empty at the end. */
let temporary: string;
const runs: Run[] = [];
const hasLab = labProblem() === undefined;

const start = (args: readonly string[], env: Readonly<Record<string, string>> = {}): Run => {
  const run = startProgram(args, { TMPDIR: temporary, ...env });
  runs.push(run);
  return run;
};

beforeEach(() => {
  temporary = realpathSync(mkdtempSync(join(tmpdir(), 'overlay-network-test-')));
});

afterEach(async () => {
  for (const run of runs.splice(0)) {
    run.child.kill('SIGKILL');
    await run.ended();
  }
  createWorkspace({ parent: temporary }).remove();
  rmSync(temporary, { recursive: true });
});

const expectNothingLeft = (): void => {
  expect(readdirSync(temporary)).toEqual([]);
  expect(processesWith(temporary)).toEqual([]);
};

describe('overlay-network demo', () => {
  it('creates Ready objects and an OVN network from the example, prints both, and leaves nothing', async () => {
    const run = start(['demo']);
    expect({ code: await run.ended(), stderr: run.stderr() }).toEqual({ code: 0, stderr: '' });
    const [, objects, network] = run.stdout().split(/^\$ .*\n/m);
    for (const kind of ['vpc', 'subnet', 'port', 'securitygroup'])
      expect(objects).toMatch(new RegExp(`^${kind}\\.network\\.plasmavmc\\.io/\\S+ .* True `, 'm'));
    expect(objects).not.toMatch(/ False /);
    expect(network).toMatch(/^switch .*^ +addresses: \["[0-9a-f:]{17} 10\.10\.1\.10"\].*^router /ms);
    if (hasLab) {
      expect(run.stdout()).toMatch(
        /^peer runs on hv2\. DHCP lease: address 10\.10\.1\.\d+\/24, router 10\.10\.1\.1,/m,
      );
      expect(run.stdout()).toMatch(/^\d packets transmitted, 3 received/m);
    } else {
      expect(run.stdout()).toMatch(/^The demo sends no traffic: /m);
    }
    expectNothingLeft();
  });

  it.each(['SIGINT', 'SIGTERM'] as const)(
    'keeps running with --keep, and stops cleanly on %s',
    async (signal) => {
      const run = start(['demo', '--keep']);
      const [lines, kubeconfig] = await run.printed(/^ *export KUBECONFIG=(\S+)\n.*^ *kubectl get overlay/ms);
      expect(kubeconfig!.startsWith(temporary)).toBe(true);
      // The printed commands work in a shell. A shell without a terminal needs expand_aliases.
      const pasted = lines.split('\n').slice(0, -1).join('\n');
      const shell = ['-c', `shopt -s expand_aliases\n${pasted}\noverlay-network version`];
      expect(execFileSync('bash', shell, { encoding: 'utf8' })).toMatch(/^\d+\.\d+\.\d+/);
      // Both databases and ovn-northd; with the lab, also a database, a switch and a controller on each of two
      // hypervisors.
      expect(processesWith(temporary)).toHaveLength(hasLab ? 9 : 3);
      run.child.kill(signal);
      run.child.kill(signal); // The terminal and npm both send the signal.
      expect({ code: await run.ended(), stderr: run.stderr() }).toEqual({ code: 0, stderr: '' });
      expectNothingLeft();
    },
  );

  it('cleans up after an interrupt during the start', async () => {
    const run = start(['demo']);
    await run.printed(/Starting a development cluster/);
    run.child.kill('SIGINT');
    expect(await run.ended()).toBe(130);
    expectNothingLeft();
  });

  it('cleans up when the reader of its output closes the pipe', async () => {
    const run = start(['demo']);
    await run.printed(/Starting a development cluster/);
    run.child.stdout?.destroy();
    expect({ code: await run.ended(), stderr: run.stderr() }).toEqual({ code: 141, stderr: '' });
    expectNothingLeft();
  });

  it('names the missing packages in one line when OVN is not installed', async () => {
    const run = start(['demo'], { PATH: '/nonexistent' });
    expect(await run.ended()).toBe(1);
    expect(run.stderr()).toMatch(
      /^overlay-network: OVN's programs are not installed. Install the packages ovn-central/,
    );
    expect(run.stderr()).not.toMatch(/^ +at /m);
    expectNothingLeft();
  });
});

describe('overlay-network dev', () => {
  it('prints how to access the cluster and that it is for development, and stops cleanly on Ctrl-C', async () => {
    const run = start(['dev']);
    await run.printed(/^ *export KUBECONFIG=\S+$[^]*Ctrl-C/m);
    expect(run.stdout()).toContain('for development');
    run.child.kill('SIGINT');
    expect(await run.ended()).toBe(0);
    expectNothingLeft();
  });

  it('is cleaned up by the next start after SIGKILL', async () => {
    const run = start(['dev', '--no-operator']);
    await run.printed(/Ctrl-C/);
    run.child.kill('SIGKILL');
    await run.ended();
    expect(readdirSync(temporary)).toHaveLength(1);
    const next = start(['dev', '--no-operator']);
    await next.printed(/Ctrl-C/);
    expect(readdirSync(temporary)).toHaveLength(1);
    next.child.kill('SIGTERM');
    expect(await next.ended()).toBe(0);
    expectNothingLeft();
  });

  it('rejects an invalid port number', async () => {
    const run = start(['dev', '--port', '70000']);
    expect(await run.ended()).toBe(2);
    expect(run.stderr()).toMatch(/--port must be a whole number from 0 to 65535/);
  });
});

describe('overlay-network run', () => {
  it('lists all problems of its configuration, and exits with status 2', async () => {
    const run = start(['run', '--workers', 'many', '--log-level', 'loud'], {
      OVERLAY_NETWORK_CIDR_POOL: 'all',
    });
    expect(await run.ended()).toBe(2);
    for (const source of ['--workers', '--log-level', 'OVERLAY_NETWORK_CIDR_POOL'])
      expect(run.stderr()).toMatch(new RegExp(`^ +- ${source} must be`, 'm'));
    expect(run.stderr()).not.toMatch(/^ +at /m);
  });

  it('exits with status 2 for an unknown option', async () => {
    const run = start(['run', '--no-such-option']);
    expect(await run.ended()).toBe(2);
    expect(run.stderr()).toMatch(/^overlay-network: Unknown option '--no-such-option'/);
  });

  it('runs against a cluster, and exits with status 0 on SIGTERM', async () => {
    const cluster = start(['dev', '--no-operator']);
    const [, dir] = await cluster.printed(/export KUBECONFIG=(\S+)\/kubeconfig$[^]*Ctrl-C/m);
    const run = start(['run', '--listen-addr', '127.0.0.1:0', '--log-level', 'info'], {
      KUBECONFIG: `${dir!}/kubeconfig`,
      OVERLAY_NETWORK_OVN_NB_ENDPOINT: `unix:${dir!}/OVN_Northbound.sock`,
      OVERLAY_NETWORK_OVN_SB_ENDPOINT: `unix:${dir!}/OVN_Southbound.sock`,
    });
    await run.logged(/"message":"ready"/);
    run.child.kill('SIGTERM');
    expect(await run.ended()).toBe(0);
    expect(run.stderr()).toMatch(/"message":"stopped"/);
    cluster.child.kill('SIGINT');
    expect(await cluster.ended()).toBe(0);
  });
});
