/** Backup and restore of a database with the tools of OVSDB, as docs/operations.md describes. */
import { execFile } from 'node:child_process';
import { copyFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { daemonEnvironment } from '../../../src/dev/ovn/daemon.ts';
import type { DatabaseServer, RaftCluster } from '../../../src/dev/ovn/processes.ts';

const run = promisify(execFile);

/** Writes a backup of the database to a file in `dir`, and returns its path. */
export async function backUp(dir: string, remotes: string, database: string): Promise<string> {
  const { stdout } = await run('ovsdb-client', ['--timeout=20', 'backup', remotes, database], {
    env: daemonEnvironment(dir),
    encoding: 'buffer',
    maxBuffer: 1 << 28,
  });
  const file = join(dir, `${database}.backup`);
  await writeFile(file, stdout);
  return file;
}

/** Replaces the file of the database by the backup. */
export async function restoreStandalone(server: DatabaseServer, backup: string): Promise<void> {
  await server.stop();
  await copyFile(backup, server.file);
  await server.start();
}

/** Makes a new cluster from the backup on the old servers. Resolves when all servers have joined it. */
export async function restoreCluster(cluster: RaftCluster, backup: string): Promise<void> {
  const { dir, database } = cluster;
  await cluster.stop();
  const tool = (...args: readonly string[]) => run('ovsdb-tool', [...args], { env: daemonEnvironment(dir) });
  const raft = (index: number): string => `unix:${join(dir, `s${index + 1}.raft`)}`;
  for (const [index, node] of cluster.nodes.entries()) {
    await rm(node.file);
    if (index === 0) await tool('create-cluster', node.file, backup, raft(0));
    else await tool('join-cluster', node.file, database, raft(index), raft(0));
    await node.start();
    await run('ovsdb-client', ['--timeout=20', 'wait', node.remote, database, 'connected'], {
      env: daemonEnvironment(dir),
    });
  }
}
