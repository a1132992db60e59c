import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { copyFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { API_VERSION } from '../../src/api/index.ts';
import { schemaFolder } from '../../src/dev/ovn/central.ts';
import { startDatabase, type DatabaseServer } from '../../src/dev/ovn/processes.ts';
import { startEmbedded } from '../support/apiserver/embedded.ts';
import { example } from '../support/operator/examples.ts';
import { TestCluster } from '../support/operator/test-cluster.ts';
import { makeAuthority, makeCertificate } from '../support/ovsdb/certificates.ts';
import { freePort } from '../support/ovsdb/live.ts';

let dir: string;
let cluster: TestCluster;
let database: DatabaseServer;

const file = (name: string): string => join(dir, name);

/** Puts the CA and the certificate of that generation where server and operator look for theirs. */
async function rotate(generation: 'old' | 'new'): Promise<void> {
  await copyFile(file(`${generation}-ca.crt`), file('ca.crt'));
  for (const name of ['server', 'client'])
    for (const part of ['crt', 'key'])
      await copyFile(file(`${generation}-${name}.${part}`), file(`${name}.${part}`));
}

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'overlay-network-test-'));
  for (const generation of ['old', 'new']) {
    await makeAuthority(dir, `${generation}-ca`);
    for (const name of ['server', 'client'])
      await makeCertificate(dir, `${generation}-ca`, `${generation}-${name}`);
  }
  await rotate('old');
  cluster = await TestCluster.start({ start: startEmbedded }, { northd: false });
  const port = await freePort();
  database = await startDatabase({
    dir,
    name: 'OVN_Northbound',
    schema: join(schemaFolder, 'ovn-nb.ovsschema'),
    listen: [`pssl:${port}:127.0.0.1`],
    args: [
      `--private-key=${file('server.key')}`,
      `--certificate=${file('server.crt')}`,
      `--ca-cert=${file('ca.crt')}`,
    ],
  });
  await cluster.startOperator({
    settings: {
      'ovn-nb-endpoint': `ssl:127.0.0.1:${port}`,
      'tls-ca': file('ca.crt'),
      'tls-cert': file('client.crt'),
      'tls-key': file('client.key'),
    },
  });
}, 60_000);
afterAll(async () => {
  await cluster.stop();
  await database.stop();
  await rm(dir, { recursive: true });
});

it('an operator goes on when the authority and all certificates are replaced, without a restart of its own', async () => {
  await cluster.apply(...example('quickstart.yaml'));
  await cluster.converged();
  await database.stop();
  await rotate('new');
  await database.start();
  await cluster.apply({
    apiVersion: API_VERSION,
    kind: 'Port',
    metadata: { name: 'late' },
    spec: { subnetRef: { name: 'apps' } },
  });
  const objects = await cluster.ready(20_000);
  expect(objects.get('Port/default/late')?.status?.['ipAddress']).toMatch(/^10\.10\.1\./);
}, 40_000);
