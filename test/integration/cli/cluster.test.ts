import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { existsSync, mkdtempSync, readdirSync, realpathSync, rmSync, statSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startDevCluster } from '../../../src/dev/cluster.ts';
import type { DevCluster, DevClusterOptions } from '../../../src/dev/cluster.ts';
import { knownTypes } from '../../../src/dev/manifests.ts';
import { processesWith } from '../../support/cli/program.ts';

let parent: string;
const running: DevCluster[] = [];

const start = async (options: DevClusterOptions = {}): Promise<DevCluster> => {
  const cluster = await startDevCluster({ dir: join(parent, String(running.length)), ...options });
  running.push(cluster);
  return cluster;
};

beforeEach(() => {
  parent = realpathSync(mkdtempSync(join(tmpdir(), 'overlay-network-test-')));
});

afterEach(async () => {
  for (const cluster of running.splice(0)) await cluster.stop();
  rmSync(parent, { recursive: true });
});

describe('a development cluster', () => {
  it('serves every kind of the project', async () => {
    const { client } = await start();
    for (const type of knownTypes()) expect((await client.list(type)).resourceVersion).not.toBe('');
  });

  it('listens only on loopback, and makes its kubeconfig readable only for its owner', async () => {
    const { connection, kubeconfig, dir } = await start();
    expect(new URL(connection.server).hostname).toBe('127.0.0.1');
    expect(statSync(kubeconfig).mode & 0o777).toBe(0o600);
    expect(statSync(dir).mode & 0o777).toBe(0o700);
  });

  it('has an ovn-northd that translates the Northbound database into the Southbound database', async () => {
    const { ovn } = await start();
    await ovn.nbctl('--wait=sb', 'ls-add', 'apps');
    expect(await ovn.sbctl('--bare', '--columns=external_ids', 'list', 'Datapath_Binding')).toContain(
      'name=apps',
    );
  });

  it('leaves no process and no file after several calls of stop', async () => {
    const { stop, dir, connection } = await start();
    expect(processesWith(dir)).toHaveLength(3);
    await Promise.all([stop(), stop()]);
    await stop();
    expect(processesWith(dir)).toEqual([]);
    expect(readdirSync(parent)).toEqual([]);
    await expect(fetch(connection.server)).rejects.toThrow();
  });

  it('keeps its files with the option keep', async () => {
    const { stop, dir } = await start({ keep: true });
    await stop();
    expect(readdirSync(dir)).toContain('OVN_Northbound.db');
  });

  it('runs beside another development cluster', async () => {
    const [one, two] = [await start(), await start()];
    await one.ovn.nbctl('ls-add', 'apps');
    expect(await two.ovn.nbctl('ls-list')).toBe('');
    await one.stop();
    expect(await two.ovn.nbctl('--wait=sb', 'sync')).toBe('');
  });

  it('leaves no process and no file after a failed start', async () => {
    const taken = createServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
    try {
      const { port } = taken.address() as AddressInfo;
      await expect(start({ port })).rejects.toThrow(/EADDRINUSE/);
      expect(readdirSync(parent)).toEqual([]);
      expect(processesWith(parent)).toEqual([]);
    } finally {
      taken.close();
    }
  });

  it('names the packages to install when OVN is missing', async () => {
    const path = process.env['PATH'];
    process.env['PATH'] = '/nonexistent';
    try {
      await expect(start()).rejects.toMatchObject({
        code: 'OVN_MISSING',
        message: expect.stringContaining('ovn-central'),
      });
    } finally {
      process.env['PATH'] = path;
    }
    expect(existsSync(join(parent, '0'))).toBe(false);
  });
});
