import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from '@jest/globals';
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { API_VERSION } from '../../src/api/index.ts';
import { SCHEMA_FOLDER } from '../../src/dev/ovn/central.ts';
import { startDatabase, startRaftCluster } from '../../src/dev/ovn/processes.ts';
import { startEmbedded } from '../../packages/dev-apiserver/test/support/embedded.ts';
import { example } from '../support/operator/examples.ts';
import { TestCluster } from '../support/operator/test-cluster.ts';
import { clientSettings, makeGenerations, rotate, serverArguments } from '../support/ovsdb/certificates.ts';
import { freePort } from '../support/ovsdb/live.ts';

const databases = [
  { name: 'OVN_Northbound', schema: join(SCHEMA_FOLDER, 'ovn-nb.ovsschema') },
  { name: 'OVN_Southbound', schema: join(SCHEMA_FOLDER, 'ovn-sb.ovsschema') },
] as const;

let dir: string;
let cluster: TestCluster;
/** The processes that a test started. */
let started: { stop(): Promise<void> }[];

beforeAll(async () => {
  cluster = await TestCluster.start({ start: startEmbedded }, { northd: false });
}, 60_000);
beforeEach(async () => {
  started = [];
  dir = await mkdtemp(join(tmpdir(), 'overlay-network-test-'));
  await makeGenerations(dir);
});
afterEach(async () => {
  await cluster.reset();
  await Promise.all(started.map((each) => each.stop()));
  await rm(dir, { recursive: true });
}, 60_000);
afterAll(() => cluster.stop());

/** Creates a Port, and waits until it is Ready with an address. */
async function createPort(name: string): Promise<void> {
  const spec = { subnetRef: { name: 'apps' } };
  await cluster.apply({ apiVersion: API_VERSION, kind: 'Port', metadata: { name }, spec });
  const objects = await cluster.ready();
  expect(objects.get(`Port/default/${name}`)?.status?.['ipAddress']).toMatch(/^10\.10\.1\./);
}

it('an operator continues without a restart when the CA and all certificates are replaced', async () => {
  const port = await freePort();
  const database = await startDatabase({
    dir,
    ...databases[0],
    listen: [`pssl:${port}:127.0.0.1`],
    args: serverArguments(dir),
  });
  started.push(database);
  await cluster.startOperator({
    settings: { 'ovn-nb-endpoint': `ssl:127.0.0.1:${port}`, ...clientSettings(dir) },
  });
  await cluster.apply(...example('quickstart.yaml'));
  await cluster.converged();
  await database.stop();
  await rotate(dir, 'new');
  await database.start();
  await createPort('late');
}, 60_000);

it('an operator and two Raft clusters continue when the CA and all certificates are replaced and leaders change', async () => {
  const clusters = await Promise.all(
    databases.map(async (database) => {
      const folder = join(dir, database.name);
      await mkdir(folder);
      const raft = await startRaftCluster({ dir: folder, ...database, nodes: 3, args: serverArguments(dir) });
      started.push(raft);
      const ports: number[] = [];
      for (const node of raft.nodes) {
        const port = await freePort();
        await node.appctl('ovsdb-server/add-remote', `pssl:${port}:127.0.0.1`);
        ports.push(port);
      }
      return { raft, ports, remotes: ports.map((port) => `ssl:127.0.0.1:${port}`).join(',') };
    }),
  );
  const [northbound, southbound] = clusters;
  const listen = `127.0.0.1:${await freePort()}`;
  await cluster.startOperator({
    settings: {
      'ovn-nb-endpoint': northbound!.remotes,
      'ovn-sb-endpoint': southbound!.remotes,
      'listen-addr': listen,
      ...clientSettings(dir),
    },
  });
  await cluster.apply(...example('quickstart.yaml'));
  await cluster.converged();

  await rotate(dir, 'new');
  for (const { ports } of clusters)
    for (const port of ports)
      await cluster.eventually(async () => expect(await issuerAt(port)).toBe('new-ca'));
  for (const { raft } of clusters) {
    const leader = await raft.leaderIndex();
    await raft.node(leader).appctl('cluster/failure-test', 'transfer-leadership');
    await raft.leaderIndex({ except: leader });
    // The operator must connect again, to any of the servers.
    for (const node of raft.nodes) await node.appctl('ovsdb-server/reconnect');
  }
  await createPort('late');
  const ready = async (): Promise<boolean> => (await fetch(`http://${listen}/ready`)).ok;
  await cluster.eventually(ready);
}, 60_000);

/** The name of the CA that issued the certificate of a server. Connects with the client's certificate. */
async function issuerAt(port: number): Promise<string> {
  const [ca, cert, key] = await Promise.all(
    ['ca.crt', 'client.crt', 'client.key'].map((name) => readFile(join(dir, name))),
  );
  return new Promise((resolve, reject) => {
    const options = { host: '127.0.0.1', port, ca, cert, key, checkServerIdentity: () => undefined };
    const socket = connect(options, () => {
      resolve(String(socket.getPeerCertificate().issuer.CN));
      socket.destroy();
    });
    socket.on('error', reject);
  });
}
